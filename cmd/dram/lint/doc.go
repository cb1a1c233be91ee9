// Package lint finds in the Go source of an app the names that nobody has:
// routes that no pattern carries, texts that no catalogue holds, pages without
// a template. Templates are checked by the app itself at Build; what handlers
// and tests name in Go is checked here.
//
//	p, err := lint.Load(ctx, "./forum")
//	for _, f := range p.Check(lint.Names{Routes: …, Catalog: …, Pages: …}) { … }
//	faults, err := p.CheckPages()
//
// A name is whatever is constant: a literal, a constant, two of them joined.
// Names that are made at run time are left alone. What is meant by a name is
// told by the function that it is given to: the parameters called route, key
// and page of package dram and its test client, and the fields of their
// structs that hold routes. Files of tests that make an app of their own are
// not judged by the routes of this one.
//
// Pages are checked against the types of what handlers render them with: the
// static type of data in c.Render("question/list.html", data) is followed
// through the page, its layouts and its partials, by fields, methods,
// variables, ranges and the results of functions. It ends where a type does
// not tell: in an interface, at the values of a map[string]any, behind a
// variable that is assigned to. What is not known is never a fault.
//
// The packages are type-checked by the standard library against the export
// data that the go command keeps in its build cache, so nothing is compiled
// twice.
package lint
