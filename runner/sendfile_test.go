package runner

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
)

// newSender answers with files of its directory, in the words of an app.
func newSender() http.Handler {
	app := dram.New(nil, nil)
	app.SetLog(slog.New(slog.DiscardHandler))
	app.Get("/send/{dir}/{name}", func(c *dram.Context) error {
		path := filepath.Join(c.Param("dir"), c.Param("name"))
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		if c.Query("removed") != "" { // as soon as it was handed over
			defer os.Remove(path)
		}
		return c.SendFile(file)
	})
	app.Get("/name", func(c *dram.Context) error { // whatever one asks for, without a look
		c.Writer.Header().Set("X-Sendfile", c.Query("path"))
		return c.Text("own")
	})
	return app
}

// senderSite is a tree whose front sends the files of uploads, for an app that
// also has some elsewhere.
func senderSite(t *testing.T) (*site, *running) {
	t.Helper()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[static]\nsendfile = [\"uploads\"]\n")
	for _, dir := range []string{"uploads", "private"} {
		if err := os.Mkdir(filepath.Join(s.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		s.upload(dir, "a.txt", []byte("0123456789 of "+dir))
	}
	return s, s.start("serve", "--listen", "127.0.0.1:0")
}

// upload writes a file as one that is not new any more.
func (s *site) upload(dir, name string, content []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		s.t.Fatal(err)
	}
}

// ask makes a request and returns the answer, which is open.
func (r *running) ask(method, path string, fields ...string) *http.Response {
	r.t.Helper()
	q, err := http.NewRequest(method, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		q.Header.Set(fields[i], fields[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestSendFileThroughATree(t *testing.T) {
	t.Parallel()
	s, r := senderSite(t)
	want := func(resp *http.Response, status int, body string) *http.Response {
		t.Helper()
		got, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status || string(got) != body {
			t.Errorf("%d %.100q, %v; want %d %q", resp.StatusCode, got, err, status, body)
		}
		if resp.Header.Get("X-Sendfile") != "" {
			t.Error("a client sees X-Sendfile")
		}
		return resp
	}
	const path, content = "/send/uploads/a.txt", "0123456789 of uploads"
	whole := want(r.ask("GET", path), 200, content)
	tag, modified := whole.Header.Get("ETag"), whole.Header.Get("Last-Modified")
	if !strings.HasPrefix(tag, `"`) || modified == "" || whole.Header.Get("Accept-Ranges") != "bytes" ||
		whole.Header.Get("Content-Disposition") != "attachment" || whole.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("header %v", whole.Header)
	}
	if head := want(r.ask("HEAD", path), 200, ""); head.ContentLength != int64(len(content)) || head.Header.Get("ETag") != tag {
		t.Errorf("HEAD: length %d, %v", head.ContentLength, head.Header)
	}
	part := want(r.ask("GET", path, "Range", "bytes=2-4", "If-Range", tag), 206, "234")
	if part.Header.Get("Content-Range") != "bytes 2-4/21" {
		t.Errorf("header %v", part.Header)
	}
	want(r.ask("GET", path, "Range", "bytes=21-"), 416, "")
	want(r.ask("GET", path, "If-None-Match", tag), 304, "")
	want(r.ask("GET", path, "If-Modified-Since", modified), 304, "")

	// Elsewhere the worker sends: a tag of the file's time is the front's.
	if own := want(r.ask("GET", "/send/private/a.txt"), 200, "0123456789 of private"); own.Header.Get("ETag") != "" {
		t.Error("the front sends a file of private")
	}
	if err := os.Symlink("../private/a.txt", filepath.Join(s.dir, "uploads", "out")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/send/uploads/out", "/name?path=" + s.dir + "/private/a.txt", "/name?path=" + s.dir + "/uploads/../private/a.txt", "/name?path=/etc/passwd", "/name?path=uploads/a.txt"} {
		resp := r.ask("GET", path)
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 500 || bytes.Contains(body, []byte("private")) || resp.Header.Get("X-Sendfile") != "" {
			t.Errorf("%s: %d %.100q, %v", path, resp.StatusCode, body, err)
		}
	}
	s.await("the log says so", func() bool {
		return strings.Contains(r.logText(), "a worker named a file that no directory of static.sendfile has")
	})
	want(r.ask("GET", "/name?path="+s.dir+"/uploads/a.txt"), 200, content)
	r.stop()
}

// TestSendFileOfAFileThatGoes: one that is gone before the front opens it is
// not found, and one that goes while it is sent is sent to its end.
func TestSendFileOfAFileThatGoes(t *testing.T) {
	t.Parallel()
	s, r := senderSite(t)
	s.upload("uploads", "brief.txt", []byte("brief"))
	if resp := r.ask("GET", "/send/uploads/brief.txt?removed=yes"); resp.StatusCode != 404 {
		t.Errorf("a file that is gone: %s", resp.Status)
	}
	content := make([]byte, 32<<20) // more than fits between two sockets
	for i := range content {
		content[i] = byte(i>>16 ^ i>>8 ^ i)
	}
	s.upload("uploads", "large.bin", content)
	resp := r.ask("GET", "/send/uploads/large.bin")
	first := make([]byte, 1000)
	if _, err := io.ReadFull(resp.Body, first); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s, %v", resp.Status, err)
	}
	if err := os.Remove(filepath.Join(s.dir, "uploads", "large.bin")); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(append(first, rest...), content) {
		t.Errorf("%d octets of %d, %v", len(first)+len(rest), len(content), err)
	}
	if resp := r.ask("GET", "/send/uploads/large.bin"); resp.StatusCode == 200 {
		t.Errorf("a file that is gone: %s", resp.Status)
	}
	r.stop()
}
