package pages

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// maxCauses bounds a chain; an Unwrap that returns its own error never ends.
const maxCauses = 32

// Causes lists an error and everything it wraps, outermost first, also
// through errors.Join. The message of each is what it adds to those it wraps;
// one that adds nothing is left out.
func Causes(err error) []Cause {
	var causes []Cause
	visits := 0
	var walk func(err error, depth int)
	walk = func(err error, depth int) {
		if visits++; visits > maxCauses {
			return
		}
		wrapped := beyondRepeats(err)
		if own := ownPart(err, wrapped); own != "" {
			causes = append(causes, Cause{Type: fmt.Sprintf("%T", err), Message: own, Depth: depth})
			depth++
		}
		for _, e := range wrapped {
			walk(e, depth)
		}
	}
	if err != nil {
		walk(err, 0)
	}
	return causes
}

// wrappedBy returns what an error wraps directly.
func wrappedBy(err error) []error {
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			return []error{inner}
		}
	case interface{ Unwrap() []error }:
		return err.Unwrap()
	}
	return nil
}

// beyondRepeats returns what err wraps, without errors that say the same as
// err again.
func beyondRepeats(err error) []error {
	message, wrapped := unplaced(err.Error()), wrappedBy(err)
	for range maxCauses {
		if len(wrapped) != 1 || unplaced(wrapped[0].Error()) != message {
			break
		}
		wrapped = wrappedBy(wrapped[0])
	}
	return wrapped
}

// ownPart returns the message of err without that of what it wraps.
func ownPart(err error, wrapped []error) string {
	message := err.Error()
	if len(wrapped) > 1 {
		if message == errors.Join(wrapped...).Error() {
			return ""
		}
		return message
	}
	if len(wrapped) == 1 {
		own := strings.TrimSuffix(message, unplaced(wrapped[0].Error()))
		if own = strings.TrimRight(own, ": \n"); own != "" {
			return own
		}
	}
	return message
}

// place is how errors of templates begin: ours with the place alone, those of
// the standard library with a word before it, and with another column.
var place = regexp.MustCompile(`^(?:template: |html/template:)?\S[^:\n]*\.html:\d+(?::\d+)?: `)

// unplaced is a message without the place in a template that it begins with.
func unplaced(message string) string {
	return strings.TrimPrefix(message, place.FindString(message))
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
