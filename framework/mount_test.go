package dram_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// shopApp is an app that says where it thinks it lies.
func shopApp(t *testing.T) (*dram.App, *logLines) {
	t.Helper()
	app, log := newApp(t, config.Test, folders(append(page("p.html",
		`{{url "item" 7}} {{static "a.css"}} {{path}} {{query "a" 1}}`), "static/a.css", "a{}")...))
	app.Get("/", func(c *dram.Context) error { return c.Render("p.html", nil) }).Name("home")
	app.Get("/item/{id:int}/", func(c *dram.Context) error {
		return c.Text(c.Base() + "|" + c.Path() + "|" + c.URL("home") + "|" + c.Request.URL.Path)
	}).Name("item")
	app.Post("/buy", func(c *dram.Context) error { return c.Redirect("item", 7, dram.Query{"a": 1}) })
	app.Get("/next", func(c *dram.Context) error { return c.RedirectPath(c.Query("next")) })
	app.Get("/id", func(c *dram.Context) error {
		if err := c.Session().Set("k", 1); err != nil {
			return err
		}
		return c.Text(c.RequestID())
	})
	return app, log
}

func TestAMountedAppKnowsItsPrefix(t *testing.T) {
	shop, shopLog := shopApp(t)
	site, log := newApp(t, config.Test, nil)
	site.Config().Name = "site"
	site.UseHTTP(func(next http.Handler) http.Handler { return next }) // the chain of contexts is longer
	site.Add(shop)
	site.Group("/{lang}/the", "").Mount("/shop/", shop).Name("shop")
	site.Get("/", func(c *dram.Context) error { return c.Text(c.URL("shop", "ko", "item/7/")) })
	if err := site.Build(); err != nil {
		t.Fatal(err)
	}
	wantBody(t, get(site, "/"), 200, "/ko/the/shop/item/7/")
	static := strings.Fields(get(site, "/ko/the/shop/?b=2").Body.String())
	if len(static) != 4 || static[0] != "/ko/the/shop/item/7/" || !strings.HasPrefix(static[1], "/ko/the/shop/static/a.") ||
		static[2] != "/ko/the/shop/" || static[3] != "?a=1&amp;b=2" {
		t.Fatalf("page %q", static)
	}
	wantBody(t, get(site, static[1]), 200, "a{}")
	wantBody(t, get(site, "/k%C3%B6/the/shop/item/7/"), 200, "/k%C3%B6/the/shop|/k%C3%B6/the/shop/item/7/|/k%C3%B6/the/shop/|/item/7/")
	for _, tt := range []struct {
		method, path, location string
		status                 int
	}{
		{"POST", "/ko/the/shop/buy", "/ko/the/shop/item/7/?a=1", 303},
		{"GET", "/ko/the/shop/item/7?b=2", "/ko/the/shop/item/7/?b=2", 308},
		{"GET", "/ko/the/shop", "/ko/the/shop/", 308},
		{"GET", "/ko/the/shop/next?next=/ko/the/shop/", "/ko/the/shop/", 303},
		{"GET", "/ko/the/shop/nowhere", "", 404},
		{"GET", "/ko/the/shopping", "", 404},
	} {
		w := do(site, browser(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Location") != tt.location {
			t.Errorf("%s %s: %d %q", tt.method, tt.path, w.Code, w.Header().Get("Location"))
		}
	}

	w := get(site, "/ko/the/shop/id")
	line := log.last(t, "request")
	if id := w.Header().Get("X-Request-Id"); id == "" || w.Body.String() != id || line["id"] != id {
		t.Errorf("ids %q, %q and %v", id, w.Body, line["id"])
	}
	if line["path"] != "/ko/the/shop/id" || line["route"] != "/{lang}/the/shop/{path...}" {
		t.Errorf("log %v", line)
	}
	if line := shopLog.last(t, "request"); line["level"] != "DEBUG" || line["path"] != "/ko/the/shop/id" || line["route"] != "/id" {
		t.Errorf("log of the shop %v", line)
	}
	if cookie := w.Header().Get("Set-Cookie"); !strings.HasPrefix(cookie, "qna=") {
		t.Errorf("cookie %q", cookie)
	}
	// By itself it has no prefix.
	wantBody(t, get(shop, "/item/7/"), 200, "|/item/7/|/|/item/7/")
}

func TestAppsInsideOfOtherPrograms(t *testing.T) {
	shop, _ := shopApp(t)
	inner, _ := newApp(t, config.Test, nil)
	inner.Config().Name = "inner"
	inner.Mount("/b", dram.StripPrefix("/c/", shop))
	mux := http.NewServeMux()
	mux.Handle("/a/", dram.StripPrefix("/a", inner))
	wantBody(t, get(mux, "/a/b/c/item/7/"), 200, "/a/b/c|/a/b/c/item/7/|/a/b/c/|/item/7/")
	wantBody(t, get(mux, "/a/b/d/item/7/"), 404)
	wantBody(t, get(dram.StripPrefix("/shop", shop), "/shopping"), 404)
	wantBody(t, get(dram.StripPrefix("/shop", shop), "/shop/item/%37/"), 200, "/shop|/shop/item/%37/|/shop/|/item/7/")
	wantBody(t, get(dram.StripPrefix("/shop", shop), "/shop%2Fitem/7/"), 404)
	wantBody(t, get(dram.StripPrefix("/a/b", shop), "/a%2Fb/item/7/"), 404)
	wantBody(t, get(dram.StripPrefix("/shop", shop), "/shop"), 200, "/shop/item/7/")
}

func TestAMountBelowALocale(t *testing.T) {
	shop, _ := shopApp(t)
	site, _ := newApp(t, config.Test, folders("locales/en.toml", `a = "a"`, "locales/ko.toml", `a = "b"`))
	site.Config().Name = "site"
	site.LocaleByPath()
	site.Mount("/shop", shop)
	wantBody(t, get(site, "/ko/shop/item/7/"), 200, "/ko/shop|/ko/shop/item/7/|/ko/shop/|/item/7/")
	wantBody(t, get(site, "/shop/item/7/"), 200, "/shop|/shop/item/7/|/shop/|/item/7/")
	wantBody(t, get(dram.StripPrefix("/all", site), "/all/ko/shop/item/7/"), 200, "/all/ko/shop|/all/ko/shop/item/7/|")
}

func TestThePrefixOfAFront(t *testing.T) {
	ask := func(app *dram.App, prefix string) string {
		r := httptest.NewRequest("GET", "/item/7/", nil)
		r.Header.Set("X-Forwarded-Prefix", prefix)
		return do(app, r).Body.String()
	}
	app, _ := shopApp(t)
	if got := ask(app, "/shop"); got != "|/item/7/|/|/item/7/" {
		t.Errorf("anybody's prefix is believed: %s", got)
	}
	t.Setenv("DRAM_ROLE", "worker")
	app, _ = shopApp(t)
	for prefix, want := range map[string]string{
		"/shop": "/shop|/shop/item/7/|/shop/|/item/7/", "/shop/": "/shop|/shop/item/7/|/shop/|/item/7/",
		"": "|/item/7/|/|/item/7/", "//evil": "|/item/7/|/|/item/7/", "shop": "|/item/7/|/|/item/7/",
	} {
		if got := ask(app, prefix); got != want {
			t.Errorf("%q: %s", prefix, got)
		}
	}
}

func TestMountedAppsHaveTheirOwnSessions(t *testing.T) {
	for _, wrapped := range []bool{false, true} {
		site, _ := newApp(t, config.Test, nil)
		between, _ := newApp(t, config.Test, nil)
		between.Config().Name = "between"
		shop, _ := newApp(t, config.Test, nil)
		var h http.Handler = shop
		if wrapped {
			h = dram.StripPrefix("/x", shop)
		}
		between.Mount("/shop", h)
		between.Mount("/again", h)
		if err := between.Build(); err != nil {
			t.Fatalf("one app at two places: %v", err)
		}
		site.Mount("/between", between)
		err := site.Build()
		if err == nil || !strings.Contains(err.Error(), "mount_test.go:") || !strings.Contains(err.Error(), `two apps have the name "qna"`) {
			t.Errorf("wrapped %v: %v", wrapped, err)
		}
	}
}

func TestPathNeverLeadsToAnotherSite(t *testing.T) {
	app, _ := newApp(t, config.Test, folders(page("p.html", `[{{path}}]`)...))
	app.Use(func(dram.Handler) dram.Handler { // sees what no route takes, as an error page does
		return func(c *dram.Context) error {
			if !dram.IsLocalPath(c.Path()) {
				t.Errorf("Path %q", c.Path())
			}
			return c.Render("p.html", nil)
		}
	})
	for path, want := range map[string]string{
		"//evil.example/x": "[/evil.example/x]", "/%2Fevil.example": "[/%2Fevil.example]", "/a%20b": "[/a%20b]", "/": "[/]",
	} {
		r := browser("GET", "/", nil)
		r.URL = &url.URL{RawPath: path}
		r.URL.Path, _ = url.PathUnescape(path)
		wantBody(t, do(app, r), 200, want)
	}
}
