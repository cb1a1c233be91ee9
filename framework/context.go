package dram

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/form"
	"github.com/dram-go/dram/framework/router"
	"github.com/dram-go/dram/framework/session"
)

// Context is one request and the response to it. It is a [context.Context]:
// pass it to whatever works for this request, and it ends when the client goes
// away. For work that outlives the request there is [Context.Go].
//
// A Context belongs to one goroutine and must not be used after the handler
// returned.
type Context struct {
	Request *http.Request       // what the client asks
	Writer  http.ResponseWriter // takes the answer; a header must be set before the first byte

	app    *App
	x      *exchange
	route  *router.Entry[*endpoint] // nil if no route took the request
	missed router.Result[*endpoint] // what the router found then
	params router.Params
	status int         // chosen by Status, 0 if not
	page   string      // being rendered
	forms  []form.View // bound in this request
	values *value
	need   *need // asked for while the app is built; no request then
}

// contextKey finds the Context among the values of a context derived from it.
type contextKey struct{}

// From returns the Context of the request that ctx belongs to, if there is
// one: inside of net/http middleware and handlers, ctx is r.Context().
func From(ctx context.Context) (*Context, bool) {
	c, ok := ctx.Value(contextKey{}).(*Context)
	return c, ok
}

// Deadline is that of the request.
func (c *Context) Deadline() (time.Time, bool) { return c.Request.Context().Deadline() }

// Done is closed when the request ends or the client goes away.
func (c *Context) Done() <-chan struct{} { return c.Request.Context().Done() }

// Err says why Done is closed.
func (c *Context) Err() error { return c.Request.Context().Err() }

// Value returns what a [Key] stored, else what the context of the request has.
func (c *Context) Value(key any) any {
	if _, ok := key.(contextKey); ok {
		return c
	}
	for v := c.values; v != nil; v = v.next {
		if v.key == key {
			return v.val
		}
	}
	return c.Request.Context().Value(key)
}

// frozen returns a copy that later changes of c do not reach, for those that
// may go on while c does: net/http middleware and background work.
func (c *Context) frozen() *Context {
	copied := *c
	return &copied
}

// Param returns a parameter of the pattern, decoded. A name that the pattern
// does not have is a mistake in the program: the request is answered with 500,
// and the log and the page of development say which names there are.
func (c *Context) Param(name string) string {
	text, ok := c.params.Get(name)
	if !ok {
		fail(c.noParam(name))
	}
	return text
}

// Int is [Context.Param] as a number. With {name:int} in the pattern it always
// is one; without, a text that is none is answered with 404.
func (c *Context) Int(name string) int64 {
	text, ok := c.params.Get(name)
	if !ok {
		fail(c.noParam(name))
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		fail(NotFound("").Wrap(fmt.Errorf("parameter {%s}: %w", name, err)))
	}
	return n
}

func (c *Context) noParam(name string) error {
	at := callerOf()
	if c.route == nil {
		return fmt.Errorf("%s: no parameter %q: no route took this request", at, name)
	}
	text := fmt.Sprintf("%s: no parameter %q in %s (registered at %s)", at, name, c.route.Pattern, c.route.Where)
	if names := c.params.Names(); len(names) > 0 {
		text += ", it has " + strings.Join(names, ", ")
	}
	return fmt.Errorf("%s", text)
}

// Query returns the first value of a name in the query string, or "".
func (c *Context) Query(name string) string {
	return c.x.query(c.Request).Get(name)
}

// QueryInt is [Context.Query] as a number; def is for a value that is missing
// or no number.
func (c *Context) QueryInt(name string, def int) int {
	n, err := strconv.Atoi(c.Query(name))
	if err != nil {
		return def
	}
	return n
}

// Pattern returns the pattern of the route, or "" if none took the request.
func (c *Context) Pattern() string {
	if c.route == nil {
		return ""
	}
	return c.route.Pattern
}

// Route returns the name of the route, or "" if it has none.
func (c *Context) Route() string {
	if c.route == nil {
		return ""
	}
	return c.route.Name
}

// RequestID returns the id of the request, as in the log and on error pages.
func (c *Context) RequestID() string { return c.x.id }

// Log returns the app's log with the id of the request.
func (c *Context) Log() *slog.Logger { return c.app.Log.With("id", c.x.id) }

// App returns the app that answers the request.
func (c *Context) App() *App { return c.app }

// Session returns the session of the visitor. It is opened at its first use
// and sealed into its cookie when the response header is sent; what package
// session says of that holds here. Without a secret in production there are no
// sessions, and the request is answered with 500; App.Start says so before.
func (c *Context) Session() *session.Session {
	s, err := c.x.openSession(c.app, c.Request)
	if err != nil {
		fail(err)
	}
	return s
}

// Flash keeps a message for the next page that the visitor sees, which shows
// it by {{flashes}}. kind is for its style: "success", "error". What a sealed
// cookie has no room for (about 2,800 bytes in all) is cut with a warning in
// the log: older messages are left out first, then the text is shortened.
func (c *Context) Flash(kind, text string) {
	s := c.Session()
	before := s.Cut()
	if err := s.Flash(kind, text); err != nil {
		fail(fmt.Errorf("flash at %s: %w", callerOf(), err))
	}
	if n := s.Cut() - before; n > 0 {
		c.Log().Warn("flash messages had no room in the session", "cut", n, "at", callerOf())
	}
}
