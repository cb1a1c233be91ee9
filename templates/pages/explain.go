package pages

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
)

// maxCauses bounds a chain; an Unwrap that returns its own error never ends.
const maxCauses = 32

// Causes lists an error and everything it wraps, outermost first, also
// through errors.Join.
func Causes(err error) []Cause {
	var causes []Cause
	var walk func(err error, depth int)
	walk = func(err error, depth int) {
		if err == nil || len(causes) == maxCauses {
			return
		}
		causes = append(causes, Cause{Type: fmt.Sprintf("%T", err), Message: err.Error(), Depth: depth})
		switch wrapped := err.(type) {
		case interface{ Unwrap() error }:
			walk(wrapped.Unwrap(), depth+1)
		case interface{ Unwrap() []error }:
			for _, e := range wrapped.Unwrap() {
				walk(e, depth+1)
			}
		}
	}
	walk(err, 0)
	return causes
}

// Frames describes the calls of a stack that runtime.Callers returned. Calls
// for which app says true are marked as the app's and get their source lines;
// app sees the package path and name of the function and the source file.
func Frames(callers []uintptr, app func(function, file string) bool) []Frame {
	var frames []Frame
	iterator := runtime.CallersFrames(callers)
	for {
		f, more := iterator.Next()
		if f.Function != "" {
			frame := Frame{Func: f.Function, File: f.File, Line: f.Line, App: app(f.Function, f.File)}
			if frame.App {
				frame.Source = Excerpt(f.File, f.Line, 0)
			}
			frames = append(frames, frame)
		}
		if !more {
			return frames
		}
	}
}

// secretHeaders are shown without their value: an error page ends up in
// screenshots and issues.
var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "X-Csrf-Token"}

// NewRequest describes r; route and params are the router's, if it matched.
func NewRequest(r *http.Request, route string, params []Field) *Request {
	req := &Request{
		Method: r.Method, URL: r.URL.RequestURI(), Proto: r.Proto, Remote: r.RemoteAddr,
		Route: route, Params: params,
		Header: []Field{{"Host", r.Host}},
	}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := strings.Join(r.Header[name], "\n")
		if slices.Contains(secretHeaders, name) {
			value = fmt.Sprintf("(%d bytes, hidden)", len(value))
		}
		req.Header = append(req.Header, Field{name, value})
	}
	return req
}
