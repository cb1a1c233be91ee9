// Package view renders HTML pages from a directory of html/template files.
//
// # Files
//
// A [Set] is made from one directory, by convention an app's templates/:
//
//	layouts/base.html        frames: the document around every page
//	partials/answer.html     pieces, called with {{template "answer" .}}
//	question/detail.html     every other file is a page
//	errors/404.html
//
// A page fills the blocks of its layout. The layout says where they are and
// what stands there by default:
//
//	<title>{{block "title" .}}Pybo{{end}}</title>
//	<main>{{block "content" .}}{{end}}</main>
//
//	{{define "title"}}{{.Question.Subject}}{{end}}
//	{{define "content"}}<h1>{{.Question.Subject}}</h1>{{end}}
//
// The layout is layouts/base.html unless the page's first line chooses
// another, or none at all, in which case the file is the whole document:
//
//	{{/* layout: admin */}}
//	{{/* layout: none */}}
//
// A layout may have a layout of its own in the same way. An empty define
// really empties a block (in html/template alone it would be ignored).
//
// A partial is called by its path below partials/ without the extension;
// {{define "…"}} in the same file gives further names. A partial sees what it
// is given, so what belongs to the request comes from functions, which work
// everywhere, and not from keys of the page's data.
//
// # Functions
//
// [Funcs] are the ones that need no request: truncate, nl2br, number and so
// on. [Options.Scoped] holds those that do: their first parameter is the scope
// that [Set.Render] was given, and templates do not write it. The framework
// hands over its *dram.Context, so that {{url "question.detail" .ID}} and
// {{t "save"}} know prefix and locale of the request in every partial; a
// program on plain net/http may hand over its *http.Request.
//
// # Compiled pages
//
// html/template parses and escapes the pages; a program made of the result
// (package compile) renders them, in a small part of the time and with the
// same bytes. Nobody needs to know, with two exceptions:
//
//   - A render that fails, or meets something that only html/template does, is
//     given up, and html/template renders the page from its begin: errors are
//     its own. So the functions and methods that a template calls may be called
//     a second time. They should only look; one with an effect that must not
//     happen twice is named in [Options.Impure], and html/template then gets
//     what it has returned already. A method cannot be named: one with an
//     effect does not belong into a template.
//   - A field is read when a template names it. Data that changes while it is
//     rendered, by one of its own methods say, may show either state.
//
// [Set.Compiled] says of every page whether it is compiled, and why not.
// Channels and iterator functions to range over and variables declared inside
// of an expression are left to html/template.
//
// # Errors
//
// A page is rendered into memory first: an error gives no half page. Every
// error knows its place as an [Error] with file, line and column. [Set.Check]
// finds before the first request what html/template finds while rendering:
// syntax, templates and blocks that do not exist, escaping contexts that
// cannot be decided. It runs no function of the app.
package view
