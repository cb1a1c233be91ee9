package front

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// leaveDead gives a worker idle connections that have ended, which nobody has
// noticed.
func leaveDead(t *testing.T, w *worker, n int) {
	t.Helper()
	for range n {
		up, err := w.pool.get(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		up.forget()
		up.forget = func() {}
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
			f := s.add(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				io.WriteString(w, "alive")
			})
			leaveDead(t, s.front.table.current.Load().ready[0], 20)
			until(t, "all are accepted", func() bool { return f.connections() == 20 })
			f.cut()
			s.want(s.do(make(s)), 200, "alive")
			if n := s.front.table.wiring.kept.Load(); n > 1 {
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
	until(t, "two idle connections are left", func() bool { return s.front.table.wiring.kept.Load() == 2 })
}

func TestIdleConnectionsToAllWorkersAreBounded(t *testing.T) {
	s := newSite(t, func(l *limits) { l.idle = 1 })
	s.add(text("x"))
	s.add(text("x"))
	for range 4 {
		s.get("/")
	}
	if n := s.front.table.wiring.kept.Load(); n != 1 {
		t.Errorf("%d idle connections, limit 1", n)
	}
}
