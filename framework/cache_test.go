package dram_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func TestResponsesArePrivateUnlessTheySayOtherwise(t *testing.T) {
	for _, env := range []config.Env{config.Production, config.Test} {
		app, log := newApp(t, env, folders(page("nonce.html", `{{nonce}}`)...))
		use := func(path string, h func(c *dram.Context) error) { app.Get(path, h) }
		text := func(c *dram.Context) error { return c.Text("x") }
		use("/plain", text)
		use("/own", func(c *dram.Context) error {
			c.Writer.Header().Set("Cache-Control", "no-store")
			return c.Text("x")
		})
		use("/none", func(c *dram.Context) error {
			c.Writer.Header()["Cache-Control"] = nil
			return c.Text("x")
		})
		use("/public", func(c *dram.Context) error { return c.Public(1500 * time.Millisecond).Text("x") })
		use("/ask", func(c *dram.Context) error { return c.Public(0).Text("x") })
		use("/error", func(c *dram.Context) error { c.Public(time.Hour); return dram.NotFound("") })
		use("/read", func(c *dram.Context) error {
			_, err := c.Public(time.Minute).Session().Get("k", new(int))
			if err != nil {
				return err
			}
			return c.Text("x")
		})
		use("/flash", func(c *dram.Context) error { c.Public(time.Minute).Flash("a", "b"); return c.Text("x") })
		use("/nonce", func(c *dram.Context) error { return c.Public(time.Minute).Render("nonce.html", nil) })
		use("/late", func(c *dram.Context) error {
			if err := c.Session().Set("k", 1); err != nil {
				return err
			}
			return c.Public(time.Minute).Text("x")
		})
		visitor := get(app, "/flash").Result().Cookies()
		if len(visitor) != 1 {
			t.Fatalf("cookies %v", visitor)
		}
		for _, tt := range []struct {
			path   string
			cookie bool
			want   string
			warn   string
		}{
			{"/plain", false, "private", ""},
			{"/own", false, "no-store", ""},
			{"/none", false, "", ""},
			{"/public", false, "public, max-age=2", ""},
			{"/public", true, "public, max-age=2", ""},
			{"/ask", false, "public, no-cache", ""},
			{"/error", false, "private", ""},
			{"/read", false, "public, max-age=60", ""},
			{"/read", true, "private", "it uses the visitor's session"},
			{"/flash", false, "private", "it changes the visitor's session (a flash message does, too)"},
			{"/nonce", false, "private", "it has a nonce"},
			{"/late", false, "private", "it changes the visitor's session (a flash message does, too)"},
		} {
			r := browser("GET", tt.path, nil)
			if tt.cookie {
				r.AddCookie(visitor[0])
			}
			before := strings.Count(log.String(), "private again")
			if got := do(app, r).Header().Get("Cache-Control"); got != tt.want {
				t.Errorf("%s %s, cookie %v: %q, want %q", env, tt.path, tt.cookie, got, tt.want)
			}
			warned := strings.Count(log.String(), "private again") > before
			if warned != (tt.warn != "" && env != config.Production) {
				t.Errorf("%s %s: warned %v", env, tt.path, warned)
			}
			if !warned {
				continue
			}
			line := log.last(t, "the response is private again")
			if line["because"] != tt.warn || !strings.HasPrefix(line["public"].(string), "cache_test.go:") || line["level"] != "WARN" {
				t.Errorf("%s: %v", tt.path, line)
			}
		}
	}
}

func TestETag(t *testing.T) {
	app, _ := newApp(t, config.Test, folders("locales/en.toml", `a = "a"`, "locales/ko.toml", `a = "b"`))
	version := 1
	app.Get("/saved", func(c *dram.Context) error {
		if c.ETag("question", version) {
			return c.NotModified()
		}
		return c.Text("body")
	})
	rendered := 0
	app.Get("/body", func(c *dram.Context) error {
		c.ETag(version)
		rendered++
		return c.Text("body")
	})
	app.Get("/created", func(c *dram.Context) error {
		c.ETag(version)
		return c.Status(201).Text("body")
	})
	app.Post("/body", func(c *dram.Context) error {
		if c.ETag(version) {
			t.Error("a POST is answered from a cache")
		}
		return c.Text("body")
	})
	app.Get("/wrong", func(c *dram.Context) error { c.ETag(struct{}{}); return c.Text("x") })
	ask := func(method, path, name, value, language string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set(name, value)
		r.Header.Set("Accept-Language", language)
		return do(app, r)
	}
	for _, path := range []string{"/saved", "/body"} {
		tag := get(app, path).Header().Get("ETag")
		if !strings.HasPrefix(tag, `W/"`) {
			t.Fatalf("%s: ETag %q", path, tag)
		}
		for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag, "*"} {
			w := ask("GET", path, "If-None-Match", known, "")
			if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") != "private, no-cache" || w.Header().Get("Content-Type") != "" {
				t.Errorf("%s: %s known: %d %v", path, known, w.Code, w.Header())
			}
		}
		wantBody(t, ask("GET", path, "If-None-Match", `"other"`, ""), 200, "body")
		wantBody(t, ask("GET", path, "If-None-Match", tag, "ko"), 200, "body") // another page
		version++
		wantBody(t, ask("GET", path, "If-None-Match", tag, ""), 200, "body")
		version--
	}
	tag := get(app, "/body").Header().Get("ETag")
	wantBody(t, ask("POST", "/body", "If-None-Match", tag, ""), 200, "body")
	wantBody(t, ask("GET", "/created", "If-None-Match", tag, ""), 201, "body")
	if w := ask("HEAD", "/body", "If-None-Match", tag, ""); w.Code != 304 {
		t.Errorf("HEAD: %d", w.Code)
	}
	wantBody(t, ask("GET", "/wrong", "Accept", "text/plain", ""), 500, "ETag at cache_test.go:", "struct {}")
}

type named int

func (named) String() string { return "named" }

func TestTagsOfDifferentValuesDiffer(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	states := [][]any{
		nil, {1}, {2}, {1, 1}, {11}, {"a", "b"}, {"ab"}, {"a\x00b"}, {[]byte("c")}, {true}, {false}, {at}, {at.Add(1)}, {named(7)}, {uint8(9)}, {1.5},
	}
	var values []any
	app.Get("/", func(c *dram.Context) error { c.ETag(values...); return c.NoContent() })
	seen := map[string][]any{}
	for _, values = range states {
		tag := get(app, "/").Header().Get("ETag")
		if other, twice := seen[tag]; twice || tag == "" {
			t.Errorf("%v and %v have the tag %q", values, other, tag)
		}
		seen[tag] = values
	}
}

func TestLastModified(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	at := time.Date(2026, 3, 1, 10, 0, 0, 500, time.UTC)
	var modified time.Time
	app.Get("/", func(c *dram.Context) error {
		if c.LastModified(modified) {
			return c.NotModified()
		}
		return c.Text("body")
	})
	ask := func(header map[string]string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		for name, value := range header {
			r.Header.Set(name, value)
		}
		return do(app, r)
	}
	if w := ask(nil); w.Header().Get("Last-Modified") != "" || w.Header().Get("ETag") != "" {
		t.Errorf("the zero time: %v", w.Header())
	}
	modified = at
	w := ask(nil)
	if w.Header().Get("Last-Modified") != "Sun, 01 Mar 2026 10:00:00 GMT" {
		t.Errorf("%v", w.Header())
	}
	tag := w.Header().Get("ETag")
	since := func(d time.Duration) string { return at.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		header map[string]string
		status int
	}{
		{map[string]string{"If-Modified-Since": since(0)}, 304},
		{map[string]string{"If-Modified-Since": since(time.Hour)}, 304},
		{map[string]string{"If-Modified-Since": since(-time.Second)}, 200},
		{map[string]string{"If-Modified-Since": "yesterday"}, 200},
		{map[string]string{"If-Modified-Since": since(0), "If-None-Match": `"another build"`}, 200},
		{map[string]string{"If-Modified-Since": since(-time.Hour), "If-None-Match": tag}, 304},
	} {
		if w := ask(tt.header); w.Code != tt.status {
			t.Errorf("%v: %d, want %d", tt.header, w.Code, tt.status)
		}
	}
}

func TestDevelopmentHasNoTags(t *testing.T) {
	app, _ := newApp(t, config.Development, nil)
	app.Get("/", func(c *dram.Context) error {
		if c.ETag(1) || c.LastModified(time.Now()) {
			t.Error("fresh")
		}
		return c.Text("x")
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("If-None-Match", "*")
	if w := do(app, r); w.Code != 200 || w.Header().Get("ETag") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestResponsesWithCookiesArePrivate(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/", func(c *dram.Context) error {
		c.Writer.Header().Set("Cache-Control", c.Query("cache"))
		http.SetCookie(c.Writer, &http.Cookie{Name: "a", Value: "b"})
		return c.Text("x")
	})
	for cache, want := range map[string]string{
		"public": "private", "max-age=60": "private", "S-MaxAge=60": "private",
		"private,max-age=60": "private,max-age=60", "no-store": "no-store",
	} {
		if got := get(app, "/?cache="+cache).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %q, want %q", cache, got, want)
		}
	}
}
