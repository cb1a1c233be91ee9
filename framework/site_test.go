package dram_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// linkingApp has links that leave the site, in Go and in a template.
func linkingApp(t *testing.T, env config.Env, site string) *dram.App {
	t.Helper()
	conf := testConfig(t, env)
	conf.Server.PublicURL = site
	app := dram.New(conf, folders(
		"templates/layouts/base.html", `{{block "content" .}}{{end}}`,
		"templates/feed.html", "{{define \"content\"}}\n<a href=\"{{site}}{{url \"home\"}}\">{{end}}",
	))
	app.Get("/", func(c *dram.Context) error { return c.Text(c.Site() + c.URL("home")) }).Name("home")
	app.Get("/feed/", func(c *dram.Context) error { return c.Render("feed.html", nil) })
	return app
}

func TestSite(t *testing.T) {
	for _, tt := range []struct {
		env        config.Env
		set, asked string
		want       string
	}{
		{config.Production, "https://qna.example", "http://evil.example/", "https://qna.example/"},
		{config.Development, "https://qna.example", "http://localhost:3000/", "https://qna.example/"},
		{config.Development, "", "http://localhost:3000/", "http://localhost:3000/"},
		{config.Test, "", "https://example.com/", "https://example.com/"},
	} {
		app := linkingApp(t, tt.env, tt.set)
		if err := app.Build(); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"", "feed/"} {
			w := httptest.NewRecorder()
			app.ServeHTTP(w, httptest.NewRequest("GET", tt.asked+path, nil))
			if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, tt.want) || strings.Contains(body, "evil") {
				t.Errorf("%s with %q asked as %s: %d %s", tt.env, tt.set, tt.asked+path, w.Code, body)
			}
		}
	}
}

// TestSiteIsNotGuessed keeps the Host of a request out of mails.
func TestSiteIsNotGuessed(t *testing.T) {
	err := linkingApp(t, config.Production, "").Build()
	if err == nil || !strings.Contains(err.Error(), "templates/feed.html:2:12: server.public_url is not set") {
		t.Errorf("Build: %v", err)
	}

	app, log := newApp(t, config.Production, nil)
	app.Get("/", func(c *dram.Context) error { return c.Text(c.Site()) })
	wantBody(t, get(app, "/"), 500)
	if line := log.last(t, "request"); !strings.Contains(line["err"].(string), "site_test.go:") || !strings.Contains(line["err"].(string), "server.public_url is not set") {
		t.Errorf("log: %v", line)
	}

	job := linkingApp(t, config.Test, "")
	var page bytes.Buffer
	if err := job.Pages("").Render(&page, "feed.html", nil, nil); err == nil || !strings.Contains(err.Error(), "server.public_url is not set") {
		t.Errorf("outside of a request: %v, %s", err, &page)
	}
}
