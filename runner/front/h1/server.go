package h1

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Server answers the requests of the connections that it is given or accepts.
type Server struct {
	options   atomic.Pointer[Options]
	handle    func(*Exchange)
	buffers   *buffers
	exchanges sync.Pool
	copies    sync.Pool // of *[copySize]byte
	gone      lazyWatcher
	clock     atomic.Pointer[stamp]
	settling  time.Duration // settlingTime
	draining  atomic.Bool
	dismissed atomic.Bool
	why       atomic.Pointer[error] // of Interrupt

	mu    sync.Mutex
	conns map[*conn]struct{}
	none  chan struct{} // closed when there are none, nil while nobody asked
	shut  bool
	work  sync.WaitGroup
}

// New returns a server that calls handle for each request, in the goroutine of
// its connection. Close must be called in the end.
func New(o Options, handle func(*Exchange)) *Server {
	o = o.withDefaults()
	s := &Server{handle: handle, conns: make(map[*conn]struct{}), buffers: newBuffers(), settling: settlingTime}
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
	for _, c := range s.all() {
		c.dismiss()
	}
}

// The bounds of Relieve.
const (
	reliefSample = 128 // connections that are looked at
	reliefPiece  = 8   // that are ended
)

// Relieve ends a few connections that have waited for a request for this long
// at least: of as many as can be looked at quickly, those that have waited
// longest. It is for a server that has no room for new clients. What has
// arrived on them is answered.
func (s *Server) Relieve(least time.Duration) {
	type idle struct {
		conn  *conn
		since time.Time
	}
	var list []idle
	for _, c := range s.some(reliefSample) {
		if since, ok := c.restsSince(); ok && time.Since(since) >= least {
			list = append(list, idle{c, since})
		}
	}
	slices.SortFunc(list, func(a, b idle) int { return a.since.Compare(b.since) })
	for _, i := range list[:min(len(list), reliefPiece)] {
		i.conn.dismiss()
	}
}

// some returns up to n connections, others each time.
func (s *Server) some(n int) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, min(n, len(s.conns)))
	for c := range s.conns { // in no order
		if len(list) == n {
			break
		}
		list = append(list, c)
	}
	return list
}

// Interrupt ends the contexts of all requests, now and later, with a cause.
func (s *Server) Interrupt(cause error) {
	s.why.Store(&cause)
	for _, c := range s.all() {
		c.interrupt(cause)
	}
}

func (s *Server) interrupted() error {
	if why := s.why.Load(); why != nil {
		return *why
	}
	return nil
}

// Wait drains and waits until no connection is left or ctx ends, whose error
// it returns then.
func (s *Server) Wait(ctx context.Context) error {
	s.Drain()
	s.mu.Lock()
	if s.none == nil {
		s.none = make(chan struct{})
	}
	none := s.none
	s.tellNone()
	s.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tellNone wakes Wait when there is no connection; the lock is held.
func (s *Server) tellNone() {
	if len(s.conns) == 0 && s.none != nil {
		close(s.none)
		s.none = nil
	}
}

// Close ends all connections but those that were upgraded, and the contexts of
// their requests, and waits for their handlers. Listeners are their owner's.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.shut
	s.shut = true
	s.mu.Unlock()
	if !first {
		return
	}
	s.Drain()
	if s.interrupted() == nil {
		s.Interrupt(http.ErrServerClosed)
	}
	for _, c := range s.all() {
		c.cut()
	}
	s.work.Wait()
	s.gone.close()
}

func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// add notes a connection, unless the server is closed.
func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.tellNone()
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
