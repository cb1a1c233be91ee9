package dram

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/dram-go/dram/framework/view"
)

// need is a route that a middleware redirects to.
type need struct{ route, why, where string }

// NeedRoute makes [App.Build] report a fault unless the app has a route of this
// name, without parameters. It is for middleware that redirects there, which
// calls it on the handler that it wraps, while it wraps it:
//
//	func (l *Login) Required(next dram.Handler) dram.Handler {
//		next.NeedRoute(l.Route, "visitors are sent to Login.Route")
//		return func(c *dram.Context) error { … }
//	}
//
// why begins the message of the fault. A handler that did not come from an app,
// but from another middleware around it, does nothing here.
func (h Handler) NeedRoute(name, why string) {
	if isWrapped(h) {
		_ = h(&Context{need: &need{route: name, why: why}}) // it tells the app and has no error
	}
}

// wrapped is a handler as the app gives it to a middleware: called for a need
// it tells that instead of answering.
//
//go:noinline
func wrapped(h Handler, tell func(need)) Handler {
	return func(c *Context) error {
		if c.need != nil {
			tell(*c.need)
			return nil
		}
		return h(c)
	}
}

// isWrapped reports whether wrapped made h: a handler of others must not be
// called without a request.
func isWrapped(h Handler) bool {
	return h != nil && reflect.ValueOf(h).Pointer() == reflect.ValueOf(wrapped(nil, nil)).Pointer()
}

// checkNeeds reports needed routes that are missing, each once, at the first
// route behind the middleware.
func (a *App) checkNeeds(needs []need) error {
	var missing []error
	seen := map[need]bool{}
	for _, n := range needs {
		key := need{route: n.route, why: n.why}
		if seen[key] {
			continue
		}
		seen[key] = true
		if err := a.checkURL(view.Call{Name: n.route, Literal: true}); err != nil {
			missing = append(missing, &Fault{Where: n.where, Text: fmt.Sprintf("%s: %v", n.why, err)})
		}
	}
	return errors.Join(missing...)
}
