package h1

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/front/roster"
)

// Server answers the requests of the connections that it is given or accepts.
type Server struct {
	options   atomic.Pointer[Options]
	handle    func(*Exchange)
	buffers   *buffers
	exchanges sync.Pool
	copies    sync.Pool // of *[copySize]byte
	gone      lazyWatcher
	queue     queue
	clock     atomic.Pointer[stamp]
	settling  time.Duration // settlingTime
	piece     int64         // filePiece
	draining  atomic.Bool
	dismissed atomic.Bool
	conns     roster.Roster[*conn]

	handshakes roster.Roster[*handshake]
}

// New returns a server that calls handle for each request, in the goroutine of
// its connection. Close must be called in the end.
func New(o Options, handle func(*Exchange)) *Server {
	o = o.withDefaults()
	s := &Server{handle: handle, buffers: newBuffers(), settling: settlingTime, piece: filePiece}
	s.buffers.fit(&o)
	s.options.Store(&o)
	s.exchanges.New = func() any { return new(Exchange) }
	s.copies.New = func() any { return new([copySize]byte) }
	return s
}

// Change makes the server go by other options, except for Base and Log, which
// stay. Connections stay too; each goes by the new ones from its next request
// on. Changes must not overlap.
func (s *Server) Change(o Options) {
	before := s.options.Load()
	o.Base, o.Log = before.Base, before.Log
	o = o.withDefaults()
	s.buffers.fit(&o)
	s.options.Store(&o)
}

// Drain makes the response to every further request the last on its
// connection. Idle connections stay, so that no request that is on its way is
// lost; they end by Options.KeepAlive.
func (s *Server) Drain() { s.draining.Store(true) }

// Dismiss drains and ends idle connections now. What has arrived on them is
// answered.
func (s *Server) Dismiss() {
	s.Drain()
	s.dismissed.Store(true)
	for _, c := range s.conns.All() {
		c.dismiss()
	}
}

// Relieve ends a few connections that have waited for a request for this long
// at least, or for the rest of a head: of as many as can be looked at quickly,
// those that have waited longest. It is for a server that has no room for new
// clients. What has arrived on them is answered. Likewise it ends a few
// handshakes that have taken as long.
func (s *Server) Relieve(least time.Duration) {
	for _, c := range s.conns.Longest(least, (*conn).waitsSince) {
		c.relieve()
	}
	for _, h := range s.handshakes.Longest(least, (*handshake).since) {
		h.cut()
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

// Close ends all connections but those that were upgraded, and the contexts of
// their requests, and waits for their handlers. Listeners are their owner's.
func (s *Server) Close() {
	s.Drain()
	s.handshakes.Close(http.ErrServerClosed, func(*handshake, error) {}, (*handshake).cut)
	if s.conns.Close(http.ErrServerClosed, (*conn).interrupt, (*conn).cut) {
		s.gone.close()
		s.queue.close()
	}
}

func (s *Server) exchange() *Exchange {
	x := s.exchanges.Get().(*Exchange)
	x.reply.reset()
	return x
}

// recycle makes an exchange ready for another request.
func (s *Server) recycle(x *Exchange) {
	x.head.reset()
	x.c, x.body, x.request, x.context, x.stop = nil, nil, nil, nil, nil
	x.alarm, x.over = nil, nil
	x.fields = nil
	s.exchanges.Put(x)
}

// stamp is the Date field of one second.
type stamp struct {
	second int64
	field  []byte
}

// date returns the line of the Date field.
func (s *Server) date() []byte {
	now := time.Now()
	if d := s.clock.Load(); d != nil && d.second == now.Unix() {
		return d.field
	}
	d := &stamp{now.Unix(), []byte("Date: " + now.UTC().Format(http.TimeFormat) + "\r\n")}
	s.clock.Store(d)
	return d.field
}

var errClosed = errors.New("h1: server is closed")
