package dram

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/form"
	"github.com/dram-go/dram/templates/pages"
)

// ErrorPage is the dot of an app's own error pages: errors/404.html and the
// like by status, errors/500.html for all from 500 on, errors/error.html for
// the rest. An app without them shows the pages of package pages.
type ErrorPage struct {
	Status  int
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
		return false // nobody is there to read it
	}
	answer := answerOf(err)
	header := w.Header()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition",
		"Cache-Control", "ETag", "Last-Modified", "Location"} {
		header.Del(name) // they were about the response that is not sent
	}
	for name, values := range answer.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	body := c.errorBody(header, err, answer)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write(body) // a client that is gone by now cannot be told
	return false
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
	if c.app.conf.Env == config.Development && page.Status >= 500 {
		header.Set("Content-Security-Policy", pages.CSP)
		_ = pages.Debug(&buf, c.debugPage(err, page)) // a buffer takes everything
		return buf.Bytes()
	}
	if c.ownErrorPage(&buf, page) {
		return buf.Bytes()
	}
	header.Set("Content-Security-Policy", pages.CSP)
	_ = pages.Error(&buf, pages.ErrorPage{Status: page.Status, Text: message, ID: page.ID, Locale: c.locale()})
	return buf.Bytes()
}

// ownErrorPage renders the error page of the app if there is one for the
// status. One that fails is logged, and must not hide the error.
func (c *Context) ownErrorPage(buf *bytes.Buffer, page ErrorPage) bool {
	names := []string{fmt.Sprintf("errors/%d.html", page.Status)}
	if page.Status >= 500 {
		names = append(names, "errors/500.html")
	}
	for _, name := range append(names, "errors/error.html") {
		if c.app.views == nil || !c.app.views.Has(name) {
			continue
		}
		err := c.app.views.Render(buf, name, page, c)
		if err == nil {
			return true
		}
		c.Log().Error("the error page failed itself", "page", name, "err", err)
	}
	return false
}
