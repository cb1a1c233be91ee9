package pages

import (
	_ "embed"
	"io"
)

//go:embed debug.html
var debugHTML string

var debugTemplate = mustParse("debug", debugHTML, debugCSS)

// DebugPage explains an error to the developer of the app. It shows source
// code and request data: never serve it in production. Empty parts are left
// out of the page.
type DebugPage struct {
	Status  int      // status of the response
	ID      string   // short id that is also in the log
	Type    string   // Go type of the error, or "panic"
	Message string   // text of the error
	Hint    string   // how to mend it, if we know
	Source  *Source  // where it happened, for example the line of a template
	Causes  []Cause  // the error and what it wraps, outermost first; see [Causes]
	Frames  []Frame  // the stack, innermost call first; see [Frames]
	Request *Request // see [NewRequest]
}

// Cause is one error of a chain.
type Cause struct {
	Type    string // Go type
	Message string // what it adds
	Depth   int    // 0 for the outermost
}

// Frame is one call of a stack.
type Frame struct {
	Func   string // package path and name of the function
	File   string // path of the source file
	Line   int
	App    bool    // code of the app, shown open; the rest is folded away
	Source *Source // the lines around it, if they can be read
}

// Request is what the client asked for.
type Request struct {
	Method, URL, Proto, Remote string
	Route                      string  // the route that matched, "" for none
	Params                     []Field // parameters of the route
	Header                     []Field // secrets masked
}

// Field is a name and a value.
type Field struct{ Name, Value string }

// Debug writes the page. Errors are those of w.
func Debug(w io.Writer, p DebugPage) error {
	if len(p.Causes) == 1 {
		p.Causes = nil // the heading says it already
	}
	var folded int
	for _, f := range p.Frames {
		if !f.App {
			folded++
		}
	}
	return debugTemplate.Execute(w, struct {
		DebugPage
		Folded int
	}{p, folded})
}
