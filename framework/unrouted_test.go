package dram_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// shop has a few routes, and an error page of its own if own is set.
func shop(t *testing.T, env config.Env, own bool) (*dram.App, *logLines) {
	t.Helper()
	files := folders("templates/layouts/base.html", `{{block "content" .}}{{end}}`, "static/css/site.css", "a{}")
	if own {
		files["templates/errors/error.html"] = folders("f", `{{define "content"}}<h1>own {{.Status}}</h1>{{end}}`)["f"]
	}
	app, log := newApp(t, env, files)
	ok := func(c *dram.Context) error { return c.NoContent() }
	app.Get("/", ok)
	app.Get("/about/", ok)
	app.Form("/note/", ok)
	app.Get("/note/{id:int}/", ok)
	app.Get("/note/{id:int}/edit/", ok)
	app.Get("/note/{day:date}/", ok)
	app.Post("/only/post/", ok)
	app.Get("/hidden/", func(*dram.Context) error { return dram.Forbidden("").Wrap(dram.Conflict("not --> yours")) })
	return app, log
}

func TestDevelopmentSaysWhichRoutesAreNear(t *testing.T) {
	app, log := shop(t, config.Development, true)
	for path, want := range map[string]string{
		"/noet/":              "no route takes GET /noet/; the nearest: GET/POST /note/, ",
		"/note/x7/":           "the nearest: GET /note/{id:int}/, GET /note/{day:date}/, GET/POST /note/, ",
		"/note/7/edti/":       "the nearest: GET /note/{id:int}/edit/, ",
		"/nope":               "the nearest: GET/POST /note/, ",
		"/static/css/x":       "no route takes GET /static/css/x; no static file &#34;css/x&#34;",
		"/static/css/site.cs": "did you mean &#34;css/site.css&#34;?",
		"/--><script>":        "no route takes GET /--&gt;&lt;script&gt;; the nearest: ",
		"/hidden/":            "403 Forbidden: 409 Conflict: not --&gt; yours",
		"/only/post/":         "/only/post/ takes OPTIONS, POST, not GET",
		"/a/%2e%2e/b":         "that no route may see",
	} {
		w := get(app, path)
		page, comment, begun := strings.Cut(w.Body.String(), "\n<!-- dram, in development only: ")
		comment, ended := strings.CutSuffix(comment, " -->\n")
		if !strings.HasPrefix(page, "<h1>own 4") || !begun || !ended || !strings.Contains(comment, want) || strings.Contains(comment, ">") {
			t.Errorf("%s: missing %q in\n%s", path, want, w.Body)
		}
	}
	get(app, "/noet/")
	if line := log.last(t, "request"); !strings.Contains(line["err"].(string), "the nearest: GET/POST /note/, ") {
		t.Errorf("log %v", line)
	}

	app, _ = shop(t, config.Development, false)
	wantBody(t, get(app, "/noet/"), 404, "<h1>no route takes GET /noet/</h1>", "The nearest routes:\nGET/POST /note/\n", "development only")
	wantBody(t, get(app, "/static/x.css"), 404, "no static file")
	wantBody(t, get(app, "/only/post/"), 405, "<h1>/only/post/ takes OPTIONS, POST, not GET</h1>")
}

func TestProductionSaysNothingOfRoutes(t *testing.T) {
	for _, own := range []bool{true, false} {
		app, log := shop(t, config.Production, own)
		for _, path := range []string{"/noet/", "/static/x.css", "/hidden/", "/only/post/"} {
			w := get(app, path)
			if strings.Contains(w.Body.String(), "<!--") || strings.Contains(w.Body.String(), "route") || strings.Contains(log.String(), "nearest") {
				t.Errorf("%s: %s\n%s", path, w.Body, log)
			}
		}
		if own && get(app, "/noet/").Body.String() != "<h1>own 404</h1>" {
			t.Errorf("%s", get(app, "/noet/").Body)
		}
	}
}

func TestStaticFilesAreQuietInDevelopment(t *testing.T) {
	for env, want := range map[config.Env]string{config.Development: "DEBUG", config.Production: "INFO"} {
		app, log := shop(t, env, false)
		get(app, "/static/css/site.css")
		if line := log.last(t, "request"); line["level"] != want || line["status"] != float64(200) {
			t.Errorf("%s: %v", env, line)
		}
		get(app, "/static/none.css")
		if line := log.last(t, "request"); line["level"] != "INFO" {
			t.Errorf("%s: %v", env, line)
		}
	}
}

func TestForeignRequestsReachNoMiddlewareWithoutARoute(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	reached := false
	app.Use(func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			reached = true
			return c.Text("done")
		}
	})
	app.Get("/page", func(c *dram.Context) error { return c.NoContent() })
	for _, path := range []string{"/nowhere", "/page"} {
		r := httptest.NewRequest("POST", path, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		wantBody(t, do(app, r), 403)
		if reached {
			t.Errorf("%s: another site's request reached the middleware", path)
		}
	}
	wantBody(t, do(app, httptest.NewRequest("POST", "/nowhere", nil)), 200, "done")
}
