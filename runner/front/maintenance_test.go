package front

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// browse gets a page as a browser or a program does.
func (s *site) browse(path, accept, languages string) reply {
	s.t.Helper()
	r := s.request("GET", path, nil)
	r.Header.Set("Accept", accept)
	if languages != "" {
		r.Header.Set("Accept-Language", languages)
	}
	return s.do(r)
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestMaintenance(t *testing.T) {
	s := newSite(t, nil)
	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"site.css": "a{}"})
	s.add(text("served"))
	s.closed = &control.Maintenance{Since: time.Now(), Message: "Back at <ten>", RetryAfter: 90*time.Second + time.Millisecond}
	s.table()
	r := s.browse("/a", browser, "en")
	if r.StatusCode != 503 || r.Header.Get("Retry-After") != "91" || !strings.Contains(r.body, "Back at &lt;ten&gt;") ||
		!strings.Contains(r.body, "Back soon") || !strings.Contains(r.body, r.Header.Get("X-Request-Id")) || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v\n%s", r.StatusCode, r.Header, r.body)
	}
	s.wantLog("/a", map[string]any{"status": 503, "reason": "maintenance", "worker": nil})
	if r := s.browse("/b", "application/json", "ko"); r.StatusCode != 503 || !strings.Contains(r.body, `"title":"점검 중입니다"`) {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
	if r := s.do(s.request("POST", "/c", strings.NewReader("x"))); r.StatusCode != 503 || !strings.HasPrefix(r.body, "Back soon. Back at <ten> (") {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
	s.want(s.get("/static/site.css"), 200, "a{}") // the page may need it
	if r := s.get("/static/none.css"); r.StatusCode != 503 {
		t.Errorf("a worker was asked for a file: %d", r.StatusCode)
	}
	s.want(s.get("/livez"), 200, "ok\n")
	s.want(s.get("/readyz"), 200, "ok\n")

	s.closed = &control.Maintenance{Allow: []string{"10.0.0.0/8", "127.0.0.1"}}
	s.table()
	s.want(s.get("/"), 200, "served")
	s.closed = &control.Maintenance{Allow: []string{"10.0.0.0/8"}}
	s.table()
	if r := s.get("/"); r.StatusCode != 503 || r.Header.Get("Retry-After") != "300" {
		t.Errorf("%d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	s.closed = nil
	s.table()
	s.want(s.get("/"), 200, "served")
}

func TestErrorPagesOfTheApp(t *testing.T) {
	s := newSite(t, func(l *limits) { l.hold = time.Millisecond })
	store := t.TempDir()
	s.assets, _ = publish(t, store, "1", map[string]string{
		"errors/503.html": "fallback {{id}} {{status}} {{title}} {{text}}", "errors/503.ko.html": "ko {{title}}", "errors/503.pt-BR.html": "pt {{id}}",
		"errors/4xx.html": "no: {{status}}", "errors/maintenance.html": "closed: {{text}}",
		"errors/502.html": strings.Repeat("x", maxPage+1), "errors/x.html": "x", "errors/303.html": "x", "other/504.html": "x",
	})
	s.table()
	s.logLine("error page of the app") // that is too large
	for languages, want := range map[string]string{
		"":               "fallback ID 503 One moment, please The application is starting or very busy. Please try again in a few seconds.",
		"ko-KR,ko;q=0.9": "ko 잠시만 기다려 주세요", "fr,pt;q=0.5": "pt ID", "ja": "fallback ID 503 One moment, please The application is starting or very busy. Please try again in a few seconds.",
	} {
		r := s.browse("/", browser, languages)
		if got := strings.ReplaceAll(r.body, r.Header.Get("X-Request-Id"), "ID"); r.StatusCode != 503 || got != want {
			t.Errorf("%s: %d %q, want %q", languages, r.StatusCode, got, want)
		}
		if r.Header.Get("Content-Security-Policy") != pageCSP || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%v", r.Header)
		}
	}
	if r := s.browse("/", "application/json", ""); r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%v", r.Header)
	}
	large := s.request("POST", "/", strings.NewReader(strings.Repeat("x", 11<<20)))
	large.Header.Set("Accept", browser)
	s.want(s.do(large), 413, "no: 413")
	s.closed = &control.Maintenance{Message: "<b>"}
	s.table()
	s.want(s.browse("/", browser, "ko"), 503, "closed: &lt;b&gt;")
	s.closed = nil

	// What cannot be read takes nothing away; an app without files has none.
	s.assets = &control.Assets{Store: store, Manifest: store + "/none"}
	s.table()
	if r := s.browse("/", browser, "ko"); r.body != "ko 잠시만 기다려 주세요" {
		t.Errorf("%q", r.body)
	}
	s.assets = nil
	s.table()
	if r := s.browse("/", browser, "ko"); !strings.Contains(r.body, "<!doctype html>") {
		t.Errorf("%q", r.body)
	}
}

// TestAClosedSiteServesNoDirectory: what a page of the app needs is below
// /static/; downloads are part of what is closed.
func TestAClosedSiteServesNoDirectory(t *testing.T) {
	conf := config.Default(t.TempDir())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf.Static.Directories = map[string]config.Directory{"files": {Prefix: "/files/", Path: dir}}
	s := newSiteOf(t, conf, nil)
	s.want(s.get("/files/a.txt"), 200, "a file")
	s.closed = &control.Maintenance{}
	s.table()
	if r := s.get("/files/a.txt"); r.StatusCode != 503 {
		t.Errorf("%d %q", r.StatusCode, r.body)
	}
}

// TestWhoFindsAClosedSiteOpen: an address is the same however a socket, or a
// proxy, writes it.
func TestWhoFindsAClosedSiteOpen(t *testing.T) {
	c := closureOf(&control.Maintenance{Allow: []string{"192.0.2.0/24", "fe80::1", "2001:db8::/32"}})
	for client, want := range map[string]bool{
		"192.0.2.9:1": true, "[::ffff:192.0.2.9]:1": true, "192.0.3.9:1": false, "[fe80::1%eth0]:1": true, "[fe80::2]:1": false,
		"[2001:db8:1::1]:1": true, "@": false, "": false,
	} {
		if got := c.open(&turn{client: client}); got != want {
			t.Errorf("%q finds it open: %v", client, got)
		}
	}
	if !closureOf(nil).open(&turn{}) {
		t.Error("an open site is closed")
	}
}
