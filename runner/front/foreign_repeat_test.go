package front

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// newFlaky starts a server that cuts the first connections, after it has read
// a request.
func newFlaky(t *testing.T, seen *atomic.Int64, bad int64) string {
	return newScript(t, func(conn net.Conn, r *http.Request) {
		if seen.Add(1) > bad {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
}

func TestRequestsThatMeetADeathAtAnUpstream(t *testing.T) {
	for _, c := range []struct {
		name, method, key string
		allowed           bool // Idempotency-Key
		status            int
		seen              int64
	}{
		{"a page", "GET", "", false, 200, 2},
		{"a form", "POST", "", false, 502, 1},
		{"a form with a key", "POST", "k", false, 502, 1},
		{"a form with a key that the app knows", "POST", "k", true, 200, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen atomic.Int64
			conf := other(mountedAt(t, "/", newFlaky(t, &seen, 1)), func(m *config.Mount) { m.IdempotencyKeys = c.allowed })
			s := newSiteOf(t, conf, nil)
			r := s.request(c.method, "/", nil)
			if c.method == "POST" {
				r = s.request(c.method, "/", strings.NewReader("body"))
			}
			if c.key != "" {
				r.Header.Set("Idempotency-Key", c.key)
			}
			if got := s.do(r); got.StatusCode != c.status || seen.Load() != c.seen {
				t.Errorf("answer %d, %d requests arrived; want %d and %d", got.StatusCode, seen.Load(), c.status, c.seen)
			}
		})
	}
}

func TestARepeatedRequestDiesTwiceAtMost(t *testing.T) {
	var seen atomic.Int64
	url := newFlaky(t, &seen, 1000)
	s := newSiteOf(t, mountedAt(t, "/", url, newFlaky(t, &seen, 1000)), nil)
	if got := s.get("/"); got.StatusCode != 502 || seen.Load() != 2 {
		t.Errorf("answer %d after %d attempts", got.StatusCode, seen.Load())
	}
	s.wantLog("/", map[string]any{"status": 502, "reason": "upstream closed the connection", "tries": 2})
}

// TestTheBudgetOfRepetitions bounds them when everything fails.
func TestTheBudgetOfRepetitions(t *testing.T) {
	b := newBudget()
	for range budgetRoom {
		if !b.take() {
			t.Fatal("a full bucket does not last")
		}
	}
	if b.take() {
		t.Fatal("an empty bucket gives")
	}
	for range budgetShare - 1 {
		b.put()
	}
	if b.take() {
		t.Error("four requests pay for a retry")
	}
	if b.put(); !b.take() || b.take() {
		t.Error("five requests do not pay for one retry")
	}

	var seen atomic.Int64
	s := newSiteOf(t, mountedAt(t, "/mount", newFlaky(t, &seen, 1000)), nil)
	budget := s.front.live.Load().mounts[0].app.foreign.proxy.budget
	budget.fifths.Store(budgetShare - 2) // this request pays one part
	if got := s.get("/mount"); got.StatusCode != 502 || seen.Load() != 1 {
		t.Errorf("without a budget: %d after %d attempts", got.StatusCode, seen.Load())
	}
	s.wantLog("/mount", map[string]any{"reason": "upstream closed the connection, " + noBudget})
	if got := s.get("/mount"); got.StatusCode != 502 || seen.Load() != 3 {
		t.Errorf("with a budget of one: %d after %d attempts", got.StatusCode, seen.Load())
	}
}

// TestRequestsWaitForAnUpstream that is restarted: no request is lost, of
// whatever method, for nothing of it was sent.
func TestRequestsWaitForAnUpstream(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	s := newSiteOf(t, mountedAt(t, "/", "http://"+addr), nil)
	pool := s.front.live.Load().mounts[0].app.foreign
	answers := make(chan reply, 3)
	for _, body := range []io.Reader{nil, strings.NewReader("form"), io.MultiReader(strings.NewReader("stream"))} {
		method := "GET"
		if body != nil {
			method = "POST"
		}
		go func() { answers <- s.do(s.request(method, "/", body)) }()
	}
	until(t, "all wait", func() bool { return pool.waiting.Load() == 3 })
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(echo)}
	defer server.Close()
	go server.Serve(l)
	for range 3 {
		if got := await(t, "answer", answers); got.StatusCode != 200 {
			t.Errorf("answer %d %s", got.StatusCode, got.body)
		}
	}
}

func TestAnUpstreamThatStaysAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := newSiteOf(t, mountedAt(t, "/", "http://"+l.Addr().String()), func(l *limits) { l.hold, l.holders = 20*time.Millisecond, 1 })
	got := s.get("/")
	if got.StatusCode != 503 || got.Header.Get("Retry-After") != "2" {
		t.Errorf("answer %d, Retry-After %q", got.StatusCode, got.Header.Get("Retry-After"))
	}
	s.wantLog("/", map[string]any{"status": 503, "reason": "no upstream available"})
}
