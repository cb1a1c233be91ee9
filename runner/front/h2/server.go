package h2

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/front/roster"
)

// Server answers the requests of the connections that it is given.
type Server struct {
	options   atomic.Pointer[Options]
	handle    func(*Exchange)
	exchanges sync.Pool
	inputs    sync.Pool // of *[inputSize]byte
	outputs   sync.Pool // of *[]byte
	copies    sync.Pool // of *[copySize]byte
	crew      crew
	clock     atomic.Pointer[stamp]
	draining  atomic.Bool
	conns     roster.Roster[*conn]
}

// New returns a server that calls handle for each request, in a goroutine of
// its own. Close must be called in the end.
func New(o Options, handle func(*Exchange)) *Server {
	o = o.withDefaults()
	s := &Server{handle: handle}
	s.crew.jobs = make(chan *Exchange)
	s.options.Store(&o)
	s.exchanges.New = func() any { return &Exchange{wake: make(chan struct{}, 1)} }
	s.inputs.New = func() any { return new([inputSize]byte) }
	s.outputs.New = func() any { return new([]byte) }
	s.copies.New = func() any { return new([copySize]byte) }
	return s
}

// Take serves a connection whose handshake has chosen HTTP/2, and calls closed
// when it has closed it. It does not block.
func (s *Server) Take(n *tls.Conn, closed func()) {
	c := newConn(s, n)
	refuse := func() {
		n.NetConn().Close()
		closed()
	}
	if !s.conns.Add(c) {
		refuse()
		return
	}
	if s.draining.Load() { // who drains after this finds it in the roster
		c.part()
	}
	if !s.conns.Go(func() {
		defer closed()
		defer s.conns.Remove(c)
		c.serve()
	}) {
		s.conns.Remove(c)
		refuse()
	}
}

// Change makes the server go by other options, except for Base and Log, which
// stay. They hold for the requests to come on connections that are open, too,
// and for how long these may be idle. What a client was told in SETTINGS stays.
// Changes must not overlap.
func (s *Server) Change(o Options) {
	before := s.options.Load()
	o.Base, o.Log = before.Base, before.Log
	o = o.withDefaults()
	s.options.Store(&o)
	for _, c := range s.conns.All() {
		c.rearm()
	}
}

// Drain says goodbye to every client in the two steps of RFC 9113, section
// 6.8: each learns that it shall go elsewhere, and what it asked for until it
// had learnt that is answered. Then its connection is closed. A client that has
// not asked for anything yet learns it with its first request.
func (s *Server) Drain() {
	s.draining.Store(true)
	for _, c := range s.conns.All() {
		c.part()
	}
}

// Dismiss drains, and takes no further requests of any client: GOAWAY tells
// each which of its requests were taken.
func (s *Server) Dismiss() {
	s.Drain()
	for _, c := range s.conns.All() {
		c.leave()
	}
}

// Relieve ends a few connections that have waited for a request for this long
// at least: of as many as can be looked at quickly, those that have waited
// longest. It is for a server that has no room for new clients. GOAWAY tells
// them what was taken.
func (s *Server) Relieve(least time.Duration) {
	for _, c := range s.conns.Longest(least, (*conn).restsSince) {
		c.leave()
	}
}

// Interrupt ends the contexts of all requests, now and later, with a cause.
func (s *Server) Interrupt(cause error) { s.conns.Interrupt(cause, (*conn).interrupt) }

// Wait drains and waits until no connection is left or ctx ends, whose error
// it returns then.
func (s *Server) Wait(ctx context.Context) error {
	s.Drain()
	return s.conns.Wait(ctx)
}

// Close ends all connections and the contexts of their requests, and waits for
// their handlers.
func (s *Server) Close() {
	if s.conns.Close(http.ErrServerClosed, (*conn).interrupt, (*conn).cut) {
		s.crew.dismiss()
	}
}

// crew are the goroutines that run handlers. One that has ended its work waits
// for more, if not enough others do: its stack has grown already.
type crew struct {
	jobs    chan *Exchange
	waiting atomic.Int32
	end     sync.WaitGroup
}

// maxWaiting is how many goroutines wait for requests: as many as a busy
// server runs at once, for their stacks are what a new one costs most. An idle
// server's are made small by the garbage collector.
const maxWaiting = 512

func (k *crew) run(x *Exchange) {
	select {
	case k.jobs <- x:
	default:
		k.end.Go(func() { k.work(x) })
	}
}

func (k *crew) work(x *Exchange) {
	for {
		x.serve()
		if k.waiting.Add(1) > maxWaiting {
			k.waiting.Add(-1)
			return
		}
		next, ok := <-k.jobs
		k.waiting.Add(-1)
		if !ok {
			return
		}
		x = next
	}
}

// dismiss must follow the last run.
func (k *crew) dismiss() {
	close(k.jobs)
	k.end.Wait()
}

// stamp is the value of the Date field in one second.
type stamp struct {
	second int64
	text   string
}

// date returns the value of the Date field.
func (s *Server) date() string {
	now := time.Now()
	if d := s.clock.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &stamp{now.Unix(), now.UTC().Format(http.TimeFormat)}
	s.clock.Store(d)
	return d.text
}
