package h1

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// patience bounds what a test waits for; it ends a test that would hang.
const patience = 20 * time.Second

// site is a server on loopback.
type site struct {
	t      *testing.T
	server *Server
	addr   string
}

// newSite starts a server that ends with the test.
func newSite(t *testing.T, o Options, handle func(*Exchange)) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &site{t: t, server: New(o, handle), addr: l.Addr().String()}
	ended := make(chan error, 1)
	go func() {
		if o.TLS != nil {
			ended <- s.server.ServeTLS(l)
		} else {
			ended <- s.server.Serve(l)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		s.server.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is a connection that says what a test wants.
type client struct {
	t *testing.T
	*net.TCPConn
	in *bufio.Reader
}

func (s *site) dial() *client {
	s.t.Helper()
	return dial(s.t, s.addr)
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

func (c *client) say(text string) *client {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// hear wants exactly this text next, with any date.
func (c *client) hear(want string) *client {
	c.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.in, got)
	if text := undated(string(got[:n])); text != want {
		c.t.Fatalf("got  %q, %v\nwant %q", text, err, want)
	}
	return c
}

// response reads one, with its body.
func (c *client) response(method string) (*http.Response, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("body %q: %v", body, err)
	}
	return resp, string(body)
}

// status reads a response and wants this status.
func (c *client) status(want int) *http.Response {
	c.t.Helper()
	resp, body := c.response("GET")
	if resp.StatusCode != want {
		c.t.Fatalf("status %d %q, want %d", resp.StatusCode, body, want)
	}
	return resp
}

// end wants the connection to be closed, without a reset.
func (c *client) end() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
		c.t.Fatalf("rest %q, %v", rest, err)
	}
}

var dates = regexp.MustCompile(`Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`)

const aDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT"

func undated(text string) string { return dates.ReplaceAllString(text, aDate) }

// until polls for what must become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in %v", what, patience)
		}
	}
}

// responder lets an http.Handler answer an exchange.
type responder struct {
	x      *Exchange
	header http.Header
	wrote  bool
}

func (w *responder) Header() http.Header { return w.header }

func (w *responder) WriteHeader(status int) {
	if status < 200 {
		w.x.Inform(status, w.header)
		clear(w.header)
		return
	}
	w.wrote = true
	w.x.Start(status, w.header)
}

func (w *responder) Write(b []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.x.Write(b)
}

func (w *responder) Flush() {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	_ = w.x.Flush()
}

// handled lets an http.Handler answer exchanges.
func handled(h http.HandlerFunc) func(*Exchange) {
	return func(x *Exchange) {
		w := &responder{x: x, header: make(http.Header)}
		h(w, x.Head())
		trailer := make(http.Header)
		for name, values := range w.header {
			if after, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
				trailer[after] = values
			}
		}
		if len(trailer) > 0 {
			x.Trailer(trailer)
		}
	}
}

// app behaves in the ways that its paths say.
func app(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Content-Type"] = []string{"text/plain"}
	switch r.URL.Path {
	case "/length":
		h.Set("Content-Length", "6")
		io.WriteString(w, "hello\n")
	case "/stream":
		for _, text := range []string{"one\n", "two\n"} {
			io.WriteString(w, text)
			w.(http.Flusher).Flush()
		}
	case "/long":
		io.WriteString(w, strings.Repeat("0123456789abcde\n", 4096))
	case "/nothing":
	case "/204", "/304", "/205":
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	case "/early":
		h.Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "hello\n")
	case "/trailer":
		h.Set("Trailer", "X-Sum")
		io.WriteString(w, "hello\n")
		h.Set(http.TrailerPrefix+"X-Sum", "5")
	case "/close":
		h.Set("Connection", "close")
		io.WriteString(w, "bye\n")
	case "/echo":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "cannot read", http.StatusBadRequest)
			return
		}
		w.Write(body)
	case "/ignore":
		http.Error(w, "no", http.StatusUnauthorized)
	case "/short":
		h.Set("Content-Length", "100")
		io.WriteString(w, "hello\n")
	case "/abort":
		io.WriteString(w, "hel")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	default:
		fmt.Fprintf(w, "%s %s %s\n", r.Method, r.Host, r.RequestURI)
	}
}
