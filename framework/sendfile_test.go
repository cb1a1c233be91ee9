package dram_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func fileApp(t *testing.T) (app *dram.App, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"a.png": "0123456789", "page.html": "<script>", "x": "<html>", "noext": "plain text", "a.svg": "<svg/>", "a.pdf": "%PDF-1.7", "data.bin": "\x00\x01",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	app, _ = newApp(t, config.Test, nil)
	app.Get("/{name}", func(c *dram.Context) error {
		f, err := os.Open(filepath.Join(dir, c.Param("name")))
		if errors.Is(err, fs.ErrNotExist) {
			return dram.NotFound("").Wrap(err)
		}
		if err != nil {
			return err
		}
		return c.SendFile(f)
	})
	app.Get("/as/{name}", func(c *dram.Context) error {
		f, err := os.Open(filepath.Join(dir, "page.html"))
		if err != nil {
			return err
		}
		c.Writer.Header().Set("Content-Type", "text/csv")
		if err := c.Attachment(`C:\dir\` + c.Param("name")).SendFile(f); err != nil {
			return err
		}
		if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the file is still open: %v", err)
		}
		return nil
	})
	return app, dir
}

func TestSendFile(t *testing.T) {
	app, dir := fileApp(t)
	for path, want := range map[string][3]string{
		"/a.png":         {"0123456789", "image/png", ""},
		"/page.html":     {"<script>", "text/html; charset=utf-8", "attachment"},
		"/x":             {"<html>", "text/html; charset=utf-8", "attachment"},
		"/noext":         {"plain text", "text/plain; charset=utf-8", "attachment"},
		"/a.pdf":         {"%PDF-1.7", "application/pdf", "attachment"},
		"/a.svg":         {"<svg/>", "image/svg+xml", "attachment"},
		"/data.bin":      {"\x00\x01", "application/octet-stream", "attachment"},
		"/as/r.csv":      {"<script>", "text/csv", "attachment; filename=r.csv"},
		"/as/보고.csv":     {"<script>", "text/csv", "attachment; filename*=utf-8''%EB%B3%B4%EA%B3%A0.csv"},
		"/as/a%22b.csv":  {"<script>", "text/csv", `attachment; filename="a\"b.csv"`},
		"/as/a%0D%0Ab.c": {"<script>", "text/csv", "attachment; filename*=utf-8''a%0D%0Ab.c"},
	} {
		w := get(app, path)
		wantBody(t, w, 200)
		header := w.Header()
		if got := [3]string{w.Body.String(), header.Get("Content-Type"), header.Get("Content-Disposition")}; got != want {
			t.Errorf("%s: %q", path, got)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("X-Sendfile") != "" {
			t.Errorf("%s: %v", path, header)
		}
	}
	wantBody(t, get(app, "/none"), 404)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	wantBody(t, do(app, httptest.NewRequest("GET", "/sub", nil)), 404, "is a directory")

	r := browser("GET", "/a.png", nil)
	r.Header.Set("Range", "bytes=2-4")
	w := do(app, r)
	wantBody(t, w, 206, "234")
	r = browser("GET", "/a.png", nil)
	r.Header.Set("If-Modified-Since", w.Header().Get("Last-Modified"))
	if w = do(app, r); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("a known file: %d %q", w.Code, w.Body)
	}
}

func TestSendContent(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/", func(c *dram.Context) error {
		return c.SendContent("a.txt", time.Time{}, bytes.NewReader([]byte("text")))
	})
	app.Get("/zip", func(c *dram.Context) error {
		return c.SendFile(noSeek{})
	})
	w := get(app, "/")
	wantBody(t, w, 200, "text")
	if w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("Last-Modified") != "" {
		t.Errorf("%v", w.Header())
	}
	wantBody(t, do(app, httptest.NewRequest("GET", "/zip", nil)), 500, "dram_test.noSeek cannot seek")
}

// noSeek is a file as an archive has them.
type noSeek struct{ fs.File }

func (noSeek) Stat() (fs.FileInfo, error) { return os.Stat("doc.go") }
func (noSeek) Close() error               { return nil }

// frontWriter is the ResponseWriter of a worker whose front sends the files of
// a directory.
type frontWriter struct {
	http.ResponseWriter
	dir string
}

func (w frontWriter) SendsFile(path string) bool { return filepath.Dir(path) == w.dir }

func TestSendFileHandsOverToAFrontThatAsksForIt(t *testing.T) {
	app, dir := fileApp(t)
	for _, sends := range []string{dir, t.TempDir()} {
		w := httptest.NewRecorder()
		app.ServeHTTP(frontWriter{w, sends}, browser("GET", "/page.html", nil))
		header := w.Header()
		if sends != dir {
			if header.Get("X-Sendfile") != "" || w.Body.String() != "<script>" {
				t.Errorf("handed over to a front that cannot: %v", header)
			}
			continue
		}
		if header.Get("X-Sendfile") != filepath.Join(dir, "page.html") || w.Body.Len() != 0 {
			t.Errorf("not handed over: %v %q", header, w.Body)
		}
		if header.Get("Content-Disposition") != "attachment" || header.Get("Last-Modified") == "" {
			t.Errorf("header %v", header)
		}
	}
	r := browser("GET", "/page.html", nil)
	r.Header.Set("X-Sendfile-Type", "X-Sendfile") // anybody can say that
	if w := do(app, r); w.Header().Get("X-Sendfile") != "" {
		t.Error("a client made the app name a file")
	}
}

func TestOnlySinglePictureTypesAreShown(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/", func(c *dram.Context) error {
		c.Writer.Header().Set("Content-Type", c.Query("type"))
		if kind := c.Query("kind"); kind != "" {
			c.Writer.Header().Set("Content-Disposition", kind)
		}
		return c.SendContent("", time.Time{}, bytes.NewReader([]byte("<script>")))
	})
	for _, tt := range []struct{ media, kind, disposition, policy string }{
		{"image/png", "", "", "sandbox"},
		{"IMAGE/JPEG; a=b", "", "", "sandbox"},
		{"image/png,text/html", "", "attachment", ""},
		{"image/svg+xml,text/xml", "", "attachment", ""},
		{"image/png text/html", "", "attachment", ""},
		{"image/png; a=\"b\", text/html", "", "attachment", ""},
		{"image/x+xml", "", "attachment", ""},
		{"image/heic", "", "attachment", ""},
		{"application/pdf", "inline", "inline", ""},
		{"text/plain", "inline", "inline", "sandbox"},
	} {
		header := get(app, "/?type="+url.QueryEscape(tt.media)+"&kind="+tt.kind).Header()
		if got := header.Get("Content-Disposition"); got != tt.disposition {
			t.Errorf("%q: disposition %q", tt.media, got)
		}
		policy := header.Get("Content-Security-Policy")
		if tt.policy != "" && policy != tt.policy || tt.policy == "" && policy == "sandbox" {
			t.Errorf("%q: policy %q", tt.media, policy)
		}
	}
}
