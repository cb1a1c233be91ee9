package static

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// reply is a Response that is kept.
type reply struct {
	status  int
	header  http.Header
	length  int64
	body    bytes.Buffer
	aborted bool
	sent    func() // called before each SendFile
}

func (r *reply) StartPrepared(status int, fields []byte, length int64) {
	text := textproto.NewReader(bufio.NewReader(strings.NewReader(string(fields) + "\r\n")))
	header, err := text.ReadMIMEHeader()
	if err != nil {
		panic(err)
	}
	r.status, r.header, r.length = status, http.Header(header), length
}

func (r *reply) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *reply) SendFile(f *os.File, offset, n int64) (int64, error) {
	if r.sent != nil {
		r.sent()
	}
	sent, err := io.Copy(&r.body, io.NewSectionReader(f, offset, n))
	if err == nil && sent < n {
		err = io.ErrUnexpectedEOF
	}
	return sent, err
}

func (r *reply) Abort() { r.aborted = true }

// clock is a time that tests move.
var begin = time.Now().Add(time.Hour)

// tree is a directory with files in it.
type tree struct {
	*testing.T
	dir    string
	server *Server
	now    time.Time
}

func newTree(t *testing.T, change func(*Directory), files map[string]string) *tree {
	t.Helper()
	tr := &tree{T: t, dir: t.TempDir(), now: begin}
	for name, content := range files {
		tr.write(name, content)
	}
	d := Directory{Prefix: "/media/", Path: tr.dir}
	if change != nil {
		change(&d)
	}
	tr.server = newServer(t, Options{Directories: []Directory{d}})
	t.Cleanup(tr.server.Close)
	return tr
}

func newServer(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (t *tree) write(name, content string) {
	t.Helper()
	path := filepath.Join(t.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replace gives a file another content by a rename.
func (t *tree) replace(name, content string) {
	t.Helper()
	t.write(name+"~", content)
	if err := os.Rename(filepath.Join(t.dir, name+"~"), filepath.Join(t.dir, name)); err != nil {
		t.Fatal(err)
	}
}

func (t *tree) ask(method, target string, fields ...string) *reply {
	t.Helper()
	w := &reply{}
	if !t.server.TryServe(w, request(method, target, fields...), t.now) {
		return nil
	}
	return w
}

func request(method, target string, fields ...string) *Request {
	r := &Request{}
	r.Read(&head{method, target, fields})
	return r
}

// head is a Head.
type head struct {
	method, target string
	fields         []string
}

func (h *head) Method() string { return h.method }
func (h *head) Target() string { return h.target }
func (h *head) Fields() int    { return len(h.fields) }
func (h *head) Field(i int) (name, value string) {
	name, value, _ = strings.Cut(h.fields[i], ": ")
	return
}

func (t *tree) want(w *reply, status int, body string) {
	t.Helper()
	switch {
	case w == nil:
		t.Fatalf("not answered, want %d %.40q", status, body)
	case w.status != status || w.body.String() != body || w.aborted:
		t.Fatalf("%d %.40q, aborted %v, want %d %.40q", w.status, &w.body, w.aborted, status, body)
	}
}

func (t *tree) missing(targets ...string) {
	t.Helper()
	for _, target := range targets {
		if w := t.ask("GET", target); w != nil {
			t.Errorf("%s: answered with %d %.40q", target, w.status, &w.body)
		}
	}
}

// wantField checks one field; "" means that there must be none.
func (t *tree) wantField(w *reply, name, value string) {
	t.Helper()
	if got := strings.Join(w.header.Values(name), "|"); got != value {
		t.Errorf("%s %q, want %q", name, got, value)
	}
}
