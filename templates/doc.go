// Package templates carries what `dram new` writes: the files of app/, a
// real application that is compiled and tested like every other package here.
// (The templates/ folder inside app/ is something else: its HTML templates.)
//
// The files are embedded by list, not by pattern: a pattern would take in
// what git ignores, such as a secret or a database. A test compares the list
// with the files that git knows.
package templates
