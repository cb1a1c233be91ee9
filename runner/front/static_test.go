package front

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dram-go/dram/framework/asset"
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
