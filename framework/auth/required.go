package auth

import (
	"net/http"
	"net/url"

	dram "github.com/dram-go/dram/framework"
)

// maxNext bounds the address that a visitor comes back to after the login.
const maxNext = 2000

// Required is middleware for routes that need a user. Somebody else is sent to
// the login page with 303, and comes back by [Auth.Return]; a client that does
// not want a page gets 401.
//
// If there is no route of the name Config.Login, [dram.App.Build] says so.
func (a *Auth[U]) Required(next dram.Handler) dram.Handler {
	next.NeedRoute(a.conf.Login, "Required sends visitors to the route of auth.Config.Login")
	return func(c *dram.Context) error {
		if _, ok := a.User(c); ok {
			return next(c)
		}
		if !c.WantsHTML() {
			// RFC 9110 section 15.5.2 wants a challenge; this one says where to go.
			return dram.Unauthorized("").With("WWW-Authenticate", `Cookie form-action="`+c.URL(a.conf.Login)+`"`)
		}
		if from := origin(c); from != "" {
			return c.Redirect(a.conf.Login, dram.Query{"next": from})
		}
		return c.Redirect(a.conf.Login)
	}
}

// Return redirects to where the visitor was before the login page, as its
// parameter next says, or else to a route. Only paths of this site count: a
// link to the login page must not lead to a stranger's.
func (a *Auth[U]) Return(c *dram.Context, route string, args ...any) error {
	if next := c.Query("next"); dram.IsLocalPath(next) {
		return c.RedirectPath(next)
	}
	return c.Redirect(route, args...)
}

// origin is the path to come back to: of the request itself, or, since a form
// cannot be sent again by a redirect, of the page with the form. It is "" if
// there is none that is known to be of this site.
func origin(c *dram.Context) string {
	r, path := c.Request, c.Path()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		page, err := url.Parse(r.Referer())
		if err != nil || page.Host != r.Host {
			return ""
		}
		path = page.RequestURI()
	case r.URL.RawQuery != "":
		path += "?" + r.URL.RawQuery
	}
	if len(path) > maxNext || !dram.IsLocalPath(path) {
		return ""
	}
	return path
}
