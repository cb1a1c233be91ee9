package dram_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/templates/pages"
)

type teapot struct{}

func (teapot) Error() string   { return "short and stout" }
func (teapot) StatusCode() int { return 418 }

func errorApp(app *dram.App) {
	cause := errors.New("disk on fire")
	answers := map[string]error{
		"/plain":   cause,
		"/missing": dram.NotFound("There is no such question.").Wrap(cause),
		"/value":   fmt.Errorf("wrapped: %w", dram.HTTPError{Status: 409}),
		"/retry":   dram.Unavailable("").With("Retry-After", "30"),
		"/teapot":  teapot{},
		"/odd":     dram.HTTPError{Status: 200},
	}
	for path, err := range answers {
		app.Get(path, func(c *dram.Context) error { return err })
	}
	app.Get("/panic", func(c *dram.Context) error {
		var none []int
		return c.JSON(none[len(c.Pattern())])
	})
	app.Get("/stale", func(c *dram.Context) error {
		header := c.Writer.Header()
		header.Set("Content-Type", "text/csv")
		header.Set("Content-Length", "5")
		header.Set("Cache-Control", "public")
		header.Set("ETag", `"x"`)
		return cause
	})
}

func TestErrorsBecomeAnswers(t *testing.T) {
	app, log := newApp(t, config.Production, nil)
	errorApp(app)
	tests := []struct {
		path, accept string
		status       int
		contentType  string
		parts        []string
	}{
		{"/missing", "text/html", 404, "text/html; charset=utf-8", []string{"<html", "There is no such question."}},
		{"/missing", "application/json", 404, "application/problem+json", []string{`"detail":"There is no such question."`, `"status":404`, `"title":"Not Found"`}},
		{"/missing", "text/html;q=0.5, application/json", 404, "application/problem+json", nil},
		{"/missing", "*/*", 404, "text/plain; charset=utf-8", []string{"404 ", "There is no such question."}},
		{"/missing", "", 404, "text/plain; charset=utf-8", nil},
		{"/value", "", 409, "text/plain; charset=utf-8", nil},
		{"/retry", "", 503, "text/plain; charset=utf-8", nil},
		{"/teapot", "", 418, "text/plain; charset=utf-8", nil},
		{"/odd", "", 500, "text/plain; charset=utf-8", nil},
		{"/plain", "text/html", 500, "text/html; charset=utf-8", nil},
		{"/panic", "text/html", 500, "text/html; charset=utf-8", nil},
		{"/stale", "text/html", 500, "text/html; charset=utf-8", nil},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", tt.path, nil)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		w := do(app, r)
		wantBody(t, w, tt.status, tt.parts...)
		if got := w.Header().Get("Content-Type"); got != tt.contentType {
			t.Errorf("%s for %q: %s", tt.path, tt.accept, got)
		}
		line := log.last(t, "request")
		id, _ := line["id"].(string)
		if id == "" || !strings.Contains(w.Body.String(), id) || w.Header().Get("X-Request-Id") != id {
			t.Errorf("%s: id %q is not in page and header", tt.path, id)
		}
		if line["status"] != float64(tt.status) || line["err"] == nil {
			t.Errorf("%s: log %v", tt.path, line)
		}
		if strings.Contains(w.Body.String(), "disk on fire") || strings.Contains(w.Body.String(), ".go:") {
			t.Errorf("%s: production shows the cause:\n%s", tt.path, w.Body)
		}
		if want := map[bool]string{true: "ERROR", false: "INFO"}[tt.status >= 500]; line["level"] != want {
			t.Errorf("%s: level %v", tt.path, line["level"])
		}
		if w.Header().Get("Cache-Control") != "private" || w.Header().Get("ETag") != "" {
			t.Errorf("%s: header of the response that was not sent: %v", tt.path, w.Header())
		}
	}
	get(app, "/panic")
	if stack, _ := log.last(t, "request")["stack"].(string); !strings.HasPrefix(stack, "github.com/dram-go/dram/framework_test.errorApp.func") || !strings.Contains(stack, "errors_test.go:") {
		t.Errorf("stack %q", stack)
	}
	if got := get(app, "/retry").Header().Get("Retry-After"); got != "30" {
		t.Errorf("Retry-After %q", got)
	}
}

func TestErrorIDIsShort(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	seen := map[string]bool{}
	for range 50 {
		id := get(app, "/").Header().Get("X-Request-Id")
		if len(id) != 12 || seen[id] {
			t.Fatalf("id %q, seen %v", id, seen[id])
		}
		seen[id] = true
	}
}

func TestTheAppsOwnErrorPages(t *testing.T) {
	files := folders(
		"templates/layouts/base.html", `<html>{{block "content" .}}{{end}}</html>`,
		"templates/errors/404.html", `{{define "content"}}own {{.Status}} {{.Message}} {{path}}{{end}}`,
		"templates/errors/500.html", `{{define "content"}}sorry {{.ID}}{{end}}`,
		"templates/errors/409.html", `{{define "content"}}{{.Nothing}}{{end}}`,
		"templates/errors/error.html", `{{define "content"}}general {{.Status}} {{.Title}}{{end}}`,
	)
	app, log := newApp(t, config.Production, files)
	errorApp(app)
	wantBody(t, get(app, "/missing"), 404, "<html>own 404 There is no such question. /missing</html>")
	wantBody(t, get(app, "/plain"), 500, "sorry ")
	wantBody(t, get(app, "/retry"), 503, "sorry ")
	wantBody(t, get(app, "/teapot"), 418, "general 418 ")
	wantBody(t, get(app, "/value"), 409, "general 409 ") // its own page fails
	if line := log.last(t, "the error page failed itself"); !strings.Contains(line["err"].(string), "templates/errors/409.html:1:") {
		t.Errorf("log %v", line)
	}
}

func TestDevelopmentExplains(t *testing.T) {
	app, _ := newApp(t, config.Development, folders(
		"templates/layouts/base.html", `{{block "content" .}}{{end}}`,
		"templates/bad.html", "{{define \"content\"}}\n<p>{{.Nope}}</p>{{end}}",
		"templates/open.html", "{{define \"content\"}}\n{{if true}}\n<p>the end\n",
	))
	errorApp(app)
	app.Get("/template/{id:int}", func(c *dram.Context) error { return c.Render("bad.html", struct{ Yes int }{}) })
	app.Get("/open", func(c *dram.Context) error { return c.Render("open.html", nil) })
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	w := get(app, "/plain")
	wantBody(t, w, 500, "disk on fire", "*errors.errorString")
	if w.Header().Get("Content-Security-Policy") != pages.CSP {
		t.Errorf("CSP %q", w.Header().Get("Content-Security-Policy"))
	}
	wantBody(t, get(app, "/panic"), 500, "index out of range", "errors_test.go", "none[len(c.Pattern())]")
	w = get(app, "/template/7")
	wantBody(t, w, 500, "templates/bad.html", "Nope", "/template/{id:int}")
	if n := strings.Count(w.Body.String(), "can&#39;t evaluate field Nope"); n != 2 { // title and heading
		t.Errorf("the message is there %d times\n%s", n, w.Body)
	}
	w = get(app, "/open")
	wantBody(t, w, 500, "unexpected EOF", "has no {{end}}", "&lt;p&gt;the end</code></td>", "<h2>templates/open.html:3")
	wantBody(t, get(app, "/teapot"), 418)
}

func TestClientGone(t *testing.T) {
	app, log := newApp(t, config.Production, nil)
	ctx, cancel := context.WithCancel(t.Context())
	app.Get("/", func(c *dram.Context) error {
		cancel()
		<-c.Done()
		return fmt.Errorf("query: %w", c.Err())
	})
	w := do(app, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	if w.Body.Len() != 0 {
		t.Errorf("written to nobody: %q", w.Body)
	}
	if line := log.last(t, "request"); line["status"] != float64(499) || line["level"] != "INFO" {
		t.Errorf("log %v", line)
	}
}

func TestAbortHandlerPassesThrough(t *testing.T) {
	app, log := newApp(t, config.Production, nil)
	app.UseHTTP(func(next http.Handler) http.Handler { return next })
	app.Get("/abort", func(c *dram.Context) error { panic(http.ErrAbortHandler) })
	app.Get("/half", func(c *dram.Context) error {
		if _, err := io.WriteString(c.Writer, "half a "); err != nil {
			return err
		}
		return errors.New("the rest is gone")
	})
	app.Get("/whole", func(c *dram.Context) error {
		if err := c.Text("whole"); err != nil {
			return err
		}
		return errors.New("too late")
	})
	for path, aborts := range map[string]bool{"/abort": true, "/half": true, "/whole": false} {
		func() {
			defer func() {
				if v := recover(); (v == http.ErrAbortHandler) != aborts {
					t.Errorf("%s: recovered %v", path, v)
				}
			}()
			get(app, path)
		}()
		if line := log.last(t, "request"); line["path"] != path || line["err"] == nil {
			t.Errorf("%s: log %v", path, line)
		}
	}
}

func TestCrossOriginRequestsAreRefused(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	ok := func(c *dram.Context) error { return c.NoContent() }
	app.Form("/form", ok)
	app.Group("/hook", "").AllowCrossOrigin().Post("/", ok)
	for _, tt := range []struct {
		method, path, site string
		status             int
	}{
		{"POST", "/form", "cross-site", 403},
		{"POST", "/form", "same-origin", 204},
		{"POST", "/form", "", 204},
		{"GET", "/form", "cross-site", 204},
		{"POST", "/hook/", "cross-site", 204},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		r.Header.Set("Sec-Fetch-Site", tt.site)
		if w := do(app, r); w.Code != tt.status {
			t.Errorf("%s %s from %q: %d, want %d", tt.method, tt.path, tt.site, w.Code, tt.status)
		}
	}
}

func TestProblemOfAPanicIsNoMessage(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Get("/", func(c *dram.Context) error { panic(errors.New("secret")) })
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "application/json")
	var problem map[string]any
	if err := json.Unmarshal(do(app, r).Body.Bytes(), &problem); err != nil || problem["error"] != nil || problem["status"] != float64(500) {
		t.Errorf("%v, %v", problem, err)
	}
}

func TestLongAcceptIsNotReadToItsEnd(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	r := httptest.NewRequest("GET", "/nowhere", nil)
	r.Header.Set("Accept", strings.Repeat("a/b,", 2000)+"text/html")
	if got := do(app, r).Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
		t.Errorf("Content-Type %s", got)
	}
}
