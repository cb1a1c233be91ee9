// Package apps holds the applications that peerbench's stacks serve, written
// as their communities write them: a page on net/http, the same on Dram's
// runner, a list of questions on Gin with html/template and sqlx, and on
// Flask. One binary is all of the Go ones, by a variable of the environment.
package apps
