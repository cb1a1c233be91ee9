package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// silentFront is a front's side of a message connection that reads nothing
// before Run is called.
func silentFront(t *testing.T, link *wire.Link) *wire.Asker {
	t.Helper()
	below, err := link.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := wire.NewConn(below, wire.Front, wire.NewBuffers(), 0)
	if err := c.GreetForMessages(); err != nil {
		t.Fatal(err)
	}
	a := wire.NewAsker(c)
	t.Cleanup(a.Close)
	return a
}

// TestAFrontThatTakesNoAnswers loses its connection, and nobody else anything.
func TestAFrontThatTakesNoAnswers(t *testing.T) {
	page := strings.Repeat("x", 60_000)
	s := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/last" {
			<-r.Context().Done()
		}
		io.WriteString(w, page)
	}, func(s *Server) { s.stall = 20 * time.Millisecond })
	a := silentFront(t, s.link)
	asked := []<-chan error{tell(a, "/last")}
	until(t, "the one that answers last", func() bool { return s.inFlight.Load() == 1 })
	for range 30 { // more than the kernel takes
		asked = append(asked, tell(a, "/"))
	}
	until(t, "the connection is given up", func() bool { return s.inFlight.Load() == 0 })
	if err := <-tell(messagesTo(t, s.link), "/"); err != nil {
		t.Errorf("another front got %v", err)
	}
	_ = a.Run()
	for _, done := range asked {
		<-done
	}
}

// TestShutdownSendsWhatIsAnswered, although the front takes it late.
func TestShutdownSendsWhatIsAnswered(t *testing.T) {
	const many = 30
	page := strings.Repeat("x", 60_000)
	var answered atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answered.Add(1)
		io.WriteString(w, page)
	})
	a := silentFront(t, s.link)
	var asked []<-chan error
	for range many {
		asked = append(asked, tell(a, "/"))
	}
	until(t, "all are answered", func() bool { return answered.Load() == many && s.inFlight.Load() == 0 })
	over := make(chan error, 1)
	go func() { over <- s.Shutdown(t.Context()) }()
	until(t, "the shutdown", func() bool { return s.stopping.Load() })
	for range 1000 {
		runtime.Gosched() // let it do what it should not
	}
	var run sync.WaitGroup
	run.Go(func() { _ = a.Run() })
	for _, done := range asked {
		if err := <-done; err != nil {
			t.Errorf("an answer was lost: %v", err)
		}
	}
	if err := <-over; err != nil {
		t.Error(err)
	}
	run.Wait()
}

// TestShutdownDoesNotWaitForAFrontForEver that takes nothing.
func TestShutdownDoesNotWaitForAFrontForEver(t *testing.T) {
	page := strings.Repeat("x", 60_000)
	var answered atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answered.Add(1)
		io.WriteString(w, page)
	})
	a := silentFront(t, s.link)
	var asked []<-chan error
	for range 30 {
		asked = append(asked, tell(a, "/"))
	}
	until(t, "all are answered", func() bool { return answered.Load() == 30 && s.inFlight.Load() == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	s.Close()
	_ = a.Run()
	for _, done := range asked {
		<-done
	}
}

// TestTheContextOfAMoveThatNobodyClaims ends: Flush of a http.Flusher tells no
// error, and its handler may wait for nothing else.
func TestTheContextOfAMoveThatNobodyClaims(t *testing.T) {
	for name, c := range map[string]struct {
		claimTime time.Duration
		then      func(*served, *wire.Asker, *wire.MovedError)
		want      error
	}{
		"in time":                 {time.Millisecond, func(*served, *wire.Asker, *wire.MovedError) {}, ErrClientGone},
		"because it is refused":   {time.Hour, func(_ *served, _ *wire.Asker, m *wire.MovedError) { m.Refuse() }, ErrClientGone},
		"because the front ends":  {time.Hour, func(_ *served, a *wire.Asker, _ *wire.MovedError) { a.Close() }, ErrClientGone},
		"because the worker ends": {time.Hour, func(s *served, _ *wire.Asker, _ *wire.MovedError) { s.Close() }, ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			ended, over := make(chan error, 1), make(chan struct{})
			defer close(over)
			s := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					ended <- context.Cause(r.Context())
				case <-over:
				}
			}, func(s *Server) { s.claimTime = c.claimTime })
			a := messagesTo(t, s.link)
			var moved *wire.MovedError
			if err := <-tell(a, "/"); !errors.As(err, &moved) {
				t.Fatal(err)
			}
			c.then(s, a, moved)
			select {
			case err := <-ended:
				if !errors.Is(err, c.want) {
					t.Errorf("the context ended because of %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Error("the context does not end")
			}
		})
	}
}

// TestAClaimEndsWithItsExchange: who hangs up after that must not end the
// exchange that the same goroutine serves next.
func TestAClaimEndsWithItsExchange(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	for range 200 {
		c := newCall(&messages{server: s.Server})
		c.begin(1)
		c.claim = s.claims.add(c)
		ours, theirs := net.Pipe()
		stream := newConn(s.Server, theirs)
		stream.head.Claim = c.claim.ticket
		result := make(chan outcome, 1)
		go func() { result <- stream.claimed(true) }()
		<-c.claim.given
		c.end(reusable)
		stream.end(ErrClientGone)
		if err := c.conn.left(); err != nil {
			t.Fatalf("the next exchange has lost its client: %v", err)
		}
		if got := <-result; got != reusable {
			t.Fatalf("result %v", got)
		}
		ours.Close()
		theirs.Close()
	}
}

// TestAnAnswerBeyondTheRules goes by a connection of its own, which alone it
// breaks.
func TestAnAnswerBeyondTheRules(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fields":
			for range wire.MaxFields + 1 {
				w.Header().Add("X-Y", "z")
			}
		case "/length":
			w.Header().Set("Content-Length", "9223372036854775806")
		}
	})
	a := messagesTo(t, s.link)
	for _, path := range []string{"/fields", "/length"} {
		m := a.Begin()
		r := getRequest(path)
		r.Method = "HEAD"
		var moved *wire.MovedError
		if _, err := m.Ask(r); !errors.As(err, &moved) {
			t.Errorf("%s: %v", path, err)
		} else {
			moved.Refuse()
		}
		m.End()
	}
	if err := <-tell(a, "/"); err != nil {
		t.Error(err)
	}
}
