package dram

import (
	"fmt"
	"net/url"
)

// Link is a route with its arguments as a value: for a struct that leads
// somewhere, such as an entry of a menu. Templates write {{url .Link}}, Go code
// c.Redirect(l.Route, l.Args...).
type Link struct {
	Route string // its name
	Args  []any  // as for [App.URL]
}

// Query, as the last arguments of a link, becomes its query string, sorted by
// name. Values are written as fmt.Sprint writes them. A url.Values does as well.
type Query map[string]any

// Fragment, as the last argument of a link, becomes what stands after #.
type Fragment string

// URL returns the path of a named route: one argument for each parameter of
// its pattern, then a [Query] and a [Fragment] if wanted. The error names the
// route and what is wrong with it or its arguments.
func (a *App) URL(route string, args ...any) (string, error) {
	a.finish()
	values, query, fragment := splitArgs(args)
	path, err := a.router.Path(route, values...)
	if err != nil {
		return "", err
	}
	return path + query + fragment, nil
}

// splitArgs takes what is no value of a parameter off the end of the arguments
// of a link.
func splitArgs(args []any) (values []any, query, fragment string) {
	for len(args) > 0 {
		switch last := args[len(args)-1].(type) {
		case Query:
			query = last.encode()
		case url.Values:
			query = ""
			if len(last) > 0 {
				query = "?" + last.Encode()
			}
		case Fragment:
			fragment = "#" + (&url.URL{Fragment: string(last)}).EscapedFragment()
		default:
			return args, query, fragment
		}
		args = args[:len(args)-1]
	}
	return args, query, fragment
}

// encode returns "?a=1&b=2", or "" if there is nothing.
func (q Query) encode() string {
	if len(q) == 0 {
		return ""
	}
	values := url.Values{}
	for name, value := range q {
		values.Set(name, fmt.Sprint(value))
	}
	return "?" + values.Encode()
}

// URL is [App.URL] for the request: with the path of the mount and the locale
// in the path, if there are such. An unknown name or wrong arguments are a
// mistake in the program: the request is answered with 500, and development
// shows the place. Use [App.URL] for a name that is not known beforehand.
func (c *Context) URL(route string, args ...any) string {
	path, err := c.url(route, args...)
	if err != nil {
		fail(fmt.Errorf("URL at %s: %w", callerOf(), err))
	}
	return path
}

// url is App.URL as the client of this request must write it.
func (c *Context) url(route string, args ...any) (string, error) {
	path, err := c.app.URL(route, args...)
	if err != nil {
		return "", err
	}
	return c.address(path), nil
}

// Redirect sends the client to a named route with 303 See Other (RFC 9110
// section 15.4.4): it follows with GET, so a form is not sent again by a reload.
// [Context.Status] chooses another code. Arguments are those of [App.URL].
func (c *Context) Redirect(route string, args ...any) error {
	path, err := c.url(route, args...)
	if err != nil {
		return fmt.Errorf("redirect at %s: %w", callerOf(), err)
	}
	return c.redirect(path)
}

// RedirectPath redirects to a path of this site as the client sees it, such as
// [Context.Path] has told. Anything else is refused,
// because the text often comes from the client, as in next=…, and a redirect
// to where the client says lends the site's name to a stranger.
func (c *Context) RedirectPath(path string) error {
	if !IsLocalPath(path) {
		return BadRequest("").Wrap(fmt.Errorf("redirect to %q, which is no path of this site", path))
	}
	return c.redirect(path)
}

// RedirectExternal redirects to another site. The URL must be absolute, with
// http or https, and must not come from the client.
func (c *Context) RedirectExternal(target string) error {
	u, err := url.Parse(target)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("redirect at %s: %q is no absolute http or https URL", callerOf(), target)
	}
	return c.redirect(u.String())
}

func (c *Context) redirect(location string) error {
	status := c.status
	if status < 300 || status > 399 {
		status = 303
	}
	c.Writer.Header().Set("Location", location)
	c.Writer.WriteHeader(status)
	return nil
}

// IsLocalPath reports whether a browser that is sent to path stays on this
// site: one slash at the beginning, then neither a slash nor a backslash, and
// no control characters, which browsers remove.
func IsLocalPath(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	if len(path) > 1 && (path[1] == '/' || path[1] == '\\') {
		return false
	}
	for i := range len(path) {
		if path[i] < 0x20 || path[i] == 0x7f || path[i] == '\\' {
			return false
		}
	}
	u, err := url.Parse(path)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil
}
