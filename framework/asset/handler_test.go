package asset

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// sources returns every kind of source over the same files.
func sources(t testing.TB, files fs.FS) map[string]Source {
	t.Helper()
	bundle, err := NewBundle(files)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Source{"bundle": bundle, "live": Live(files), "store": published1(t, files), "no seeker": slow(t, files)}
}

// slow is a bundle of files that can only be read forwards.
func slow(t testing.TB, files fs.FS) Source {
	t.Helper()
	bundle, err := NewBundle(forwards{files})
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

type forwards struct{ fs.FS }

func (f forwards) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if _, ok := file.(fs.ReadDirFile); ok {
		return file, nil
	}
	return struct{ fs.File }{file}, nil
}

const (
	cssURL  = "/static/css/site.15c42ab7768d.css"
	cssTag  = `"15c42ab7768d"`
	cssText = "body{color:red}"
)

func do(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	tests := []struct {
		name           string
		method, target string
		header         []string
		status         int
		body           string
		want           map[string]string // headers; "" means none
	}{
		{"fingerprinted", "GET", cssURL, nil, 200, cssText, map[string]string{
			"Content-Type": "text/css; charset=utf-8", "Cache-Control": cacheFixed, "Etag": cssTag, "Content-Length": "15", "Accept-Ranges": "bytes", "Last-Modified": ""}},
		{"plain", "GET", "/static/css/site.css", nil, 200, cssText, map[string]string{
			"Content-Type": "text/css; charset=utf-8", "Cache-Control": cachePlain, "Etag": cssTag}},
		{"query", "GET", cssURL + "?v=1", nil, 200, cssText, nil},
		{"HEAD", "HEAD", cssURL, nil, 200, "", map[string]string{"Content-Length": "15", "Etag": cssTag, "Cache-Control": cacheFixed}},
		{"no extension", "GET", "/static/LICENSE", nil, 200, "MIT", map[string]string{"Content-Type": "application/octet-stream"}},
		{"escaped", "GET", "/static/odd%20%231%3F50%25+.txt", nil, 200, "odd", nil},
		{"Korean", "GET", "/static/%EA%B7%B8%EB%A6%BC/%EC%86%8C%EC%A3%BC.svg", nil, 200, "<svg/>", map[string]string{"Content-Type": "image/svg+xml"}},
		{"escaped without need", "GET", "/static/c%73s/site.css", nil, 200, cssText, nil},

		{"If-None-Match", "GET", cssURL, []string{"If-None-Match", cssTag}, 304, "", map[string]string{"Etag": cssTag, "Cache-Control": cacheFixed, "Content-Length": ""}},
		{"If-None-Match, weak", "GET", cssURL, []string{"If-None-Match", "W/" + cssTag}, 304, "", nil},
		{"If-None-Match, one of several", "GET", cssURL, []string{"If-None-Match", `"x", ` + cssTag}, 304, "", nil},
		{"If-None-Match, star", "GET", cssURL, []string{"If-None-Match", "*"}, 304, "", nil},
		{"If-None-Match, other", "GET", cssURL, []string{"If-None-Match", `"x"`}, 200, cssText, nil},
		{"If-None-Match, HEAD", "HEAD", cssURL, []string{"If-None-Match", cssTag}, 304, "", nil},
		{"If-Match", "GET", cssURL, []string{"If-Match", cssTag}, 200, cssText, nil},
		{"If-Match, other", "GET", cssURL, []string{"If-Match", `"x"`}, 412, "", nil},
		{"If-Modified-Since means nothing without a date", "GET", cssURL, []string{"If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"}, 200, cssText, nil},

		{"range", "GET", cssURL, []string{"Range", "bytes=0-3"}, 206, "body", map[string]string{"Content-Range": "bytes 0-3/15", "Content-Length": "4", "Etag": cssTag}},
		{"range, open", "GET", cssURL, []string{"Range", "bytes=11-"}, 206, "red}", nil},
		{"range, last", "GET", cssURL, []string{"Range", "bytes=-4"}, 206, "red}", nil},
		{"range, HEAD", "HEAD", cssURL, []string{"Range", "bytes=0-3"}, 206, "", map[string]string{"Content-Length": "4"}},
		{"range, outside", "GET", cssURL, []string{"Range", "bytes=15-"}, 416, "*", map[string]string{"Content-Range": "bytes */15", "Etag": "", "Cache-Control": ""}},
		{"If-Range", "GET", cssURL, []string{"Range", "bytes=0-3", "If-Range", cssTag}, 206, "body", nil},
		{"If-Range, other", "GET", cssURL, []string{"Range", "bytes=0-3", "If-Range", `"x"`}, 200, cssText, nil},

		{"POST", "POST", cssURL, nil, 405, "*", map[string]string{"Allow": "GET, HEAD", "Etag": "", "Cache-Control": ""}},
		{"DELETE, plain", "DELETE", "/static/css/site.css", nil, 405, "*", map[string]string{"Allow": "GET, HEAD"}},
	}
	for kind, source := range sources(t, site()) {
		h := NewHandler(source)
		for _, tt := range tests {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				w := do(h, tt.method, tt.target, tt.header...)
				if w.Code != tt.status {
					t.Fatalf("status %d, want %d", w.Code, tt.status)
				}
				if tt.body != "*" && w.Body.String() != tt.body {
					t.Errorf("body %q, want %q", w.Body, tt.body)
				}
				if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
					t.Errorf("X-Content-Type-Options: %q", got)
				}
				for name, want := range tt.want {
					if got := w.Header().Get(name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
			})
		}
	}
}

func TestTwoRanges(t *testing.T) {
	for kind, source := range sources(t, site()) {
		w := do(NewHandler(source), "GET", cssURL, "Range", "bytes=0-3,11-13")
		if w.Code != 206 || !strings.HasPrefix(w.Header().Get("Content-Type"), "multipart/byteranges") {
			t.Errorf("%s: %d %s", kind, w.Code, w.Header())
		}
		if body := w.Body.String(); !strings.Contains(body, "bytes 11-13/15") || !strings.Contains(body, "\r\nred\r\n") {
			t.Errorf("%s: body %q", kind, body)
		}
	}
}

// TestMisses: TryServe touches nothing, ServeHTTP answers 404.
func TestMisses(t *testing.T) {
	files := site()
	files["a/b.css"] = &fstest.MapFile{Data: []byte("x")}
	targets := []string{
		"/", "/static", "/static/", "/css/site.css", "/STATIC/css/site.css",
		"/static/no.css", "/static/css/no.15c42ab7768d.css",
		"/static/css", "/static/css/", "/static/css/site.css/", "/static/css/site.css/x",
		"/static//css/site.css", "/static/css//site.css", "/static/./css/site.css",
		"/static/../static/css/site.css", "/static/css/../css/site.css", "/static/a/../css/site.css",
		"/static/..%2fstatic/css/site.css", "/static/css%2fsite.css", "/static/css%2Fsite.css", "/static%2fcss/site.css",
		"/static/%2e%2e/x", "/static/%2e%2e%2f%2e%2e%2fetc/passwd", "/static/css/%2e/site.css", "/static/%2e%2e%5cx",
		"/static/css%5csite.css", `/static/css\site.css`, "/static/css/site.css%00", "/static/css/site.css%00.txt", "/static/%00",
		"/static/css/site.css%0a", "/static/css/site.css%7f", "/static/%ff.css", "/static//etc/passwd", "/static/%2fetc/passwd",
		"/static/.DS_Store", "/static/.git/config", "/static/css/.site.swp", "/static/%2egit/config", "/static/.lock",
		"/static/../manifests/g1.json", "/static/.tmp-x",
	}
	for kind, source := range sources(t, files) {
		h := NewHandler(source)
		for _, target := range targets {
			for _, method := range []string{"GET", "POST"} {
				r := httptest.NewRequest(method, "/", nil)
				u, err := url.ParseRequestURI(target) // as net/http's server does
				if err != nil {
					t.Fatal(err)
				}
				r.URL = u
				w := httptest.NewRecorder()
				if h.TryServe(w, r) {
					t.Errorf("%s: %s %s is served: %d %q", kind, method, target, w.Code, w.Body)
				}
				if len(w.Header()) != 0 || w.Body.Len() != 0 {
					t.Errorf("%s: %s %s: a miss wrote %v %q", kind, method, target, w.Header(), w.Body)
				}
				h.ServeHTTP(w, r)
				if w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s: %s %s: %d %v", kind, method, target, w.Code, w.Header())
				}
			}
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	bundle, err := NewBundle(site())
	if err != nil {
		t.Fatal(err)
	}
	bundle.fsys = failing{}
	if w := do(NewHandler(bundle), "GET", cssURL); w.Code != 500 || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

type failing struct{}

func (failing) Open(string) (fs.File, error) { return nil, errDisk }

// TestEarlierGenerations: what a page of the generation before names is still
// there after a reload, plain names move on.
func TestEarlierGenerations(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	h := NewHandler(s)
	if w := do(h, "GET", "/static/app.js"); w.Code != 404 {
		t.Errorf("before any generation: %d", w.Code)
	}
	var urls []string
	for i, generation := range []string{"g1", "g2"} {
		m, err := Publish(manyFiles(i), dir, generation)
		if err != nil {
			t.Fatal(err)
		}
		s.Use(m)
		u, err := h.URLName("app.js")
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, u)
		if w := do(h, "GET", "/static/app.js"); w.Body.String() != string(manyFiles(i)["app.js"].Data) {
			t.Errorf("plain name in %s: %q", generation, w.Body)
		}
	}
	w := do(h, "GET", urls[0])
	if w.Code != 200 || w.Body.String() != "generation 0" || w.Header().Get("Cache-Control") != cacheFixed ||
		w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%s: %d %q %v", urls[0], w.Code, w.Body, w.Header())
	}
	tag := w.Header().Get("ETag")
	if w := do(h, "GET", urls[0], "If-None-Match", tag); w.Code != 304 {
		t.Errorf("revalidated: %d", w.Code)
	}
	m, err := s.Manifest("g1")
	if err != nil {
		t.Fatal(err)
	}
	if tag != m.Files["app.js"].ETag() {
		t.Errorf("ETag %s of an earlier generation was %s in its own", tag, m.Files["app.js"].ETag())
	}
	// Another generation's fingerprint of an embedded file: the content is not here.
	bundle, err := NewBundle(manyFiles(1))
	if err != nil {
		t.Fatal(err)
	}
	if w := do(NewHandler(bundle), "GET", urls[0]); w.Code != 404 {
		t.Errorf("bundle serves other content under a fingerprint: %d %q", w.Code, w.Body)
	}
}

// TestSwapWhileServing is for the race detector.
func TestSwapWhileServing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	h := NewHandler(s)
	var manifests []*Manifest
	for i := range 2 {
		m, err := Publish(manyFiles(i), dir, "g"+string(rune('0'+i)))
		if err != nil {
			t.Fatal(err)
		}
		manifests = append(manifests, m)
	}
	s.Use(manifests[0])
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 200 {
			s.Use(manifests[i%2])
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if w := do(h, "GET", "/static/app.js"); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "generation ") {
					t.Errorf("%d %q", w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
}

// TestRealServer sends files through a real connection, where sendfile is used.
func TestRealServer(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), []byte(big), 0o644); err != nil {
		t.Fatal(err)
	}
	for kind, source := range sources(t, os.DirFS(dir)) {
		server := httptest.NewServer(NewHandler(source))
		res, err := http.Get(server.URL + "/static/big.bin")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != big {
			t.Errorf("%s: %d bytes, %v", kind, len(body), err)
		}
		server.Close()
	}
}

func FuzzRequestName(f *testing.F) {
	for _, path := range []string{"/static/a", "/static/..%2f", "/static/%00", "/static/a%2fb", "/static/%5c"} {
		f.Add(path)
	}
	h := NewHandler(Live(os.DirFS(".")))
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest("GET", "/", nil)
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r.URL = u
		if name, ok := requestName(u); ok && (!fs.ValidPath(name) || strings.Contains(name, `\`)) {
			t.Fatalf("%q asks for %q", path, name)
		}
		h.TryServe(httptest.NewRecorder(), r)
	})
}
