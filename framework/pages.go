package dram

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dram-go/dram/framework/view"
)

// Pages returns the app's pages for who renders them outside of a request, in
// a locale: a command or a job that sends mail, something that writes files.
//
//	m, err := mail.Render(s.Pages(user.Locale), "mail/reset.html", data, nil)
//
// Its Render takes nil as scope. The functions of templates work as they do in
// a request of a visitor who is not known, for the start page: {{t}} and
// {{date}} follow the locale, {{url}} gives paths of routes, {{path}} is "/",
// {{user}} is nothing and {{flashes}} is empty. A page that is read elsewhere,
// such as a mail, puts the site before its paths, {{site}}{{url "home"}}, which
// needs the setting server.public_url.
//
// In a handler the scope may also be its *Context. Then the page belongs to
// that request with its locale and its user, and locale says nothing.
//
// A locale that the app does not have is replaced by the one that suits it
// best, else by the default; so is "".
func (a *App) Pages(locale string) view.Engine { return &engine{a, locale} }

// Templates says who renders each page: rows of the page, of "compiled" or
// "html/template", and of what keeps it from being compiled, with file, line
// and column where there are any; several such things are parted by "; ".
// Package view says what is compiled. The app is built first if it was not.
func (a *App) Templates() [][]string {
	a.finish()
	if a.views == nil {
		return nil
	}
	var rows [][]string
	for _, status := range a.views.Compiled() {
		engine := "html/template"
		if status.Compiled {
			engine = "compiled"
		}
		rows = append(rows, []string{status.Page, engine, strings.Join(status.Left, "; ")})
	}
	return rows
}

// engine renders pages of an app.
type engine struct {
	app    *App
	locale string
}

// Render writes the page to w, whole or not at all. Without Build before it, it
// builds the app, and fails if the app is faulty.
func (e *engine) Render(w io.Writer, page string, data, scope any) error {
	e.app.finish()
	if e.app.buildErr != nil {
		return e.app.buildErr
	}
	if scope == nil {
		return e.app.nobody(e.locale).renderTo(w, page, data)
	}
	if c, ok := scope.(*Context); ok && c != nil {
		return c.frozen().renderTo(w, page, data)
	}
	return e.app.views.Render(w, page, data, scope) // says what scope must be
}

// nobody is a Context without a request: one for the start page, of a visitor
// who is not known.
func (a *App) nobody(locale string) *Context {
	x := &exchange{path: "/", chosen: a.catalog.Negotiate(locale)}
	if a.localePaths {
		x.localePath = "/" + x.chosen
	}
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}, Body: http.NoBody}
	return &Context{Request: r.WithContext(context.Background()), Writer: nowhere{}, app: a, x: x}
}

// nowhere is the response of nobody.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
