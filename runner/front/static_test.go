package front

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// publish puts files into a store as a generation and returns its names.
func publish(t *testing.T, store, generation string, files map[string]string) (*control.Assets, *asset.Manifest) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	m, err := asset.Publish(fsys, store, generation)
	if err != nil {
		t.Fatal(err)
	}
	return &control.Assets{Store: store, Manifest: filepath.Join(store, "manifests", generation+".json")}, m
}

func TestStaticFiles(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "worker says no", http.StatusNotFound) })
	miss := func(path string) {
		t.Helper()
		s.want(s.get(path), 404, "worker says no\n")
	}
	miss("/static/early.css") // before there is a store
	s.wantLog("/static/early.css", map[string]any{"status": 404, "worker": 1})

	store := t.TempDir()
	var first *asset.Manifest
	s.assets, first = publish(t, store, "1", map[string]string{"site.css": "a{}", "big.bin": strings.Repeat("x", 3<<20)})
	s.table()
	r := s.get("/static/site.css")
	s.want(r, 200, "a{}")
	if r.Header.Get("Content-Type") != "text/css; charset=utf-8" || r.Header.Get("ETag") == "" {
		t.Errorf("header %v", r.Header)
	}
	s.wantLog("/static/site.css", map[string]any{"status": 200, "bytes": 3, "worker": nil})
	again := s.request("GET", "/static/site.css", nil)
	again.Header.Set("If-None-Match", r.Header.Get("ETag"))
	s.want(s.do(again), 304, "")
	if r := s.get("/static/big.bin"); len(r.body) != 3<<20 || r.err != nil {
		t.Errorf("%d bytes, %v", len(r.body), r.err)
	}
	s.want(s.do(s.request("HEAD", "/static/big.bin", nil)), 200, "")
	if r := s.do(s.request("POST", "/static/site.css", strings.NewReader("x"))); r.StatusCode != 405 {
		t.Errorf("POST: %d", r.StatusCode)
	}
	part := s.request("GET", "/static/big.bin", nil)
	part.Header.Set("Range", "bytes=1-5")
	if r := s.do(part); r.StatusCode != 206 || r.body != "xxxxx" {
		t.Errorf("range: %d, %d bytes, %v", r.StatusCode, len(r.body), r.Header)
	}
	miss("/static/other.css")
	miss("/static/../secret")
	miss("/other")

	// The next generation; the fingerprinted name of the last one stays.
	s.assets, _ = publish(t, store, "2", map[string]string{"site.css": "b{}"})
	s.table()
	s.want(s.get("/static/site.css"), 200, "b{}")
	old, _ := first.URLName("site.css")
	s.want(s.get(old), 200, "a{}")

	// A manifest that cannot be read changes nothing.
	s.assets = &control.Assets{Store: store, Manifest: filepath.Join(store, "none.json")}
	s.table()
	s.want(s.get("/static/site.css"), 200, "b{}")
	s.assets = nil
	s.table()
	miss("/static/site.css")
}

// TestStaticDirectories are served beside the app's own files, and change with
// the settings while connections stay open.
func TestStaticDirectories(t *testing.T) {
	for name, engine := range map[string]newEngine{"h1": newLoop, "net/http": newLibrary} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(l *limits) { l.engine = engine })
			s.add(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "worker") })
			s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"site.css": "a{}"})
			s.table()
			media, site := t.TempDir(), t.TempDir()
			large := strings.Repeat("0123456789", 20_000)
			writeFile(t, filepath.Join(media, "a.txt"), "media")
			writeFile(t, filepath.Join(media, "large.txt"), large)
			writeFile(t, filepath.Join(site, "index.html"), "index")
			writeFile(t, filepath.Join(site, "robots.txt"), "robots")
			conf := config.Default("/srv")
			conf.Static.Directories = map[string]config.Directory{
				"media": {Prefix: "/media/", Path: media, MaxAge: time.Minute},
				"site":  {Prefix: "/", Path: site, Index: "index.html"},
			}
			s.reread = func(control.Settings) (*config.Config, error) { return conf, nil }
			s.want(s.get("/media/a.txt"), 200, "worker")
			s.settle(true)
			for path, want := range map[string]string{
				"/media/a.txt": "media", "/media/large.txt": large, "/": "index", "/robots.txt": "robots", "/static/site.css": "a{}",
				"/media/none": "worker", "/none": "worker", "/static/none.css": "worker",
			} {
				s.want(s.get(path), 200, want)
			}
			part := s.request("GET", "/media/large.txt", nil)
			part.Header.Set("Range", "bytes=0-0,-1")
			if r := s.do(part); r.StatusCode != 206 || !strings.Contains(r.body, "Content-Range: bytes 0-0/200000\r\n\r\n0\r\n") || r.err != nil {
				t.Errorf("two ranges: %d %q, %v", r.StatusCode, r.body, r.err)
			}

			// What is not there is a fault, and the settings stay.
			other := *conf
			other.Static.Directories = map[string]config.Directory{
				"x": {Prefix: "/x/", Path: "/none/x"}, "y": {Prefix: "/y/", Path: filepath.Join(media, "a.txt")},
			}
			s.reread = func(control.Settings) (*config.Config, error) { return &other, nil }
			if faults := s.settle(true); !strings.Contains(faults, "static.directories.x.path: /none/x is no directory that can be read") || !strings.Contains(faults, "static.directories.y.path: ") {
				t.Errorf("faults %s", faults)
			}
			s.want(s.get("/media/a.txt"), 200, "media")
			s.reread = func(control.Settings) (*config.Config, error) { return config.Default("/srv"), nil }
			s.settle(true)
			s.want(s.get("/media/a.txt"), 200, "worker")
			s.want(s.get("/static/site.css"), 200, "a{}")
		})
	}
}

// TestFileThatShrinksWhileItIsSent cuts the connection: the client must not
// take a part for the whole.
func TestFileThatShrinksWhileItIsSent(t *testing.T) {
	for name, engine := range map[string]newEngine{"h1": newLoop, "net/http": newLibrary} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(l *limits) { l.engine = engine })
			dir := t.TempDir()
			file := filepath.Join(dir, "a.bin")
			writeFile(t, file, strings.Repeat("x", 64<<20))
			conf := config.Default("/srv")
			conf.Static.Directories = map[string]config.Directory{"all": {Prefix: "/", Path: dir}}
			s.reread = func(control.Settings) (*config.Config, error) { return conf, nil }
			s.settle(true)
			r, err := s.client.Do(s.request("GET", "/a.bin", nil))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if err := os.Truncate(file, 1000); err != nil { // far more than buffers hold is still to come
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, r.Body)
			if !errors.Is(err, io.ErrUnexpectedEOF) || n >= 64<<20 {
				t.Errorf("%d octets, %v", n, err)
			}
		})
	}
}
