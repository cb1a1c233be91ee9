// Package compile renders pages of html/template without its executor.
//
// html/template does two things: it rewrites a set of templates so that every
// action escapes what it writes for the place where it stands, and it executes
// the rewritten trees by reflection. The first is why one uses it; the second
// is the largest cost of a dynamic page. This package takes the rewritten trees
// and makes a [Program] of them:
//
//	root := template.Must(template.New("root").Funcs(funcs).Parse(source))
//	err := compile.Escape(root)           // html/template escapes, nothing runs
//	page := compile.New(root, described)  // the same functions, described
//	out, why := page.Render(buf, data, scope)
//	if why != nil {
//		err = root.Execute(w, data)       // html/template has the last word
//	}
//
// # How it is fast
//
// Every name in a template, such as .Subject, remembers what it means for the
// types that it has met: which field, which key, which method (up to four
// types; for others it is worked out each time). Strings, numbers, bools and
// safe HTML travel without being put into interfaces. Functions and methods of
// common types are called directly, and a time is formatted where it is
// written. Escapers append (package escape). A ten-row list costs no
// allocation of its own.
//
// # What it does not do
//
// A field is read where the page names it. html/template keeps the place of a
// field of an addressable struct, in a variable for instance, and reads it when
// it is written; only a page whose methods change its data while it is rendered
// can tell.
//
// It imitates no error. Whatever is not the way that leads to a page gives the
// render up: a wrong type, a nil pointer, a function that fails, a panic. So
// does what cannot be done a second time: ranging over a channel or an iterator
// function. The [Deopt] says what it was, the bytes are dropped, and
// html/template renders the same data: its page or its error is the answer, so
// there is never another one.
//
// Therefore functions and methods may be called twice for one page. They are
// expected to be repeatable. A function with an effect that must not be
// repeated is declared [Func.Impure]: what it returned is kept in the Deopt, and
// [Deopt.Replay] hands it to html/template in its place. A program that has met
// something that it will never do is turned off, and [Program.Left] says why.
//
// A program is made for this release of Go: [SelfTest] compares with
// html/template at start, and what it does not know by its layout is not
// compiled.
package compile
