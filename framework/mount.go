package dram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/dram-go/dram/framework/router"
)

// mountKey finds the mount of an app among the values of a context.
type mountKey struct{}

// mount is where an app lies.
type mount struct {
	base   string   // path, escaped
	inside *Context // of the app around it, nil if there is none
}

// mountOf returns the innermost mount that ctx belongs to.
func mountOf(ctx context.Context) mount {
	m, _ := ctx.Value(mountKey{}).(mount)
	if c, ok := From(ctx); ok && m.inside != c {
		// An app of ours came after that mount: only it knows what it took off
		// the path.
		return mount{c.x.base + c.x.localePath, c}
	}
	return m
}

// Mount lets another handler answer everything below prefix, another [App] for
// instance. It sees paths without the prefix. An App knows it all the same and
// puts it before every address that it writes; sessions have a name of their
// own for each app, so they do not meet. If h is an App or has otherwise
// something to start or to close, [App.Add] it too:
//
//	app.Add(shop)
//	app.Mount("/shop", shop)
//
// Two apps that are reached under one address need different names in their
// configurations (and so different session cookies); Build reports others.
func (g *Group) Mount(prefix string, h http.Handler) *Route {
	if app := appIn(h); app != nil {
		g.app.mounted = append(g.app.mounted, mountedApp{app, callerOf()})
	}
	prefix = strings.TrimSuffix(prefix, "/")
	depth := strings.Count(joinPath(g.prefix, prefix), "/")
	inner := g.app.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serveBelow(h, w, r, depth)
	}))
	return g.Handle(router.Any, prefix+"/{path...}", inner)
}

// Mount is [Group.Mount] without a group.
func (a *App) Mount(prefix string, h http.Handler) *Route { return a.root.Mount(prefix, h) }

// StripPrefix is http.StripPrefix with one difference: an [App] in h knows the
// prefix and puts it before every address that it writes. It is for apps that
// live inside of programs of another make:
//
//	mux.Handle("/shop/", dram.StripPrefix("/shop", shop))
func StripPrefix(prefix string, h http.Handler) http.Handler {
	return &stripped{strings.TrimSuffix(prefix, "/"), h}
}

// stripped is a handler that does not see a prefix.
type stripped struct {
	prefix string
	inner  http.Handler
}

func (s *stripped) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != s.prefix && !strings.HasPrefix(r.URL.Path, s.prefix+"/") {
		http.NotFound(w, r)
		return
	}
	serveBelow(s.inner, w, r, strings.Count(s.prefix, "/"))
}

// mountedApp is an app inside of another, and where it was mounted.
type mountedApp struct {
	app   *App
	where string
}

// appIn returns the App that h is or leads to, or nil.
func appIn(h http.Handler) *App {
	switch h := h.(type) {
	case *App:
		return h
	case *stripped:
		return appIn(h.inner)
	}
	return nil
}

// checkMounts reports apps under one address whose session cookies have one
// name: each would overwrite the sessions of the other, or take them for its
// own and with them the user that is signed in there.
func (a *App) checkMounts() error {
	var same []error
	named := map[string]*App{a.cookieKey(): a}
	var visit func(around *App)
	visit = func(around *App) {
		for _, m := range around.mounted {
			other, taken := named[m.app.cookieKey()]
			switch {
			case !taken:
				named[m.app.cookieKey()] = m.app
				visit(m.app)
			case other != m.app:
				same = append(same, &Fault{Where: m.where, Text: fmt.Sprintf(
					"Mount: two apps have the name %q and so the same session cookie; give each a name of its own in its configuration", m.app.conf.Name)})
			}
		}
	}
	visit(a)
	return errors.Join(same...)
}

// cookieKey tells apps apart by their session cookies.
func (a *App) cookieKey() string { return fmt.Sprint(a.secureCookies(), " ", a.conf.Name) }

// serveBelow serves with a path without its first segments.
func serveBelow(h http.Handler, w http.ResponseWriter, r *http.Request, depth int) {
	head, inner, ok := below(r.URL, depth)
	if !ok {
		http.NotFound(w, r)
		return
	}
	m := mountOf(r.Context())
	m.base += head
	r = r.WithContext(context.WithValue(r.Context(), mountKey{}, m))
	r.URL = inner
	h.ServeHTTP(w, r)
}

// below takes the first segments off the path of u: head is how they are
// written, inner is what is left. It refuses a path in which an encoded slash
// makes more segments than were written.
func below(u *url.URL, depth int) (head string, inner *url.URL, ok bool) {
	left := *u
	plain, tail := cutSegments(u.Path, depth)
	left.Path = tail
	head, raw := cutSegments(u.EscapedPath(), depth)
	if u.RawPath != "" {
		left.RawPath = raw
	}
	decoded, err := url.PathUnescape(head)
	return head, &left, err == nil && decoded == plain
}

// cutSegments cuts a path behind its first segments. What is left begins with
// a slash.
func cutSegments(path string, n int) (head, tail string) {
	for i := range len(path) {
		if path[i] != '/' {
			continue
		}
		if n == 0 {
			return path[:i], path[i:]
		}
		n--
	}
	return path, "/"
}

// baseOf returns the path below which the client sees the app. A front of ours
// drops what clients say in X-Forwarded fields.
func (a *App) baseOf(r *http.Request) string {
	if m := mountOf(r.Context()); m.base != "" || m.inside != nil {
		return m.base
	}
	if !a.worker {
		return ""
	}
	base := strings.TrimSuffix(r.Header.Get("X-Forwarded-Prefix"), "/")
	if !IsLocalPath(base) {
		return ""
	}
	return base
}

// Base returns the path below which the client sees the app: "" unless it is
// mounted, else "/shop". It stands before all addresses that are made by route
// names and {{static}}.
func (c *Context) Base() string { return c.x.base }

// Path returns the path of the request as the client sees it, escaped, with the
// prefix of a mount and of a locale: what may follow in a query as next=…. It
// begins with one slash, as //evil.example would be the address of another site.
func (c *Context) Path() string {
	path := strings.TrimLeft(c.address(c.Request.URL.EscapedPath()), `/\`)
	return "/" + path
}

// address makes the path of a route, with query and fragment, one for the
// client.
func (c *Context) address(path string) string { return c.x.base + c.x.localePath + path }
