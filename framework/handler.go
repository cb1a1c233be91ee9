package dram

import (
	"errors"
	"net/http"
	"runtime"
	"sync/atomic"
)

// Handler answers a request. An error is answered for it: with the status of
// an [HTTPError] or of any error that has a StatusCode method, else with 500.
type Handler func(c *Context) error

// Middleware wraps a handler into one that does something before or after it,
// or instead of it.
type Middleware func(next Handler) Handler

// HTTP makes a handler of one for net/http. It finds the Context by [From] and
// the parameters of the route by r.PathValue.
func (a *App) HTTP(h http.Handler) Handler {
	return func(c *Context) error {
		r := c.Request.WithContext(c.frozen())
		r.Pattern = c.Pattern()
		for i := range c.params.Len() {
			r.SetPathValue(c.params.At(i))
		}
		h.ServeHTTP(c.Writer, r)
		return nil
	}
}

// fromHTTP makes a Middleware of one for net/http.
func fromHTTP(mw func(http.Handler) http.Handler) Middleware {
	return func(next Handler) Handler {
		h := mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serveInside(next, w, r)
		}))
		return func(c *Context) error {
			b := &bridge{Context: c.frozen()}
			h.ServeHTTP(c.Writer, c.Request.WithContext(b))
			if err := b.err.Load(); err != nil {
				return handled{*err}
			}
			return nil
		}
	}
}

// bridge leads a Context through a net/http middleware, and the error of the
// handler inside back. The middleware may return before the handler does.
type bridge struct {
	*Context // as it was outside; it is never changed
	err      atomic.Pointer[error]
}

// Value finds the bridge itself, and what the Context finds.
func (b *bridge) Value(key any) any {
	if _, ok := key.(bridgeKey); ok {
		return b
	}
	return b.Context.Value(key)
}

// bridgeKey finds the innermost bridge among the values of a context.
type bridgeKey struct{}

// serveInside runs the handler inside of a net/http middleware: on a Context
// of its own, because the middleware may have given up on it already, and with
// the ResponseWriter that the middleware passed on, also for an error page.
func serveInside(next Handler, w http.ResponseWriter, r *http.Request) {
	b, ok := r.Context().Value(bridgeKey{}).(*bridge)
	if !ok {
		panic("dram: a net/http middleware called its handler with a context that does not come from its request")
	}
	inner := b.Context.frozen()
	inner.Request = r
	writer := &responseWriter{ResponseWriter: w, before: w.Header().Clone()}
	inner.Writer = writer
	inner.values = nil // they are reached through r.Context()

	err := inner.run(next)
	if err == nil {
		inner.settle(writer)
		return
	}
	b.err.Store(&err)
	if errors.Is(err, http.ErrAbortHandler) || inner.respond(writer, err) {
		panic(http.ErrAbortHandler)
	}
}

// run calls a handler and makes an error of a panic.
func (c *Context) run(h Handler) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case failure:
			err = v.err
		default:
			err = recovered(v)
		}
	}()
	return h(c)
}

// recovered describes a panic; it is called by the deferred function that
// recovered it, so the stack is still that of the panic.
func recovered(v any) error {
	if v == http.ErrAbortHandler { // compared as net/http does
		return http.ErrAbortHandler
	}
	stack := make([]uintptr, 64)
	return &panicked{value: v, stack: stack[:runtime.Callers(4, stack)]}
}
