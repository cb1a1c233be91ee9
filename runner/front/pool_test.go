package front

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deadConn is a connection whose worker has died, which nobody has noticed.
type deadConn struct {
	net.Conn // a pipe
	ended    chan struct{}
}

func (c *deadConn) Read([]byte) (int, error) {
	<-c.ended
	return 0, io.EOF
}
func (c *deadConn) Write([]byte) (int, error) { return 0, unix.EPIPE }
func (c *deadConn) CloseWrite() error         { return nil }

// leaveDead gives a worker idle connections that have ended.
func leaveDead(t *testing.T, w *worker, n int) {
	t.Helper()
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	for range n {
		pipe, _ := net.Pipe()
		up, err := w.pool.adopt(t.Context(), &deadConn{pipe, ended})
		if err != nil {
			t.Fatal(err)
		}
		w.pool.put(up)
	}
}

func TestIdleConnectionsThatEndedCostNoTries(t *testing.T) {
	for name, make := range map[string]func(s *site) *http.Request{
		"GET":  func(s *site) *http.Request { return s.request("GET", "/", nil) },
		"POST": func(s *site) *http.Request { return s.request("POST", "/", strings.NewReader("x")) },
		"upload": func(s *site) *http.Request {
			return s.request("POST", "/", strings.NewReader(strings.Repeat("x", 100_000)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.add(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				io.WriteString(w, "alive")
			})
			w := s.front.table.current.Load().ready[0]
			leaveDead(t, w, 20)
			s.want(s.do(make(s)), 200, "alive")
			if n := s.front.table.kept.Load(); n > 1 {
				t.Errorf("%d idle connections are left, all but one dead", n)
			}
		})
	}
}

func TestABurstOfConnectionsIsGivenBack(t *testing.T) {
	s := newSite(t, func(l *limits) { l.spare, l.spareTime = 2, time.Millisecond })
	g := newGate(t)
	s.add(func(http.ResponseWriter, *http.Request) { g.pass() })
	done := make(chan reply, 10)
	for range 10 {
		go func() { done <- s.get("/") }()
	}
	for range 10 {
		await(t, "request at the worker", g.entered)
	}
	g.release()
	for range 10 {
		await(t, "answer", done)
	}
	until(t, "two idle connections are left", func() bool { return s.front.table.kept.Load() == 2 })
}

func TestIdleConnectionsToAllWorkersAreBounded(t *testing.T) {
	s := newSite(t, func(l *limits) { l.idle = 1 })
	s.add(text("x"))
	s.add(text("x"))
	for range 4 {
		s.get("/")
	}
	if n := s.front.table.kept.Load(); n != 1 {
		t.Errorf("%d idle connections, limit 1", n)
	}
}
