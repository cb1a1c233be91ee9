package h1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/front/roster"
)

func TestDrainSaysGoodbyeAndLingers(t *testing.T) {
	s := newSite(t, Options{}, handled(app))
	idle, busy := s.dial().say(getHello), s.dial().say(getHello)
	idle.status(200)
	busy.status(200)
	s.server.Drain()
	busy.say(getHello)
	if resp := busy.status(200); !resp.Close {
		t.Error("no goodbye")
	}
	busy.end()
	ended := make(chan error, 1)
	go func() { ended <- s.server.Wait(context.Background()) }()
	select {
	case err := <-ended:
		t.Fatalf("the idle connection is gone: %v", err)
	default:
	}
	idle.say(getHello).status(200)
	idle.end()
	idle.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestDismissEndsIdleConnections(t *testing.T) {
	s := newSite(t, Options{}, handled(app))
	c := s.dial().say(getHello)
	c.status(200)
	until(t, "an idle connection", s.resting)
	s.server.Dismiss()
	c.end()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.server.Wait(ctx); err != nil {
		t.Error(err)
	}
}

// resting reports that all connections wait for a request.
func (s *site) resting() bool {
	for _, c := range s.server.conns.All() {
		c.mu.Lock()
		resting := c.resting
		c.mu.Unlock()
		if !resting {
			return false
		}
	}
	return true
}

// TestNothingIsLostToDismiss sends requests while idle connections are ended:
// those that had arrived are answered.
func TestNothingIsLostToDismiss(t *testing.T) {
	s := newSite(t, Options{}, handled(app))
	var clients []*client
	for range 50 {
		c := s.dial().say(getHello)
		c.status(200)
		clients = append(clients, c)
	}
	for _, c := range clients {
		c.say(getHello)
	}
	s.server.Dismiss()
	for _, c := range clients {
		c.status(200)
		c.end()
	}
}

func TestCloseEndsEverything(t *testing.T) {
	begun := make(chan struct{})
	var cause error
	s := newSite(t, Options{}, func(x *Exchange) {
		close(begun)
		<-x.Context().Done()
		cause = context.Cause(x.Context())
	})
	s.dial()
	s.dial().say(getHello)
	<-begun
	s.server.Close()
	if cause != http.ErrServerClosed {
		t.Errorf("cause %v", cause)
	}
	one, other := net.Pipe()
	defer other.Close()
	if err := s.server.ServeConn(one); err == nil {
		t.Error("a closed server serves")
	}
}

func TestRelieveEndsThoseWhoHaveRestedLongest(t *testing.T) {
	s := newSite(t, Options{}, handled(app))
	var all []*client
	for range roster.Few + 2 {
		c := s.dial().say(getHello)
		c.status(200)
		until(t, "an idle connection", s.resting)
		all = append(all, c)
	}
	s.server.Relieve(time.Hour)
	all[0].say(getHello).status(200) // nobody has rested for so long
	until(t, "an idle connection", s.resting)
	s.server.Relieve(0)
	for _, c := range all[1 : 1+roster.Few] {
		c.end()
	}
	for _, c := range []*client{all[0], all[len(all)-1]} {
		c.say(getHello).status(200)
	}
}

// TestRelieveEndsHalfHeads: else whoever begins enough of them keeps everybody
// out for as long as a head may take.
func TestRelieveEndsHalfHeads(t *testing.T) {
	s := newSite(t, Options{HeadTime: time.Hour}, handled(app))
	c := s.dial().say("GET / HTTP/1.1\r\nHost: a")
	until(t, "a connection that waits for its head", func() bool {
		all := s.server.conns.All()
		return len(all) == 1 && all[0].headsSince() != (time.Time{})
	})
	s.server.Relieve(time.Hour)
	c.say("\r\n\r\n").status(200)
	c.say("GET / HTTP/1.1\r\n")
	until(t, "half a head again", func() bool { return s.server.conns.All()[0].headsSince() != (time.Time{}) })
	s.server.Relieve(0)
	c.status(408)
	c.end()
}

func (c *conn) headsSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heading
}

// TestHandshakesEndForOthers: those that stall do when there is no room, and
// all of them with the server.
func TestHandshakesEndForOthers(t *testing.T) {
	s := newSite(t, Options{TLS: certificate(t), HandshakeTime: time.Hour}, handled(app))
	const beginning = "\x16\x03\x01\x01\x00\x01"
	first := s.dial().say(beginning)
	until(t, "a handshake", func() bool { return len(s.server.handshakes.All()) == 1 })
	s.server.Relieve(time.Hour)
	if len(s.server.handshakes.All()) != 1 {
		t.Error("a young handshake is ended")
	}
	s.server.Relieve(0)
	first.ended()
	until(t, "its end", func() bool { return len(s.server.handshakes.All()) == 0 })
	second := s.dial().say(beginning)
	until(t, "another handshake", func() bool { return len(s.server.handshakes.All()) == 1 })
	ended := make(chan struct{})
	go func() {
		s.server.Close()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the server waits for a handshake that stalls")
	}
	second.ended()
}

// ended wants the connection to be closed, be it by a reset.
func (c *client) ended() {
	c.t.Helper()
	if _, err := io.ReadAll(c.in); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("the connection stays")
	}
}
