package webtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
)

// Response is the app's answer. Its checks end the test when they fail, and
// return the response for the next check.
type Response struct {
	Code    int         // the status
	Headers http.Header // with Set-Cookie, whose cookies the visitor has kept
	Body    string      // whole, as it was sent

	client  *Client
	request *http.Request
	doc     *goquery.Document // the parsed body, made when first needed
}

// Status checks the status code.
func (r *Response) Status(code int) *Response {
	r.client.t.Helper()
	if r.Code != code {
		r.fail("want status %d %s", code, http.StatusText(code))
	}
	return r
}

// Header checks the value of a header; several lines are joined by ", ".
// The empty value means that there must be none.
func (r *Response) Header(name, want string) *Response {
	r.client.t.Helper()
	if got := strings.Join(r.Headers.Values(name), ", "); got != want {
		r.fail("header %s is %q, want %q", name, got, want)
	}
	return r
}

// See checks that the page shows a text, or with more arguments that one of
// the elements a CSS selector matches shows all the texts after it.
func (r *Response) See(args ...string) *Response {
	r.client.t.Helper()
	if ok, what := r.shows("See", args); !ok {
		r.fail("want to see %s", what)
	}
	return r
}

// Not checks the opposite of See.
func (r *Response) Not(args ...string) *Response {
	r.client.t.Helper()
	if ok, what := r.shows("Not", args); ok {
		r.fail("want not to see %s", what)
	}
	return r
}

// shows looks for what See and Not are asked for, and describes it.
func (r *Response) shows(check string, args []string) (ok bool, what string) {
	r.client.t.Helper()
	switch len(args) {
	case 0:
		r.client.t.Fatalf("%s needs a text, or a CSS selector and texts", check)
	case 1:
		return strings.Contains(r.Text(), squeeze(args[0])), fmt.Sprintf("%q on the page", args[0])
	}
	selector, texts := args[0], args[1:]
	found := r.Find(selector)
	var shown []string
	for _, n := range found.Nodes {
		text := textOf(n)
		if containsAll(text, texts) {
			return true, fmt.Sprintf("%q in %s", texts, selector)
		}
		shown = append(shown, fmt.Sprintf("%q", shorten(text, 200)))
	}
	if found.Length() == 0 {
		return false, fmt.Sprintf("%q in %s, which matches nothing", texts, selector)
	}
	return false, fmt.Sprintf("%q in %s, which shows %s", texts, selector, strings.Join(shown, ", "))
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, squeeze(p)) {
			return false
		}
	}
	return true
}

// Count checks how many elements a CSS selector matches.
func (r *Response) Count(selector string, want int) *Response {
	r.client.t.Helper()
	if got := r.Find(selector).Length(); got != want {
		r.fail("%s matches %d elements, want %d", selector, got, want)
	}
	return r
}

// RedirectsTo checks that the response redirects to a route of the app. The
// query counts only if the route's URL has one, so RedirectsTo("auth.login")
// accepts /login?next=/.
func (r *Response) RedirectsTo(route string, args ...any) *Response {
	r.client.t.Helper()
	return r.RedirectsToPath(r.client.url(route, args))
}

// RedirectsToPath is RedirectsTo for a path.
func (r *Response) RedirectsToPath(path string) *Response {
	r.client.t.Helper()
	want, err := url.Parse(path)
	if err != nil {
		r.client.t.Fatalf("RedirectsToPath(%q): %v", path, err)
	}
	got := r.location()
	if got.EscapedPath() != want.EscapedPath() || want.RawQuery != "" && got.RawQuery != want.RawQuery || want.Fragment != "" && got.Fragment != want.Fragment {
		r.fail("want a redirect to %s", path)
	}
	return r
}

// Follow opens the page that the response redirects to.
func (r *Response) Follow() *Response {
	r.client.t.Helper()
	to := r.location()
	repeated := r.Code == http.StatusTemporaryRedirect || r.Code == http.StatusPermanentRedirect
	if repeated && r.request.Method != "GET" && r.request.Method != "HEAD" {
		r.fail("status %d asks to repeat the %s with its body, which Follow does not", r.Code, r.request.Method)
	}
	return r.client.GetPath(to.RequestURI())
}

// location returns where a redirect leads; anything but a redirect within the
// site fails the test.
func (r *Response) location() *url.URL {
	r.client.t.Helper()
	switch r.Code {
	case 301, 302, 303, 307, 308:
	default:
		r.fail("want a redirect")
	}
	here := url.URL{Scheme: "http", Host: r.request.Host, Path: r.request.URL.Path, RawPath: r.request.URL.RawPath}
	to, err := here.Parse(r.Headers.Get("Location"))
	if err != nil || r.Headers.Get("Location") == "" {
		r.fail("want a redirect with a Location")
	}
	if to.Scheme != here.Scheme || to.Host != here.Host {
		r.fail("want a redirect within the site")
	}
	return to
}

// JSON decodes the body into into, a pointer. The content type must be JSON.
func (r *Response) JSON(into any) *Response {
	r.client.t.Helper()
	if kind := r.Headers.Get("Content-Type"); !isJSON(kind) {
		r.fail("want JSON, not %q", kind)
	}
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		r.fail("the body does not fit into %T: %v", into, err)
	}
	return r
}

// Text returns what the page shows, by the rules of the package's comment.
func (r *Response) Text() string {
	r.client.t.Helper()
	if !isHTML(r.Headers.Get("Content-Type")) {
		return squeeze(r.Body)
	}
	return textOf(r.document().Nodes...)
}

// Find returns the elements that a CSS selector matches, for what See, Count
// and Not cannot say.
func (r *Response) Find(selector string) *goquery.Selection {
	r.client.t.Helper()
	if _, err := cascadia.ParseGroup(selector); err != nil {
		r.client.t.Fatalf("%q is no CSS selector: %v", selector, err)
	}
	return r.document().Find(selector)
}

func (r *Response) document() *goquery.Document {
	r.client.t.Helper()
	if r.doc != nil {
		return r.doc
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(r.Body))
	if err != nil {
		r.client.t.Fatalf("%s %s: the body is no HTML: %v", r.request.Method, r.request.URL, err)
	}
	r.doc = doc
	return doc
}

// fail ends the test and prints what was asked and answered.
func (r *Response) fail(format string, args ...any) {
	r.client.t.Helper()
	answer := fmt.Sprintf("%d %s", r.Code, http.StatusText(r.Code))
	if to := r.Headers.Get("Location"); to != "" {
		answer += " to " + to
	}
	r.client.t.Fatalf("%s %s: %s\n%s\nThe body shows: %s",
		r.request.Method, r.request.URL.RequestURI(), answer,
		fmt.Sprintf(format, args...), shorten(r.Text(), 800))
}
