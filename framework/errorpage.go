package dram

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/form"
	"github.com/dram-go/dram/templates/pages"
)

// ErrorPage is the dot of an app's own error pages: errors/404.html and the
// like by status, errors/500.html for all from 500 on, errors/error.html for
// the rest. An app without them shows the pages of package pages. A group may
// have its own, see [Group.ErrorPages].
type ErrorPage struct {
	Status  int    // of the response
	Title   string // a few words
	Message string // one sentence for the user
	ID      string // id of the request, as in the log
}

// respond answers an error through w. It reports whether the connection must
// be cut instead, because a response is under way that can be neither finished
// nor taken back.
func (c *Context) respond(w *responseWriter, err error) (abort bool) {
	var done handled
	if errors.As(err, &done) && w.begun() {
		return false // answered inside of a net/http middleware
	}
	if w.begun() {
		return !w.complete()
	}
	if gone(c.Request.Context()) {
		if w.commit != nil {
			_ = w.commit() // logged; a session that was ended must end all the same
		}
		return false // nobody is there to read it
	}
	answer := answerOf(err)
	header := w.Header()
	forget(header, w.before)
	for name, values := range answer.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	body := c.errorBody(header, err, answer)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write(body) // a client that is gone by now cannot be told
	return false
}

// forget removes the fields about a response that is not sent after all, and
// brings back those that were there before its handler was called.
func forget(header, before http.Header) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition",
		"Cache-Control", "ETag", "Last-Modified", "Location", "X-Sendfile"} {
		header.Del(name)
		if values, ok := before[name]; ok {
			header[name] = values
		}
	}
}

// errorBody returns the body in the form that the client prefers, and sets its
// type.
func (c *Context) errorBody(header http.Header, err error, answer HTTPError) []byte {
	title, sentence := pages.Text(answer.Status, c.locale())
	page := ErrorPage{Status: answer.Status, Title: title, Message: sentence, ID: c.x.id}
	if answer.Message != "" {
		page.Message = answer.Message
	}
	addVary(header, "Accept")
	switch preferred(c.Request) {
	case "html":
		return c.errorHTML(header, err, page, answer.Message)
	case "json":
		return c.errorJSON(header, err, page)
	}
	header.Set("Content-Type", "text/plain; charset=utf-8")
	text := fmt.Sprintf("%d %s\n%s\n%s\n", page.Status, page.Title, page.Message, page.ID)
	if c.explains() {
		text += "\n" + err.Error() + "\n"
	}
	return []byte(text)
}

// explains reports whether the client may see what went wrong inside.
func (c *Context) explains() bool { return c.app.conf.Env != config.Production }

// locale is Locale for an app that could not even load its catalogue.
func (c *Context) locale() string {
	if c.app.catalog == nil {
		return c.app.conf.Locale.Default
	}
	return c.Locale()
}

// errorJSON is a problem of RFC 9457. Field errors of a form are its member
// "errors".
func (c *Context) errorJSON(header http.Header, err error, page ErrorPage) []byte {
	header.Set("Content-Type", "application/problem+json")
	problem := Map{"title": http.StatusText(page.Status), "status": page.Status, "detail": page.Message, "id": page.ID}
	var fields form.Errors
	if errors.As(err, &fields) {
		problem["errors"] = fields
	}
	if c.explains() {
		problem["error"] = err.Error()
	}
	body, err := json.Marshal(problem)
	if err != nil { // only strings and numbers are in it
		return []byte("{}\n")
	}
	return append(body, '\n')
}

func (c *Context) errorHTML(header http.Header, err error, page ErrorPage, message string) []byte {
	header.Set("Content-Type", pages.ContentType)
	var buf bytes.Buffer
	development := c.app.conf.Env == config.Development
	if development && page.Status >= 500 {
		return c.errorDebug(header, err, page)
	}
	if c.ownErrorPage(&buf, page) {
		if development {
			buf.WriteString(comment(err))
		}
		return buf.Bytes()
	}
	if why := (*unrouted)(nil); development && errors.As(err, &why) {
		return c.errorDebug(header, err, page)
	}
	header.Set("Content-Security-Policy", pages.CSP)
	_ = pages.Error(&buf, pages.ErrorPage{Status: page.Status, Text: message, ID: page.ID, Locale: c.locale()})
	return buf.Bytes()
}

// errorDebug is the page for the developer.
func (c *Context) errorDebug(header http.Header, err error, page ErrorPage) []byte {
	var buf bytes.Buffer
	header.Set("Content-Security-Policy", pages.CSP)
	_ = pages.Debug(&buf, c.debugPage(err, page)) // a buffer takes everything
	return buf.Bytes()
}

// comment tells the developer what an error page of the app keeps from
// visitors. A comment ends with a >, and an escaped text has none.
func comment(err error) string {
	return "\n<!-- dram, in development only: " + html.EscapeString(err.Error()) + " -->\n"
}

// groupPages are the error pages of a group.
type groupPages struct{ prefix, dir, where string }

// errorPages returns the directory of the group that the request belongs to,
// or "": that of its route, else that of the deepest group whose prefix its
// path has.
func (c *Context) errorPages() string {
	if c.route != nil {
		return c.route.Value.group.errorPages
	}
	dir, deepest := "", -1
	for _, g := range c.app.errorPages {
		if depth, ok := g.depth(c.Request.URL.Path); ok && depth >= deepest {
			dir, deepest = g.dir, depth
		}
	}
	return dir
}

// depth returns how many segments the prefix of the group has, if path has
// them. A parameter stands for any segment.
func (g groupPages) depth(path string) (int, bool) {
	prefix := strings.TrimSuffix(g.prefix, "/")
	if prefix == "" {
		return 0, true
	}
	want, got := strings.Split(prefix, "/"), strings.Split(path, "/")
	if len(got) < len(want) {
		return 0, false
	}
	for i, segment := range want {
		if segment != got[i] && (!strings.HasPrefix(segment, "{") || got[i] == "") {
			return 0, false
		}
	}
	return len(want), true
}

// errorPageNames lists the pages for a status, the best first.
func errorPageNames(status int, dirs ...string) []string {
	var names []string
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		names = append(names, fmt.Sprintf("%s/%d.html", dir, status))
		if status >= 500 {
			names = append(names, dir+"/500.html")
		}
		names = append(names, dir+"/error.html")
	}
	return names
}

// checkErrorPages reports directories of groups that have no pages.
func (a *App) checkErrorPages() error {
	var empty []error
	for _, g := range a.errorPages {
		has := func(page string) bool { return strings.HasPrefix(page, g.dir+"/") }
		if !slices.ContainsFunc(a.views.Pages(), has) {
			empty = append(empty, &Fault{Where: g.where, Text: fmt.Sprintf(
				"ErrorPages: there are no pages in templates/%s, expected %[1]s/404.html or %[1]s/error.html", g.dir)})
		}
	}
	return errors.Join(empty...)
}

// ownErrorPage renders the error page of the app if there is one for the
// status. One that fails is logged, and must not hide the error.
func (c *Context) ownErrorPage(buf *bytes.Buffer, page ErrorPage) bool {
	for _, name := range errorPageNames(page.Status, c.errorPages(), "errors") {
		if c.app.views == nil || !c.app.views.Has(name) {
			continue
		}
		err := c.renderTo(buf, name, page)
		if err == nil {
			return true
		}
		c.Log().Error("the error page failed itself", "page", name, "err", err)
	}
	return false
}
