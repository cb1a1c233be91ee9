package h1

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"
)

// goroutine is the one that answers a request.
func goroutine(x *Exchange) {
	stack := make([]byte, 64)
	name, _, _ := bytes.Cut(stack[:runtime.Stack(stack, false)], []byte("["))
	_, _ = x.Write(name)
}

// ask returns which goroutine answers.
func ask(t *testing.T, c *client) string {
	t.Helper()
	_, body := c.say(getHello).response("GET")
	return body
}

func TestASilentClientGetsAnotherGoroutine(t *testing.T) {
	s := newSite(t, Options{}, goroutine)
	s.server.settling = time.Millisecond
	c := s.dial()
	first := ask(t, c)
	until(t, "another goroutine", func() bool { return ask(t, c) != first })
	until(t, "rest", s.resting)
	s.server.Dismiss()
	c.end()
}

func TestAClientThatAsksAgainKeepsItsGoroutine(t *testing.T) {
	s := newSite(t, Options{}, goroutine)
	s.server.settling = 30 * time.Second
	c := s.dial()
	first := ask(t, c)
	for range 100 {
		if next := ask(t, c); next != first {
			t.Fatalf("%q, then %q", first, next)
		}
	}
}

// TestKeepAliveCountsFromTheLastRequest has the wait go on in another
// goroutine, and end.
func TestKeepAliveCountsFromTheLastRequest(t *testing.T) {
	s := newSite(t, Options{KeepAlive: 20 * time.Millisecond}, func(x *Exchange) { _, _ = io.WriteString(x, "ok") })
	s.server.settling = time.Millisecond
	c := s.dial().say(getHello)
	c.status(200)
	c.end()
}

func TestNothingIsLostWhileConnectionsSettle(t *testing.T) {
	s := newSite(t, Options{}, goroutine)
	s.server.settling = time.Microsecond
	c := s.dial()
	seen := make(map[string]bool)
	for range 500 {
		seen[ask(t, c)] = true
	}
	if len(seen) < 2 {
		t.Error("it never settled")
	}
}
