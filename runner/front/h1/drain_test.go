package h1

import (
	"context"
	"net"
	"net/http"
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
