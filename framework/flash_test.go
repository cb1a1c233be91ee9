package dram_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// tab is a browser that keeps a cookie and, like its cache, the tag of a page.
type tab struct {
	h      http.Handler
	cookie *http.Cookie
	tag    string
}

func (b *tab) do(method, path string) *httptest.ResponseRecorder {
	r := browser(method, path, nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	if b.tag != "" {
		r.Header.Set("If-None-Match", b.tag)
	}
	w := do(b.h, r)
	for _, c := range w.Result().Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	if w.Code == 200 && method == "GET" {
		b.tag = w.Header().Get("ETag")
	}
	return w
}

// flashApp has pages with a tag: /early asks before it renders.
func flashApp(t *testing.T) (*dram.App, *logLines) {
	app, log := newApp(t, config.Test, folders(append(page("list.html", `[{{range flashes}}{{.Text}}{{end}}]`),
		page("nonce.html", `{{nonce}}`)...)...))
	app.Post("/save", func(c *dram.Context) error { c.Flash("success", "saved"); return c.NoContent() })
	app.Get("/early", func(c *dram.Context) error {
		if c.ETag(1) {
			return c.NotModified()
		}
		return c.Render("list.html", nil)
	})
	app.Get("/late", func(c *dram.Context) error { c.ETag(1); return c.Render("list.html", nil) })
	app.Get("/visit", func(c *dram.Context) error {
		if err := c.Session().Set("seen", c.Query("n")); err != nil {
			return err
		}
		c.ETag(1)
		return c.Text("page")
	})
	app.Get("/nonce", func(c *dram.Context) error {
		c.ETag(1)
		if c.Query("plain") != "" {
			return c.Text("page")
		}
		return c.Render("nonce.html", nil)
	})
	return app, log
}

func TestFlashIsNoPageOfTheCache(t *testing.T) {
	app, _ := flashApp(t)
	for _, path := range []string{"/early", "/late"} {
		b := &tab{h: app}
		wantBody(t, b.do("GET", path), 200, "[]")
		wantBody(t, b.do("GET", path), 304)
		known := b.tag
		b.do("POST", "/save")
		shown := b.do("GET", path)
		wantBody(t, shown, 200, "[saved]")
		if h := shown.Header(); h.Get("ETag") != "" || h.Get("Last-Modified") != "" || h.Get("Set-Cookie") == "" {
			t.Errorf("%s: header %v", path, h)
		}
		b.tag = known
		wantBody(t, b.do("GET", path), 304)
	}
}

func TestHeadLeavesFlashes(t *testing.T) {
	app, _ := flashApp(t)
	b := &tab{h: app}
	b.do("GET", "/late")
	b.do("POST", "/save")
	w := b.do("HEAD", "/late")
	if h := w.Header(); w.Code != 200 || h.Get("Set-Cookie") != "" || h.Get("ETag") != "" || h.Get("Content-Length") != "7" {
		t.Errorf("%d %v", w.Code, h)
	}
	wantBody(t, b.do("GET", "/late"), 200, "[saved]")
	wantBody(t, b.do("GET", "/late"), 200, "[]")
}

func TestAChangedSessionIsSentWithItsPage(t *testing.T) {
	app, _ := flashApp(t)
	plain := &tab{h: app}
	plain.do("GET", "/late")
	b := &tab{h: app, tag: plain.tag}
	w := b.do("GET", "/visit?n=1")
	wantBody(t, w, 200, "page")
	if w.Header().Get("ETag") != "" || w.Header().Get("Set-Cookie") == "" {
		t.Errorf("header %v", w.Header())
	}
	b.tag = plain.tag
	wantBody(t, b.do("GET", "/visit?n=1"), 304) // nothing has changed
}

func TestNoTagBesideANonce(t *testing.T) {
	app, _ := flashApp(t)
	b := &tab{h: app}
	b.do("GET", "/nonce?plain=1")
	if b.tag == "" {
		t.Fatal("no tag without a nonce")
	}
	w := b.do("GET", "/nonce")
	if w.Code != 200 || w.Header().Get("ETag") != "" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "'nonce-"+strings.TrimSpace(w.Body.String())+"'") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestFlashWithoutRoomIsCutWithAWarning(t *testing.T) {
	app, log := flashApp(t)
	app.Post("/long", func(c *dram.Context) error {
		c.Flash("error", strings.Repeat("long ", 1000))
		return c.NoContent()
	})
	b := &tab{h: app}
	if w := b.do("POST", "/long"); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	line := log.last(t, "flash messages had no room in the session")
	if at, _ := line["at"].(string); line["level"] != "WARN" || !strings.HasPrefix(at, "flash_test.go:") || line["id"] == "" {
		t.Errorf("log %v", line)
	}
	wantBody(t, b.do("GET", "/late"), 200, "[long long", "…]")
}
