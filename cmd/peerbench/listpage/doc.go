// Package listpage is the page of a board with ten questions, in each of the
// languages that peerbench compares: html/template (which Dram compiles), Go
// by hand, templ and quicktemplate. All write the same page; a test compares.
//
// page_templ.go and page.qtpl.go are made of page.templ and page.qtpl by the
// tools of this module: go generate ./listpage
package listpage

//go:generate go tool templ generate -f page.templ
//go:generate go tool qtc -file page.qtpl
