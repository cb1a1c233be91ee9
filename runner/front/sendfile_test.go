package front

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// newUploads is a site whose workers may name the files of a directory.
func newUploads(t *testing.T, engine newEngine) (s *site, dir string) {
	t.Helper()
	dir = t.TempDir()
	s = newSite(t, func(l *limits) { l.engine = engine })
	conf := config.Default("/srv")
	conf.Static.Sendfile = []string{filepath.Join(dir, "uploads"), filepath.Join(dir, "other")}
	s.reread = func(control.Settings) (*config.Config, error) { return conf, nil }
	s.settle(true)
	for _, name := range []string{"uploads", "other", "secrets"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s, dir
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

func TestSendfile(t *testing.T) {
	for name, engine := range map[string]newEngine{"h1": newLoop, "net/http": newLibrary} {
		t.Run(name, func(t *testing.T) { testSendfile(t, engine) })
	}
}

func testSendfile(t *testing.T, engine newEngine) {
	s, dir := newUploads(t, engine)
	large := strings.Repeat("0123456789", 100_000)
	file := filepath.Join(dir, "uploads", "a.txt")
	writeFile(t, file, large)
	asked := make(chan http.Header, 100)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header
		h := w.Header()
		h.Set("X-Sendfile", file)
		h.Set("Content-Type", "application/x-mine")
		h.Set("Content-Disposition", `attachment; filename="b.txt"`)
		h.Set("Cache-Control", "private")
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		if r.URL.Path == "/tagged" {
			h.Set("ETag", `"mine"`)
		}
		io.WriteString(w, r.URL.Query().Get("body")) // not for the client
	})
	ask := func(method, path string, fields ...string) reply {
		t.Helper()
		r := s.request(method, path, nil)
		for i := 0; i < len(fields); i += 2 {
			r.Header.Set(fields[i], fields[i+1])
		}
		return s.do(r)
	}
	wantFile := func(r reply, status int, body string) {
		t.Helper()
		if r.StatusCode != status || r.body != body || r.err != nil {
			t.Fatalf("%d, %d octets, %v; want %d, %d octets", r.StatusCode, len(r.body), r.err, status, len(body))
		}
		if len(r.Header["X-Sendfile"]) > 0 || len(r.Header["X-Request-Id"]) != 1 || len(r.Header["Date"]) != 1 || len(r.Header["Set-Cookie"]) != 2 {
			t.Errorf("header %v", r.Header)
		}
	}
	r := ask("GET", "/file?body=not+this", "X-Sendfile-Type", "X-Sendfile", "X-Accel-Mapping", "/=/")
	wantFile(r, 200, large)
	for name, want := range map[string]string{
		"Content-Type": "application/x-mine", "Content-Disposition": `attachment; filename="b.txt"`, "Cache-Control": "private",
		"Content-Length": "1000000", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if h := <-asked; h.Get("X-Sendfile-Type") != "" || h.Get("X-Accel-Mapping") != "" {
		t.Errorf("the worker got %v", h)
	}
	tag, modified := r.Header.Get("ETag"), r.Header.Get("Last-Modified")
	if !strings.HasPrefix(tag, `"`) || modified == "" {
		t.Fatalf("validators %q %q", tag, modified)
	}
	wantFile(ask("GET", "/file", "If-None-Match", tag), 304, "")
	wantFile(ask("GET", "/file", "If-Modified-Since", modified), 304, "")
	wantFile(ask("GET", "/file", "Range", "bytes=3-5", "If-Range", tag), 206, "345")
	wantFile(ask("GET", "/file", "Range", "bytes=-1"), 206, "9")
	wantFile(ask("GET", "/file", "Range", "bytes=1000000-"), 416, "")
	wantFile(ask("GET", "/file", "If-Match", `"other"`), 412, "")
	wantFile(ask("GET", "/tagged", "If-None-Match", `"mine"`), 304, "")
	wantFile(ask("HEAD", "/file"), 200, "")
	wantFile(ask("POST", "/file", "If-None-Match", tag, "Range", "bytes=0-1"), 200, large) // conditions of a POST were the app's to judge
	wantFile(ask("GET", "/file?body="+strings.Repeat("x", 7000)), 200, large)
	s.wantLog("/file", map[string]any{"status": 200, "bytes": len(large), "worker": 1})
}

// TestSendfileStaysWithinItsRoots, whatever a worker names.
func TestSendfileStaysWithinItsRoots(t *testing.T) {
	s, dir := newUploads(t, newLoop)
	writeFile(t, filepath.Join(dir, "uploads", "a"), "a")
	writeFile(t, filepath.Join(dir, "other", "b"), "b")
	writeFile(t, filepath.Join(dir, "secrets", "c"), "secret")
	for name, target := range map[string]string{"out": "../secrets/c", "absolute": filepath.Join(dir, "secrets", "c"), "in": "a"} {
		if err := os.Symlink(target, filepath.Join(dir, "uploads", name)); err != nil {
			t.Fatal(err)
		}
	}
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Sendfile", strings.ReplaceAll(r.URL.Query().Get("name"), "DIR", dir))
		switch r.URL.Path {
		case "/status":
			w.WriteHeader(http.StatusAccepted)
		}
		io.WriteString(w, "own")
	})
	for name, want := range map[string]int{
		"DIR/uploads/a": 200, "DIR/other/b": 200, "DIR/uploads/in": 200,
		"DIR/uploads/none": 404, "DIR/uploads": 500, "DIR/uploads/": 500,
		"DIR/secrets/c": 500, "DIR/uploads/out": 500, "DIR/uploads/absolute": 500, "DIR/uploads/../secrets/c": 500,
		"DIR/uploadsX": 500, "/etc/passwd": 500, "uploads/a": 500, "DIR/uploads//a": 500,
	} {
		r := s.get("/?name=" + name)
		if r.StatusCode != want || strings.Contains(r.body, "secret") || len(r.Header["X-Sendfile"]) > 0 {
			t.Errorf("%s: %d %.60q, want %d", name, r.StatusCode, r.body, want)
		}
	}
	// It has no meaning with another status, and without roots; nor is it shown.
	r := s.get("/status?name=DIR/uploads/a")
	s.want(r, 202, "own")
	if len(r.Header["X-Sendfile"]) > 0 {
		t.Error("a client sees X-Sendfile")
	}
	s.reread = func(control.Settings) (*config.Config, error) { return config.Default("/srv"), nil }
	s.settle(true)
	if r := s.get("/?name=DIR/uploads/a"); r.StatusCode != 500 || len(r.Header["X-Sendfile"]) > 0 {
		t.Errorf("without roots: %d %v", r.StatusCode, r.Header)
	}
}

// TestWorkersAreToldWhichFilesTheFrontSends, by a fact of each request.
func TestWorkersAreToldWhichFilesTheFrontSends(t *testing.T) {
	s, dir := newUploads(t, newLoop)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		sender, ok := w.(interface{ SendsFile(path string) bool })
		if ok && sender.SendsFile(filepath.Join(dir, r.URL.Path)) {
			io.WriteString(w, "yes")
		}
	})
	s.want(s.get("/uploads/a"), 200, "yes")
	s.want(s.get("/other/a/b"), 200, "yes")
	s.want(s.get("/secrets/a"), 200, "")
}
