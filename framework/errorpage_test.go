package dram_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func TestErrorPagesOfAGroup(t *testing.T) {
	files := folders(
		"templates/layouts/base.html", `{{block "content" .}}{{end}}`,
		"templates/errors/404.html", `{{define "content"}}site 404{{end}}`,
		"templates/errors/409.html", `{{define "content"}}site 409{{end}}`,
		"templates/admin/errors/404.html", `{{define "content"}}admin 404{{if eq .Message "no user"}} no user{{end}}{{end}}`,
		"templates/admin/errors/500.html", `{{define "content"}}admin 500{{end}}`,
		"templates/api/error.html", `{{define "content"}}api {{.Status}}{{end}}`,
	)
	app, _ := newApp(t, config.Production, files)
	answer := func(err error) dram.Handler { return func(*dram.Context) error { return err } }
	admin := app.Group("/admin", "admin").ErrorPages("/admin/errors/")
	admin.Get("/missing", answer(dram.NotFound("no user")))
	admin.Get("/broken", answer(errors.New("x")))
	admin.Get("/busy", answer(dram.Unavailable("")))
	admin.Group("/deep", "").Get("/taken", answer(dram.Conflict("")))
	admin.Group("/{org}/api", "").ErrorPages("api").Get("/missing", answer(dram.NotFound("")))
	app.Get("/missing", answer(dram.NotFound("")))
	app.Get("/admin/outside", answer(dram.NotFound(""))) // of the app, whatever its path
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/admin/missing":       "admin 404 no user",
		"/admin/broken":        "admin 500",
		"/admin/busy":          "admin 500",
		"/admin/deep/taken":    "site 409",
		"/admin/x/api/missing": "api 404",
		"/admin/x/api/nowhere": "api 404",
		"/admin//api/nowhere":  "admin 404",
		"/admin/nowhere":       "admin 404",
		"/admin":               "admin 404",
		"/administrator":       "site 404",
		"/missing":             "site 404",
		"/nowhere":             "site 404",
		"/admin/outside":       "site 404",
	} {
		if got := get(app, path).Body.String(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}

	app, _ = newApp(t, config.Production, files)
	app.Group("/admin", "").ErrorPages("amin/errors")
	if err := app.Build(); err == nil || !strings.Contains(err.Error(), "errorpage_test.go:") || !strings.Contains(err.Error(), "amin/errors/404.html") {
		t.Errorf("Build: %v", err)
	}
}

func TestWhoGetsWhichErrorPage(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Post("/", func(*dram.Context) error { return dram.Conflict("") })
	const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
	for _, tt := range []struct{ accept, contentType, want string }{
		{browserAccept, "", "text/html"},
		{browserAccept, "application/json", "text/html"}, // says what it wants
		{"application/xhtml+xml", "", "text/html"},
		{"TEXT/HTML", "", "text/html"},
		{"text/html;q=0.5, application/json;q=0.4", "", "text/html"},
		{"text/html;q=0.5, application/json;q=0.6", "", "application/problem+json"},
		{"text/html;level=1;q=0.5, application/problem+json", "", "application/problem+json"},
		{"text/html;q=0, */*", "", "text/plain"},
		{"text/html;q=x", "", "text/plain"},
		{"text/html;q=2", "", "text/plain"},
		{"application/json", "", "application/problem+json"},
		{"application/problem+json", "", "application/problem+json"},
		{"application/json, text/plain, */*", "", "application/problem+json"}, // axios
		{"*/*", "", "text/plain"},                                             // curl, fetch
		{"*/*", "application/json", "application/problem+json"},
		{"", "application/vnd.api+json; charset=utf-8", "application/problem+json"},
		{"", "", "text/plain"},
		{"text/plain", "", "text/plain"},
		{"image/png", "", "text/plain"},
		{"text/htmlx, xtext/html", "", "text/plain"},
		{",;q=,", "", "text/plain"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Accept", tt.accept)
		r.Header.Set("Content-Type", tt.contentType)
		w := do(app, r)
		got, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		if got != tt.want || w.Code != 409 || w.Header().Get("Vary") != "Accept" {
			t.Errorf("Accept %q of %q: %s, want %s (status %d, Vary %q)", tt.accept, tt.contentType, got, tt.want, w.Code, w.Header().Get("Vary"))
		}
	}
}
