package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
)

// TestAClientThatHangsUpEndsItsRequest leaves in every way while the handler
// works.
func TestAClientThatHangsUpEndsItsRequest(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		leave func(*client)
	}{
		"close":              {getHello, func(c *client) { c.Close() }},
		"half a close":       {getHello, func(c *client) { c.CloseWrite() }},
		"reset":              {getHello, func(c *client) { c.SetLinger(0); c.Close() }},
		"close after a body": {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", func(c *client) { c.Close() }},
		"reset in a body":    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nab", func(c *client) { c.SetLinger(0); c.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			begun, cause := make(chan struct{}), make(chan error)
			s := newSite(t, Options{}, func(x *Exchange) {
				if x.Body() != nil && x.head.length == 2 {
					io.Copy(io.Discard, x.Body())
				}
				ctx := x.Context()
				close(begun)
				<-ctx.Done()
				cause <- context.Cause(ctx)
			})
			client := s.dial().say(c.text)
			<-begun
			c.leave(client)
			if err := <-cause; err != ErrGone {
				t.Errorf("cause %v", err)
			}
		})
	}
}

func TestAHangUpBeforeTheContextWasAskedFor(t *testing.T) {
	begun, left := make(chan struct{}), make(chan struct{})
	cause := make(chan error, 1)
	s := newSite(t, Options{}, func(x *Exchange) {
		close(begun)
		<-left
		cause <- context.Cause(x.Context())
	})
	c := s.dial().say(getHello)
	<-begun
	c.Close()
	until(t, "hang-up", s.hungUp)
	close(left)
	if err := <-cause; err != ErrGone {
		t.Errorf("cause %v", err)
	}
}

// hungUp reports that the client of the only connection has left.
func (s *site) hungUp() bool {
	for _, c := range s.server.conns.All() {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.left
	}
	return false
}

// TestWhoWaitsForPipelinedAnswersIsNotGone shuts the client's direction after
// two requests: only the last may be taken for given up.
func TestWhoWaitsForPipelinedAnswersIsNotGone(t *testing.T) {
	for _, first := range []string{
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na",
	} {
		var s *site
		s = newSite(t, Options{}, func(x *Exchange) {
			ctx := x.Context()
			until(t, "hang-up", s.hungUp)
			if b := x.Body(); b != nil {
				io.Copy(io.Discard, b)
			}
			if x.Target() == "/1" && ctx.Err() != nil {
				t.Error("the first request was given up")
			}
			if x.Target() == "/2" {
				<-ctx.Done()
			}
		})
		c := s.dial().say(first + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
		c.CloseWrite()
		c.status(200)
		c.status(200)
		c.end()
	}
}

// TestAShutDirectionDoesNotCutABody sends a whole body and shuts the client's
// direction: the request is given up only when the body was read.
func TestAShutDirectionDoesNotCutABody(t *testing.T) {
	var s *site
	s = newSite(t, Options{}, func(x *Exchange) {
		ctx := x.Context()
		until(t, "hang-up", s.hungUp)
		if ctx.Err() != nil {
			t.Error("given up before the body was read")
		}
		if b, err := io.ReadAll(x.Body()); string(b) != "body" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		<-ctx.Done()
	})
	c := s.dial().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
	c.CloseWrite()
	c.status(200)
}

func TestAClientThatHangsUpOverTLS(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	s := newSite(t, Options{TLS: certificate(t)}, func(x *Exchange) {
		ctx := x.Context()
		close(begun)
		<-ctx.Done()
		close(ended)
	})
	c, secure := s.dialTLS("http/1.1")
	io.WriteString(secure, getHello)
	<-begun
	c.Close()
	<-ended
}

type key struct{}

func TestTheContextEndsWithTheExchange(t *testing.T) {
	contexts := make(chan context.Context, 1)
	s := newSite(t, Options{Base: context.WithValue(context.Background(), key{}, "value")}, func(x *Exchange) {
		ctx := x.Head().Context()
		if addr, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr); !ok || addr.String() != x.c.net.LocalAddr().String() {
			t.Errorf("local address %v", addr)
		}
		if ctx.Value(key{}) != "value" || ctx.Err() != nil {
			t.Errorf("%v, %v", ctx.Value(key{}), ctx.Err())
		}
		contexts <- ctx
	})
	s.dial().say(getHello).status(200)
	<-(<-contexts).Done()
}

func TestInterruptEndsContextsNowAndLater(t *testing.T) {
	begun := make(chan struct{}, 2)
	s := newSite(t, Options{}, func(x *Exchange) {
		ctx := x.Context()
		begun <- struct{}{}
		<-ctx.Done()
		io.WriteString(x, context.Cause(ctx).Error())
	})
	c := s.dial().say(getHello)
	<-begun
	s.server.Interrupt(io.ErrNoProgress)
	for range 2 {
		if _, body := c.response("GET"); body != io.ErrNoProgress.Error() {
			t.Errorf("cause %q", body)
		}
		c.say(getHello)
	}
}

// TestAConnectionCostsOneGoroutine also while its handler works.
func TestAConnectionCostsOneGoroutine(t *testing.T) {
	const n = 50
	var begun sync.WaitGroup
	begun.Add(n)
	end := make(chan struct{})
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/hello" {
			x.Context()
			begun.Done()
			<-end
		}
	})
	first := s.dial().say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	first.status(200)
	first.Close()
	until(t, "end of the first", func() bool { return len(s.server.conns.All()) == 0 })
	before := runtime.NumGoroutine()
	for range n {
		s.dial().say(getHello)
	}
	begun.Wait()
	if got := runtime.NumGoroutine() - before; got > n {
		t.Errorf("%d goroutines for %d connections", got, n)
	}
	close(end)
}

func TestAnEventForAnEarlierConnectionFindsNobody(t *testing.T) {
	w, err := newWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	one := dial(t, l.Addr().String())
	first, second := &conn{net: one}, &conn{net: one}
	if err := w.add(first, rawOf(one)); err != nil {
		t.Fatal(err)
	}
	old := first.watch
	w.forget(first)
	w.forget(first)                                       // once is enough
	if err := w.control(rawOf(one), 2, nil); err != nil { // EPOLL_CTL_DEL, as closing would do
		t.Fatal(err)
	}
	if err := w.add(second, rawOf(one)); err != nil {
		t.Fatal(err)
	}
	if second.watch.at != old.at || w.find(old.at, old.turn) != nil || w.find(second.watch.at, second.watch.turn) != second {
		t.Errorf("slots %+v and %+v", old, second.watch)
	}
}

func TestWatchWithoutAContext(t *testing.T) {
	type result struct {
		before, after error
		unwatched     bool
	}
	for name, early := range map[string]bool{"before the hang-up": false, "after the hang-up": true} {
		t.Run(name, func(t *testing.T) {
			begun, goOn := make(chan struct{}), make(chan struct{})
			results := make(chan result, 1)
			s := newSite(t, Options{}, func(x *Exchange) {
				var r result
				x.Watch(func() { t.Error("called after Unwatch") })
				if !x.Unwatch() || x.Unwatch() {
					t.Error("Unwatch does not know whether there was a Watch")
				}
				r.before = x.Gone()
				close(begun)
				if early {
					<-goOn
				}
				called := make(chan struct{})
				x.Watch(func() { close(called) })
				<-called
				r.after, r.unwatched = x.Gone(), x.Unwatch()
				results <- r
			})
			c := s.dial().say(getHello)
			<-begun
			c.Close()
			if early {
				until(t, "hang-up", s.hungUp)
				close(goOn)
			}
			if r := <-results; r.before != nil || r.after != ErrGone || r.unwatched {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestInterruptIsSeenByAWatch(t *testing.T) {
	why := errors.New("the end")
	begun, seen := make(chan struct{}), make(chan error, 1)
	s := newSite(t, Options{}, func(x *Exchange) {
		called := make(chan struct{})
		x.Watch(func() { close(called) })
		close(begun)
		<-called
		seen <- x.Gone()
	})
	s.dial().say(getHello)
	<-begun
	s.server.Interrupt(why)
	if err := <-seen; err != why {
		t.Error(err)
	}
}
