package dram

import (
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/form"
	"github.com/dram-go/dram/framework/session"
	"github.com/dram-go/dram/framework/view"
)

// requestFuncs are the functions that templates have beside those of
// [view.Funcs]. They know the request, in every partial:
//
//	url "question.detail" .ID    path of a route, or of a Link
//	site                         https://HOST of the app, before a path that leaves it
//	static "css/site.css"        path of a static file under its fingerprint
//	t "question.created" .Name   text of the catalogue
//	locale                       locale of the response: <html lang="{{locale}}">
//	locales                      all locales of the app
//	inlocale "ko"                this page in another locale, see LocaleByPath
//	path                         path of the request
//	query "page" 2               query string of the request with changed values
//	date .At                     a time in the app's zone and the locale's form
//	user                         who is signed in, see SetUser: {{with user}}{{.Name}}{{end}}
//	flashes                      messages of the session, shown once
//	field .Form "subject"        a form field with label, constraints and errors
//	errors .Form                 what is wrong with the form as a whole
//	nonce                        <script nonce="{{nonce}}"> lets this one run inline
func requestFuncs() template.FuncMap {
	return template.FuncMap{
		"url":     templateURL,
		"site":    func(c *Context) (string, error) { return c.site() },
		"static":  templateStatic,
		"t":       templateText,
		"locale":  func(c *Context) string { return c.Locale() },
		"path":    func(c *Context) string { return c.Path() },
		"locales": func(c *Context) []string { return c.app.catalog.Locales() },
		"inlocale": func(c *Context, locale string) (string, error) {
			return c.InLocale(locale)
		},
		"query":   templateQuery,
		"date":    templateDate,
		"user":    templateUser,
		"flashes": templateFlashes,
		"field":   form.HTML,
		"errors":  form.ErrorsHTML,
		"nonce":   func(c *Context) (string, error) { return c.Nonce() },
	}
}

// ImpureFunc is [App.Func] for a function with an effect that must not happen
// twice for one page, such as drawing a number: a page that is given up by its
// compiled template and rendered by html/template gets what the function has
// returned already.
func (a *App) ImpureFunc(name string, fn any) {
	a.Func(name, fn)
	a.impure = append(a.impure, name)
}

// splitFuncs parts the functions that take a *Context first from the others.
func splitFuncs(all template.FuncMap) (plain, scoped template.FuncMap) {
	plain, scoped = template.FuncMap{}, template.FuncMap{}
	for name, fn := range all {
		if t := reflect.TypeOf(fn); t.NumIn() > 0 && t.In(0) == reflect.TypeFor[*Context]() {
			scoped[name] = fn
		} else {
			plain[name] = fn
		}
	}
	return plain, scoped
}

// checkFunc says what keeps fn from being a function of templates.
func checkFunc(taken template.FuncMap, name string, fn any) error {
	if _, twice := taken[name]; twice {
		return fmt.Errorf("template function %q is added twice", name)
	}
	if _, ours := view.Funcs()[name]; ours {
		return fmt.Errorf("template function %q is one of Dram's, choose another name", name)
	}
	if _, ours := requestFuncs()[name]; ours {
		return fmt.Errorf("template function %q is one of Dram's, choose another name", name)
	}
	if !isName(name) {
		return fmt.Errorf("template function %q: expected a name of letters, digits and _", name)
	}
	t := reflect.TypeOf(fn)
	if t == nil || t.Kind() != reflect.Func {
		return fmt.Errorf("template function %q: expected a func, got %T", name, fn)
	}
	if t.NumOut() == 0 || t.NumOut() > 2 || t.NumOut() == 2 && t.Out(1) != reflect.TypeFor[error]() {
		return fmt.Errorf("template function %q: expected one result, or one and an error; it is %s", name, t)
	}
	return nil
}

func isName(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

func templateStatic(c *Context, name string) (string, error) {
	path, err := c.app.assets.URLName(name)
	if err != nil {
		return "", err
	}
	return c.x.base + path, nil // the same file in all locales
}

func templateURL(c *Context, target any, args ...any) (string, error) {
	switch target := target.(type) {
	case string:
		return c.url(target, args...)
	case Link:
		if len(args) > 0 {
			return "", errors.New("a dram.Link has its arguments already")
		}
		return c.url(target.Route, target.Args...)
	}
	return "", fmt.Errorf("url needs the name of a route or a dram.Link, got %T", target)
}

// templateQuery returns the query string of the request with some values
// changed, for links of a list to itself. nil and "" remove a name.
func templateQuery(c *Context, pairs ...any) (string, error) {
	if len(pairs)%2 != 0 {
		return "", errors.New("query needs pairs of name and value")
	}
	values := url.Values{}
	for name, list := range c.x.query(c.Request) {
		values[name] = list
	}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return "", fmt.Errorf("query needs a string as name %d, got %T", i/2+1, pairs[i])
		}
		if value := pairs[i+1]; value == nil || value == "" {
			values.Del(name)
		} else {
			values.Set(name, fmt.Sprint(value))
		}
	}
	return "?" + values.Encode(), nil
}

// templateDate writes a time in the zone of the configuration. layout is one
// of package time; without it the locale decides. The zero time is "".
func templateDate(c *Context, at any, layout ...string) (string, error) {
	var t time.Time
	switch at := at.(type) {
	case time.Time:
		t = at
	case *time.Time:
		if at != nil {
			t = *at
		}
	default:
		return "", fmt.Errorf("date needs a time.Time, got %T", at)
	}
	if len(layout) > 1 {
		return "", errors.New("date takes a time and at most one layout")
	}
	if t.IsZero() {
		return "", nil
	}
	t = t.In(c.app.conf.Location())
	if len(layout) == 1 {
		return t.Format(layout[0]), nil
	}
	return t.Format(c.dateLayout()), nil
}

// dateLayout returns the layout of package time for the locale: the text
// date.layout of the app's catalogue, else the usual one of the language.
func (c *Context) dateLayout() string {
	locale := c.Locale()
	if c.app.catalog.Has(locale, "date.layout") {
		return c.app.catalog.T(locale, "date.layout")
	}
	switch language, _, _ := strings.Cut(locale, "-"); language {
	case "en":
		return "2 Jan 2006, 15:04"
	case "ko":
		return "2006년 1월 2일 15:04"
	}
	return "2006-01-02 15:04"
}

// templateFlashes takes the messages out of the session. A visitor without a
// session costs nothing, and an app without a secret has no messages.
func templateFlashes(c *Context) []session.Flash {
	if c.app.sessions == nil {
		return nil
	}
	return c.Session().Flashes()
}

func listOf(names []string) string {
	return "{" + strings.Join(names, "}, {") + "}"
}
