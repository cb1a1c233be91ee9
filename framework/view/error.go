package view

import (
	"fmt"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/dram-go/dram/framework/nearest"
)

// Place is where in a template something stands.
type Place struct {
	File   string // with the prefix of the set: "templates/question/form.html"
	Line   int    // from 1
	Column int    // in bytes from 1, or 0 when unknown
}

// String returns "file:line:column", or "file:line".
func (p Place) String() string {
	if p.Column == 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is what is wrong at one place of a template.
type Error struct {
	Place
	Message string // without the place
	Source  string // text of the whole file, "" if unknown
	Err     error  // what was found, or what a function returned; may be nil
}

// Error returns "file:line:column: message".
func (e *Error) Error() string { return e.Place.String() + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The two forms in which the standard library says where a template failed:
//
//	template: templates/a.html:3:9: executing "content" at <.X>: …
//	html/template:templates/a.html:3:9: {{.X}} appears in an ambiguous context
var placed = regexp.MustCompile(`(?s)^(?:template: |html/template:)(.+?\.html):(\d+)(?::(\d+))?: (.*)$`)

// locate makes an *Error of an error of text/template or html/template. One
// without a place is returned as it is.
func locate(err error, sourceOf func(file string) string) error {
	m := placed.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	at := Place{File: m[1]}
	at.Line, _ = strconv.Atoi(m[2])
	if m[3] != "" {
		column, _ := strconv.Atoi(m[3])
		at.Column = column + 1 // the standard library counts from 0
	}
	return &Error{Place: at, Message: m[4], Err: err, Source: sourceOf(at.File)}
}

// unknownFunction is how text/template calls a function that it does not have.
var unknownFunction = regexp.MustCompile(`^function "(.+)" not defined$`)

// suggest names the function that was meant by one that does not exist.
func suggest(err error, funcs template.FuncMap) error {
	at, ok := err.(*Error)
	if !ok {
		return err
	}
	m := unknownFunction.FindStringSubmatch(at.Message)
	if m == nil {
		return err
	}
	names := append(slices.Collect(maps.Keys(funcs)), builtinFunctions...)
	slices.Sort(names)
	at.Message += nearest.Hint(m[1], names)
	return at
}

// builtinFunctions are those that html/template has by itself.
var builtinFunctions = []string{
	"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt",
	"ne", "not", "or", "print", "printf", "println", "slice", "urlquery",
}

// placeOf returns where node of tree stands in its file.
func placeOf(tree *parse.Tree, node parse.Node) Place {
	location, _ := tree.ErrorContext(node)
	file, rest, _ := cutLast2(location)
	at := Place{File: file}
	line, column, _ := strings.Cut(rest, ":")
	at.Line, _ = strconv.Atoi(line)
	at.Column, _ = strconv.Atoi(column)
	at.Column++
	return at
}

// cutLast2 cuts "file:line:column" before its second colon from the right.
func cutLast2(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	i = strings.LastIndexByte(s[:i], ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func firstLine(f *file, message string) error {
	return &Error{Place: Place{File: f.shown, Line: 1}, Message: message, Source: f.source}
}
