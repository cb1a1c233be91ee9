package gateway

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// dialed is a front's side of a data connection.
func dialed(t *testing.T, link *wire.Link) *wire.Conn {
	t.Helper()
	below, err := link.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	below.SetDeadline(time.Now().Add(20 * time.Second))
	c := wire.NewConn(below, wire.Front, wire.NewBuffers(), 0)
	t.Cleanup(func() { c.Close() })
	if err := c.Greet(); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends a request and returns its response, read whole.
func ask(c *wire.Conn, r *wire.Request, body string) (wire.Response, string, error) {
	var resp wire.Response
	if _, err := c.WriteRequest(r, []byte(body), true); err != nil {
		return resp, "", err
	}
	for resp.Status < 200 && resp.Status != 101 {
		if err := c.ReadResponse(&resp, r.Method); err != nil {
			return resp, "", err
		}
	}
	if resp.Status == 101 {
		return resp, "", nil
	}
	b, err := io.ReadAll(c)
	return resp, string(b), err
}

func getRequest(path string) *wire.Request {
	return &wire.Request{Method: "GET", Target: path, Host: "app", Major: 1, Minor: 1, Header: http.Header{}}
}

// served is a server for h with a link to it.
type served struct {
	*Server
	link *wire.Link
	log  *syncBuffer
}

func serve(t *testing.T, h http.HandlerFunc) *served {
	t.Helper()
	return serveWith(t, h, func(*Server) {})
}

// serveWith is serve by a server that is changed before it serves.
func serveWith(t *testing.T, h http.HandlerFunc, change func(*Server)) *served {
	t.Helper()
	log := new(syncBuffer)
	s, err := NewServer(h, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	change(s)
	ours, theirs, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	front, err := wire.NewLink(ours)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := wire.NewLink(theirs)
	if err != nil {
		t.Fatal(err)
	}
	l := wire.NewListener()
	l.Add(worker)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		front.Close()
		s.Close()
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &served{s, front, log}
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
