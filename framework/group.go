package dram

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/router"
)

// Group is a set of routes with a common path prefix, a common beginning of
// their names and common middleware.
type Group struct {
	app         *App
	prefix      string
	name        string
	middleware  []Middleware
	crossOrigin bool
	maxBody     int64  // 0 is that of the configuration
	errorPages  string // directory of templates, "" is that of the app
}

// Group begins a group of routes below prefix. A route that is called "list"
// in the group "question" has the name "question.list"; an empty name adds
// nothing.
func (a *App) Group(prefix, name string) *Group { return a.root.Group(prefix, name) }

// With is [Group.With] for the routes of the app itself.
func (a *App) With(mw ...Middleware) *Group { return a.root.With(mw...) }

// Group begins a group inside of this one, with its middleware.
func (g *Group) Group(prefix, name string) *Group {
	inner := *g
	inner.prefix = joinPath(g.prefix, prefix)
	inner.name = joinName(g.name, name)
	return &inner
}

// With returns a group for the same prefix whose routes are wrapped in more
// middleware. The group itself does not change.
func (g *Group) With(mw ...Middleware) *Group {
	inner := *g
	inner.middleware = append(slices.Clip(g.middleware), mw...)
	return &inner
}

// AllowCrossOrigin returns a group whose routes take requests that other sites
// make a browser send, which is otherwise refused with 403 for every method
// but GET, HEAD and OPTIONS. It is for endpoints that do not act for the
// visitor, such as webhooks and public APIs.
func (g *Group) AllowCrossOrigin() *Group {
	inner := *g
	inner.crossOrigin = true
	return &inner
}

// MaxBody returns a group whose routes take bodies of at most so many bytes;
// reading further is an error of status 413. It can only be less than
// server.max_body, which front and server refuse to exceed: make that the
// largest that any route needs, and bound the others.
func (g *Group) MaxBody(bytes int64) *Group {
	inner := *g
	inner.maxBody = bytes
	return &inner
}

// ErrorPages returns a group with error pages of its own, from a directory of
// templates: ErrorPages("admin/errors") shows admin/errors/404.html, and
// 500.html and error.html for what [ErrorPage] says; what the directory lacks
// comes from errors/ as for all. They are also for paths below the prefix of
// the group that no route takes.
func (g *Group) ErrorPages(dir string) *Group {
	g.app.describing("ErrorPages")
	inner := *g
	inner.errorPages = strings.Trim(dir, "/")
	g.app.errorPages = append(g.app.errorPages, groupPages{g.prefix, inner.errorPages, callerOf()})
	return &inner
}

func joinPath(prefix, path string) string {
	if strings.HasPrefix(path, "/") {
		return strings.TrimSuffix(prefix, "/") + path
	}
	return prefix + path
}

func joinName(prefix, name string) string {
	if prefix == "" || name == "" {
		return prefix + name
	}
	return prefix + "." + name
}

// Route is a pattern that has a handler.
type Route struct {
	group   *Group
	entries []*router.Entry[*endpoint]
}

// Name names the pattern of the route for [Context.URL], [Context.Redirect]
// and {{url}}. All methods of a pattern share its name.
func (r *Route) Name(name string) *Route {
	r.group.app.describing("Name")
	for _, entry := range r.entries {
		r.group.app.router.Name(entry, joinName(r.group.name, name))
	}
	return r
}

// endpoint is what the router knows of a route.
type endpoint struct {
	group   *Group
	handler Handler
	serve   Handler // the handler inside all middleware, made by Build
}

// Get answers GET and HEAD. Patterns are those of package router:
// "/detail/{id:int}/".
func (g *Group) Get(pattern string, h Handler) *Route { return g.add(pattern, h, http.MethodGet) }

// Post answers POST.
func (g *Group) Post(pattern string, h Handler) *Route { return g.add(pattern, h, http.MethodPost) }

// Put answers PUT.
func (g *Group) Put(pattern string, h Handler) *Route { return g.add(pattern, h, http.MethodPut) }

// Patch answers PATCH.
func (g *Group) Patch(pattern string, h Handler) *Route { return g.add(pattern, h, http.MethodPatch) }

// Delete answers DELETE.
func (g *Group) Delete(pattern string, h Handler) *Route { return g.add(pattern, h, http.MethodDelete) }

// Form answers GET and POST with one handler: the page with the form, and the
// form when it is sent. See [Bind].
func (g *Group) Form(pattern string, h Handler) *Route {
	return g.add(pattern, h, http.MethodGet, http.MethodPost)
}

// Handle answers any method by its name; [router.Any] stands for all that have
// no handler of their own.
func (g *Group) Handle(method, pattern string, h Handler) *Route { return g.add(pattern, h, method) }

func (g *Group) add(pattern string, h Handler, methods ...string) *Route {
	g.app.describing("a route")
	where := callerOf()
	if h == nil {
		g.app.faults = append(g.app.faults, &Fault{Where: where, Text: "route " + pattern + " has no handler"})
	}
	r := &Route{group: g}
	for _, method := range methods {
		e := &endpoint{group: g, handler: h}
		r.entries = append(r.entries, g.app.router.Add(method, joinPath(g.prefix, pattern), e, where))
	}
	return r
}

// Get is [Group.Get] without a group.
func (a *App) Get(pattern string, h Handler) *Route { return a.root.Get(pattern, h) }

// Post is [Group.Post] without a group.
func (a *App) Post(pattern string, h Handler) *Route { return a.root.Post(pattern, h) }

// Put is [Group.Put] without a group.
func (a *App) Put(pattern string, h Handler) *Route { return a.root.Put(pattern, h) }

// Patch is [Group.Patch] without a group.
func (a *App) Patch(pattern string, h Handler) *Route { return a.root.Patch(pattern, h) }

// Delete is [Group.Delete] without a group.
func (a *App) Delete(pattern string, h Handler) *Route { return a.root.Delete(pattern, h) }

// Form is [Group.Form] without a group.
func (a *App) Form(pattern string, h Handler) *Route { return a.root.Form(pattern, h) }

// Handle is [Group.Handle] without a group.
func (a *App) Handle(method, pattern string, h Handler) *Route {
	return a.root.Handle(method, pattern, h)
}

// Routes lists all routes in order of registration: method, pattern, name,
// handler and the file:line of the registration.
func (a *App) Routes() [][]string {
	var rows [][]string
	for _, e := range a.router.Entries() {
		rows = append(rows, []string{e.Method, e.Pattern, e.Name, funcName(e.Value.handler), e.Where})
	}
	return rows
}
