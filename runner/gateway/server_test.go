package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// until polls for something that happens soon, but on its own.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestPanicOfTheHandler(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		status  int  // 0: no response
		aborted bool // the client's connection is to be cut
		logged  bool
	}{
		{"before anything is sent", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			w.Header().Set("Set-Cookie", "a=b")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "ab")
			panic("broken")
		}, 500, false, true},
		{"in the response", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic("broken")
		}, 200, true, true},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, true, false},
		{"none", func(w http.ResponseWriter, _ *http.Request) {
			_, hijacks := w.(http.Hijacker)
			if _, copies := w.(io.ReaderFrom); !hijacks || !copies || http.NewResponseController(w).EnableFullDuplex() != nil {
				t.Error("the writer cannot do what the one of net/http can")
			}
		}, 200, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.handler)
			resp, _, err := ask(dialed(t, s.link), getRequest("/path"), "")
			var abort *wire.Abort
			if resp.Status != c.status && !(c.status == 0 && resp.Status < 200) || errors.As(err, &abort) != c.aborted || resp.Header.Get("Set-Cookie") != "" {
				t.Errorf("%d, %v, %v", resp.Status, resp.Header, err)
			}
			if got := s.log.String(); strings.Contains(got, "panic=broken") != c.logged || strings.Contains(got, "server_test.go") != c.logged {
				t.Errorf("log:\n%s", got)
			}
		})
	}
}

func TestTheContextSaysWhyItEnded(t *testing.T) {
	causes := make(chan error, 1)
	begun := make(chan struct{}, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			w.(http.Flusher).Flush()
		}
		begun <- struct{}{}
		<-r.Context().Done()
		causes <- context.Cause(r.Context())
	}
	t.Run("client gone", func(t *testing.T) {
		s := serve(t, h)
		c := dialed(t, s.link)
		c.WriteRequest(getRequest("/"), nil, true)
		<-begun
		c.Close()
		if err := <-causes; err != ErrClientGone {
			t.Error(err)
		}
	})
	t.Run("late", func(t *testing.T) {
		s := serve(t, h)
		c := dialed(t, s.link)
		for range 2 { // the connection goes on
			r := getRequest("/")
			r.Facts.Remaining = 10 * time.Millisecond
			if resp, _, err := ask(c, r, ""); err != nil || resp.Status != 200 {
				t.Fatal(resp, err)
			}
			<-begun
			var late *LateError
			if err := <-causes; !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &late) {
				t.Error(err)
			}
		}
	})
	t.Run("not late when it has begun", func(t *testing.T) {
		s := serve(t, h)
		c := dialed(t, s.link)
		r := getRequest("/begun")
		r.Facts.Remaining = time.Millisecond
		c.WriteRequest(r, nil, true)
		<-begun
		until(t, "the time is over", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			for conn := range s.conns {
				conn.mu.Lock()
				defer conn.mu.Unlock()
				return conn.alarm == 0
			}
			return false
		})
		c.Close()
		if err := <-causes; err != ErrClientGone {
			t.Error(err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		s := serve(t, h)
		c := dialed(t, s.link)
		c.WriteRequest(getRequest("/"), nil, true)
		<-begun
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		s.Close()
		if err := <-causes; err != ErrStopped {
			t.Error(err)
		}
	})
}

// TestAWholeRequestIsReadBeforeItsHandlerRuns: otherwise a reset of the
// connection would not mean that nobody acted.
func TestAWholeRequestIsReadBeforeItsHandlerRuns(t *testing.T) {
	var called atomic.Int32
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		called.Add(1)
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != "body" {
			t.Errorf("body %q, %v", b, err)
		}
	})
	r := getRequest("/")
	r.Method, r.Length, r.Whole = "POST", 4, true
	cut := dialed(t, s.link)
	cut.WriteRequest(r, []byte("bo"), false)
	until(t, "the head was read", func() bool { return s.inFlight.Load() == 1 })
	cut.Close()
	until(t, "the exchange has ended", func() bool { return s.inFlight.Load() == 0 })
	if called.Load() != 0 {
		t.Error("called before the body was there")
	}
	if _, _, err := ask(dialed(t, s.link), r, "body"); err != nil || called.Load() != 1 {
		t.Errorf("%v, called %d times", err, called.Load())
	}
}

func TestABodyThatIsLeftDoesNotSpoilTheConnection(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/leak" {
			go r.Body.Read(make([]byte, 1<<20)) // goes on after the handler
		}
		io.WriteString(w, r.URL.Path)
	})
	c := dialed(t, s.link)
	for _, size := range []int{10, 60_000} {
		for _, path := range []string{"/left", "/leak", "/none"} {
			r := getRequest(path)
			r.Method, r.Length = "POST", int64(size)
			if resp, body, err := ask(c, r, strings.Repeat("x", size)); err != nil || body != path || resp.Status != 200 {
				t.Fatalf("%s: %d %q, %v", path, resp.Status, body, err)
			}
		}
	}
}

// hearBad lets the worker hear what ends a connection, and wants it to log that.
func (s *served) hearBad(t *testing.T, said, log string) {
	t.Helper()
	bad, err := s.link.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	io.WriteString(bad, said)
	bad.(interface{ CloseWrite() error }).CloseWrite()
	io.Copy(io.Discard, bad) // until it is closed
	until(t, "a line in the log", func() bool { return strings.Contains(s.log.String(), log) })
}

func TestBadFronts(t *testing.T) {
	for name, c := range map[string]struct {
		said string
		log  string
	}{
		"HTTP":    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "does not speak it"},
		"version": {"\x01\x00\x00\x08DGI\n\x01\x09\x09\x00", "versions 9 to 9"},
		"garbage": {"\x01\x00\x00\x08DGI\n\x01\x01\x01\x00\x0c\x00\x00\x00", "kind 12 frame"},
		"large":   {"\x01\x00\x00\x08DGI\n\x01\x01\x01\x00\x02\xff\xff\xff", "at most 262144"},
		"cut":     {"\x01\x00\x00\x08DGI\n\x01\x01\x01\x00\x02\x00", "vanished in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, text("fine").ServeHTTP)
			healthy := dialed(t, s.link)
			s.hearBad(t, c.said, c.log)
			if _, body, err := ask(healthy, getRequest("/"), ""); err != nil || body != "fine" {
				t.Errorf("a neighbour got %q, %v", body, err)
			}
		})
	}
}

func TestATargetThatIsNoURL(t *testing.T) {
	s := serve(t, text("called").ServeHTTP)
	for target, want := range map[string]int{"/ok?a=b": 200, "/%zz": 400, "/a?b\x01": 400, "*": 200, "no/slash": 400} {
		if resp, _, err := ask(dialed(t, s.link), getRequest(target), ""); err != nil || resp.Status != want {
			t.Errorf("%q: %d, %v, want %d", target, resp.Status, err, want)
		}
	}
}

// TestAHeadTooLargeIsNoDeath: the front must not take it for one.
func TestAHeadTooLargeIsNoDeath(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("x", wire.MaxHead))
		io.WriteString(w, "body")
	})
	_, _, err := ask(dialed(t, s.link), getRequest("/large"), "")
	var abort *wire.Abort
	if !errors.As(err, &abort) || !strings.Contains(abort.Text, "at most 262144") || !strings.Contains(s.log.String(), "path=/large") {
		t.Errorf("%v, log %s", err, s.log)
	}
}

func TestAHijackedResponseIsTheLastOnItsConnection(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, "by hand")
		conn.Close()
	})
	resp, body, err := ask(dialed(t, s.link), getRequest("/"), "")
	if err != nil || !resp.Last || body != "by hand" {
		t.Errorf("%+v, %q, %v", resp, body, err)
	}
}
