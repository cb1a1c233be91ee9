package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// messagesTo is a front's side of a message connection.
func messagesTo(t *testing.T, link *wire.Link) *wire.Asker {
	t.Helper()
	below, err := link.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := wire.NewConn(below, wire.Front, wire.NewBuffers(), 0)
	if err := c.GreetForMessages(); err != nil || !c.Messages() {
		t.Fatalf("messages %t, %v", c.Messages(), err)
	}
	a := wire.NewAsker(c)
	var run sync.WaitGroup
	run.Go(func() { _ = a.Run() }) // tests close it, or the worker does
	t.Cleanup(func() {
		a.Close()
		run.Wait()
	})
	return a
}

// tell asks by message in a goroutine.
func tell(a *wire.Asker, path string) <-chan error {
	done := make(chan error, 1)
	go func() {
		m := a.Begin()
		defer m.End()
		_, err := m.Ask(getRequest(path))
		if err == nil && m.Response.Status != http.StatusOK {
			err = errors.New(http.StatusText(m.Response.Status))
		}
		done <- err
	}()
	return done
}

// flushing is a handler whose response moves. It tells what came of that.
func flushing(flushed chan<- error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/other" {
			return
		}
		io.WriteString(w, "moves")
		flushed <- http.NewResponseController(w).Flush()
	}
}

func TestAMoveThatNobodyClaims(t *testing.T) {
	for name, c := range map[string]struct {
		claimTime time.Duration
		then      func(*served, *wire.Asker, *wire.MovedError)
		want      error
	}{
		"in time":                 {time.Millisecond, func(*served, *wire.Asker, *wire.MovedError) {}, errUnclaimed},
		"because it is refused":   {time.Hour, func(_ *served, _ *wire.Asker, m *wire.MovedError) { m.Refuse() }, errUnclaimed},
		"because the front ends":  {time.Hour, func(_ *served, a *wire.Asker, _ *wire.MovedError) { a.Close() }, errUnclaimed},
		"because the worker ends": {time.Hour, func(s *served, _ *wire.Asker, _ *wire.MovedError) { s.Close() }, errUnclaimed},
	} {
		t.Run(name, func(t *testing.T) {
			flushed := make(chan error, 1)
			s := serve(t, flushing(flushed))
			s.claimTime = c.claimTime
			a := messagesTo(t, s.link)
			var moved *wire.MovedError
			if err := <-tell(a, "/"); !errors.As(err, &moved) {
				t.Fatal(err)
			}
			c.then(s, a, moved)
			if err := <-flushed; !errors.Is(err, c.want) {
				t.Errorf("the handler got %v", err)
			}
			until(t, "the exchange is over", func() bool { return s.inFlight.Load() == 0 })
			if strings.HasPrefix(name, "because the") {
				return
			}
			if err := <-tell(a, "/other"); err != nil { // its number is free
				t.Errorf("the next request: %v", err)
			}
			stream := dialed(t, s.link)
			if _, err := stream.Claim(moved.Ticket); err != nil {
				t.Fatal(err)
			}
			var abort *wire.Abort
			if err := stream.ReadResponse(new(wire.Response), "GET"); !errors.As(err, &abort) || !abort.Handler() {
				t.Errorf("a claim that is void got %v", err)
			}
		})
	}
}

// TestAClaimIsCutByItsClient: who hangs up where the response goes on ends the
// handler, and no other.
func TestAClaimIsCutByItsClient(t *testing.T) {
	ended := make(chan error, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		ended <- context.Cause(r.Context())
	})
	a := messagesTo(t, s.link)
	var moved *wire.MovedError
	if err := <-tell(a, "/"); !errors.As(err, &moved) {
		t.Fatal(err)
	}
	stream := dialed(t, s.link)
	if _, err := stream.Claim(moved.Ticket); err != nil {
		t.Fatal(err)
	}
	if err := stream.ReadResponse(new(wire.Response), "GET"); err != nil {
		t.Fatal(err)
	}
	stream.Close()
	if err := <-ended; !errors.Is(err, ErrClientGone) {
		t.Errorf("the context ended because of %v", err)
	}
}

// TestHandlersThatEndOddlyByMessage: the number of the request is free again,
// whatever a handler does.
func TestHandlersThatEndOddlyByMessage(t *testing.T) {
	for name, odd := range map[string]http.HandlerFunc{
		"Goexit": func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
		"abort":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hijack": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				c.Close()
			}
		},
		"too little": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "short")
		},
		"deadline": func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
			io.WriteString(w, "too late")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					odd(w, r)
				}
			})
			a := messagesTo(t, s.link)
			for range 3 {
				var moved *wire.MovedError
				if err := <-tell(a, "/"); !errors.As(err, &moved) {
					t.Fatalf("the response has not moved: %v", err)
				}
				stream := dialed(t, s.link)
				if _, err := stream.Claim(moved.Ticket); err != nil {
					t.Fatal(err)
				}
				var abort *wire.Abort
				err := stream.ReadResponse(new(wire.Response), "GET")
				if err == nil {
					_, err = io.ReadAll(stream)
				}
				if !errors.As(err, &abort) || !abort.Handler() {
					t.Errorf("got %v", err)
				}
				if err := <-tell(a, "/other"); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestAResponseWriterThatOutlivesItsRequest does nothing to those after it.
func TestAResponseWriterThatOutlivesItsRequest(t *testing.T) {
	kept := make(chan http.ResponseWriter, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keep" {
			kept <- w
		}
	})
	a := messagesTo(t, s.link)
	if err := <-tell(a, "/keep"); err != nil {
		t.Fatal(err)
	}
	w := http.NewResponseController(<-kept)
	for what, err := range map[string]error{"Flush": w.Flush(), "SetWriteDeadline": w.SetWriteDeadline(time.Now()), "SetReadDeadline": w.SetReadDeadline(time.Now())} {
		if !errors.Is(err, errEnded) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := <-tell(a, "/"); err != nil {
		t.Error(err)
	}
}

// TestShutdownWaitsForMessages, and the answers say that they are the last.
func TestShutdownWaitsForMessages(t *testing.T) {
	entered, open := make(chan struct{}), make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-open
	})
	a := messagesTo(t, s.link)
	m := a.Begin()
	answered := make(chan error, 1)
	go func() {
		_, err := m.Ask(getRequest("/"))
		answered <- err
	}()
	<-entered
	over := make(chan error, 1)
	go func() { over <- s.Shutdown(t.Context()) }()
	until(t, "the shutdown", func() bool { return s.stopping.Load() })
	close(open)
	if err := errors.Join(<-answered, <-over); err != nil || !m.Response.Last {
		t.Errorf("last %t, %v", m.Response.Last, err)
	}
	m.End()
}

// TestBadFrontsByMessage: what breaks the rules ends that connection, and is
// logged.
func TestBadFrontsByMessage(t *testing.T) {
	const hello = "\x01\x00\x00\x08DGI\n\x01\x01\x01\x01"
	ask := func() string {
		r := getRequest("/slow")
		payload := wire.AppendRequest(nil, r)
		return string(append([]byte{0x47, 0, 0, byte(len(payload))}, payload...))
	}()
	for name, c := range map[string]struct{ said, log string }{
		"a number twice": {hello + ask + ask, "the number of another"},
		"a stream frame": {hello + "\x42\x00\x00\x00", "REQUEST frame of the front"},
		"no request":     {hello + "\x47\x00\x00\x04\x00\x00\x00\x00", "is no number"},
		"cut":            {hello + ask[:9], "vanished in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					<-r.Context().Done()
				}
			})
			healthy := messagesTo(t, s.link)
			s.hearBad(t, c.said, c.log)
			if err := <-tell(healthy, "/"); err != nil {
				t.Errorf("a neighbour got %v", err)
			}
		})
	}
}
