package asset

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLiveFollowsTheDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "site.css")
	at := time.Now().Add(-time.Hour)
	save := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	live := Live(os.DirFS(dir))
	h := NewHandler(live)
	current := func() string {
		t.Helper()
		u, err := h.URLName("site.css")
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if _, err := h.URLName("site.css"); err == nil {
		t.Error("a file that is not there has a URL")
	}
	save("a{}")
	first := current()
	if w := do(h, "GET", first); w.Body.String() != "a{}" || w.Header().Get("Cache-Control") != cacheFixed {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}

	at = at.Add(time.Minute)
	save("b{}") // same size, later
	second := current()
	if second == first {
		t.Error("a later file has the same URL")
	}
	if w := do(h, "GET", second); w.Body.String() != "b{}" {
		t.Errorf("body %q", w.Body)
	}
	// The page was rendered before the file was saved: the new content, but
	// not to be kept under the old name.
	if w := do(h, "GET", first); w.Code != 200 || w.Body.String() != "b{}" || w.Header().Get("Cache-Control") != cachePlain {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}

	save("longer{}") // same time, other size
	if current() == second {
		t.Error("a longer file has the same URL")
	}

	// Saved twice within one tick of the file system's clock.
	at = time.Now()
	save("c{}")
	third := current()
	save("d{}")
	if current() == third {
		t.Error("the second of two quick saves is not seen")
	}

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if w := do(h, "GET", "/static/site.css"); w.Code != 404 {
		t.Errorf("a removed file: %d", w.Code)
	}
}

func TestLiveReadsUnchangedFilesOnce(t *testing.T) {
	files := site()
	for _, f := range files {
		f.ModTime = time.Now().Add(-time.Hour)
	}
	counting := &counter{FS: files}
	live := Live(counting)
	for range 3 {
		if _, err := live.URLName("css/site.css"); err != nil {
			t.Fatal(err)
		}
	}
	if counting.reads != 1 {
		t.Errorf("the file was read %d times, want once", counting.reads)
	}
}

// counter counts files that are read to their end.
type counter struct {
	fs.FS
	reads int
}

func (c *counter) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &counted{File: f, seeker: f.(io.Seeker), count: &c.reads}, nil
}

type counted struct {
	fs.File
	seeker io.Seeker
	count  *int
}

func (c *counted) Seek(offset int64, whence int) (int64, error) { return c.seeker.Seek(offset, whence) }

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	if err == io.EOF {
		*c.count++
	}
	return n, err
}
