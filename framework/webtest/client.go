package webtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// host is where the app under test seems to live.
const host = "localhost"

// Client is one visitor: a browser with its own cookies. It follows no redirect
// by itself.
type Client struct {
	t       testing.TB
	app     http.Handler
	clock   *Clock
	cookies *jar
	header  http.Header // sent with every request, over the usual ones
}

func newClient(t testing.TB, app http.Handler, clock *Clock) *Client {
	return &Client{t: t, app: app, clock: clock, cookies: &jar{now: clock.Now}, header: http.Header{}}
}

// Visitor returns another visitor, who has no cookies yet.
func (c *Client) Visitor() *Client { return newClient(c.t, c.app, c.clock) }

// With returns the same visitor, who also sends a header from now on, in place
// of the usual one of that name: site.With("Accept-Language", "en").
func (c *Client) With(name, value string) *Client {
	twin := *c
	twin.header = c.header.Clone()
	twin.header.Set(name, value)
	return &twin
}

// Cookie returns the value of a cookie that the visitor has.
func (c *Client) Cookie(name string) (string, bool) { return c.cookies.get(name) }

// Get opens the page of a route. The arguments are those of the app's URL.
func (c *Client) Get(route string, args ...any) *Response {
	c.t.Helper()
	return c.GetPath(c.url(route, args))
}

// GetPath opens a page by its path, which may have a query.
func (c *Client) GetPath(path string) *Response {
	c.t.Helper()
	return c.Do(c.request("GET", path, nil))
}

// Submit sends a form to a route as a browser does, by POST. The arguments are
// those of the app's URL, followed by the fields as url.Values and the files,
// each as an [Upload]; a form that is only a button has none.
func (c *Client) Submit(route string, args ...any) *Response {
	c.t.Helper()
	args, files := splitAll[Upload](args)
	args, fields := split[url.Values](args)
	return c.SubmitPath(c.url(route, args), fields, files...)
}

// SubmitPath is Submit for a path.
func (c *Client) SubmitPath(path string, fields url.Values, files ...Upload) *Response {
	c.t.Helper()
	body, contentType := encode(fields, files)
	r := c.request("POST", path, body)
	r.Header.Set("Content-Type", contentType)
	return c.Do(r)
}

// SendJSON sends a value as JSON to a route, as a script of the page would. The
// last argument is the value, those before it are for the app's URL.
func (c *Client) SendJSON(method, route string, args ...any) *Response {
	c.t.Helper()
	if len(args) == 0 {
		c.t.Fatalf("SendJSON(%q, %q): the value to send is missing", method, route)
	}
	last := len(args) - 1
	body, err := json.Marshal(args[last])
	if err != nil {
		c.t.Fatalf("SendJSON(%q, %q): %v", method, route, err)
	}
	r := c.request(method, c.url(route, args[:last]), bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Sec-Fetch-Mode", "cors")
	r.Header.Set("Sec-Fetch-Dest", "empty")
	return c.Do(r)
}

// Do sends any request with the visitor's cookies and keeps those of the
// response. Headers that the request lacks are those of a browser that follows
// a link or sends a form of the same site. Make the request with
// httptest.NewRequest.
func (c *Client) Do(r *http.Request) *Response {
	c.t.Helper()
	return c.do(c.t.Context(), r)
}

// do sends a copy of a request with another context.
func (c *Client) do(ctx context.Context, r *http.Request) *Response {
	r = r.Clone(ctx)
	c.dress(r)
	path := r.URL.EscapedPath()
	c.cookies.send(r, path)
	w := httptest.NewRecorder()
	c.app.ServeHTTP(w, r)
	result := w.Result()
	c.cookies.store(path, result.Cookies())
	return &Response{
		Code:    result.StatusCode,
		Headers: result.Header,
		Body:    w.Body.String(),
		client:  c,
		request: r,
	}
}

// dress gives a request the headers of a browser.
func (c *Client) dress(r *http.Request) {
	usual := map[string]string{
		"User-Agent":     "Mozilla/5.0 (webtest)",
		"Accept":         "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"Sec-Fetch-Site": "same-origin",
		"Sec-Fetch-Mode": "navigate",
		"Sec-Fetch-Dest": "document",
	}
	if r.Method != "GET" && r.Method != "HEAD" {
		usual["Origin"] = "http://" + r.Host
	}
	for name, value := range usual {
		if r.Header.Get(name) == "" {
			r.Header.Set(name, value)
		}
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
}

// request makes a request for a path of the site.
func (c *Client) request(method, path string, body io.Reader) *http.Request {
	c.t.Helper()
	path, _, _ = strings.Cut(path, "#")
	if _, err := url.ParseRequestURI(path); err != nil || path[0] != '/' || strings.ContainsAny(path, " \t\r\n") {
		c.t.Fatalf("%s %q: a path of the site begins with a slash and is escaped", method, path)
	}
	r := httptest.NewRequest(method, path, body)
	r.Host = host
	return r
}

// url asks the app for the path of a route.
func (c *Client) url(route string, args []any) string {
	c.t.Helper()
	app, ok := c.app.(linker)
	if !ok {
		c.t.Fatalf("route %q: %T has no method URL(string, ...any) (string, error); use the methods that take a path", route, c.app)
	}
	path, err := app.URL(route, args...)
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	return path
}

// split takes a last argument of type T off.
func split[T any](args []any) ([]any, T) {
	var zero T
	if len(args) == 0 {
		return args, zero
	}
	last, ok := args[len(args)-1].(T)
	if !ok {
		return args, zero
	}
	return args[:len(args)-1], last
}

// splitAll takes all last arguments of type T off, and keeps their order.
func splitAll[T any](args []any) ([]any, []T) {
	n := len(args)
	var taken []T
	for ; n > 0; n-- {
		last, ok := args[n-1].(T)
		if !ok {
			break
		}
		taken = append(taken, last)
	}
	slices.Reverse(taken)
	return args[:n], taken
}
