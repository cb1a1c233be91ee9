package front

import (
	"context"
	"crypto/tls"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// http2 serves the connections whose handshake chose HTTP/2, by net/http's
// server. The loop makes the handshakes. That server keeps Expect to itself:
// such a client is told to go on as soon as anybody reads its body, which the
// front does at once.
type http2 struct {
	base    context.Context
	live    *live
	log     *slog.Logger
	handle  func(exchange)
	refused func(remote string, why *strict.Refusal)

	mu      sync.Mutex
	current *http2Server // for new connections; nil until there is one
	all     map[*http2Server]struct{}
	shut    bool
	serving sync.WaitGroup
}

// http2Server is net/http's server with the times that held when it began. It
// cannot take others, so after a change new connections get a new one.
type http2Server struct {
	*library
	door  *door
	times http2Times

	conns map[net.Conn]func() // what to call when it is closed; under the lock of http2
}

// http2Times is what a server begins with.
type http2Times struct {
	head                           int
	headTime, keepAlive, writeTime time.Duration
}

func timesOf(s *settings) http2Times {
	return http2Times{head: s.head, headTime: s.headTime, keepAlive: s.keepAlive, writeTime: s.writePause}
}

const (
	// maxStreams is how many requests a client may have under way at once.
	// Those that it resets count until their handlers have ended, which bounds
	// the work that a flood of resets makes (CVE-2023-44487); net/http ends
	// the connection of who goes on.
	maxStreams = 128
	// What a connection, and each of its streams, may send ahead of what the
	// workers take of it.
	connectionWindow = 1 << 20
	streamWindow     = 256 << 10
	// frame is the largest that is read; for each connection there is a buffer.
	frame = 64 << 10
)

func newHTTP2(base context.Context, l *live, log *slog.Logger, handle func(exchange), refused func(string, *strict.Refusal)) *http2 {
	return &http2{base: base, live: l, log: log, handle: handle, refused: refused, all: make(map[*http2Server]struct{})}
}

// take serves a connection after its handshake, and calls closed in the end.
func (e *http2) take(conn *tls.Conn, closed func()) {
	e.mu.Lock()
	if e.shut {
		e.mu.Unlock()
		conn.Close()
		closed()
		return
	}
	s := e.server()
	s.conns[conn] = closed
	e.mu.Unlock()
	if !s.door.pass(conn) {
		conn.Close()
		e.gone(s, conn)
	}
}

// server returns the one for new connections; the lock is held.
func (e *http2) server() *http2Server {
	if e.current != nil {
		return e.current
	}
	now := e.live.Load()
	s := &http2Server{library: newNetHTTP(e.base, e.live, e.log, e.handle, e.refused), times: timesOf(now), door: newDoor(), conns: make(map[net.Conn]func())}
	s.server.Protocols = new(http.Protocols)
	s.server.Protocols.SetHTTP2(true)
	s.server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams:          maxStreams,
		MaxReadFrameSize:              frame,
		MaxReceiveBufferPerConnection: connectionWindow,
		MaxReceiveBufferPerStream:     streamWindow,
		WriteByteTimeout:              now.writePause, // of a client that reads nothing at all
	}
	s.server.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			e.gone(s, c)
		}
	}
	e.current = s
	e.all[s] = struct{}{}
	e.serving.Go(func() { _ = s.server.Serve(s.door) }) // ends with the door
	return s
}

// gone forgets a connection that was closed.
func (e *http2) gone(s *http2Server, conn net.Conn) {
	e.mu.Lock()
	closed := s.conns[conn]
	delete(s.conns, conn)
	if s != e.current && len(s.conns) == 0 {
		delete(e.all, s)
	}
	e.mu.Unlock()
	if closed != nil {
		closed()
	}
}

// changed lets new connections go by the times of the live settings. The
// others keep theirs.
func (e *http2) changed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.current
	if s == nil || s.times == timesOf(e.live.Load()) {
		return
	}
	e.current = nil
	s.door.Close()
	if len(s.conns) == 0 {
		delete(e.all, s)
	}
}

// farewell is that of an engine.
func (e *http2) farewell(patience time.Duration) {
	e.mu.Lock()
	e.shut = true
	servers := slices.Collect(maps.Keys(e.all))
	e.mu.Unlock()
	var all sync.WaitGroup
	for _, s := range servers {
		s.door.Close()
		all.Go(func() { s.library.farewell(patience) })
	}
	all.Wait()
	e.serving.Wait()
}

// door is a listener for connections that others have accepted.
type door struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newDoor() *door { return &door{conns: make(chan net.Conn), closed: make(chan struct{})} }

// pass hands a connection to Accept, unless the door is closed.
func (d *door) pass(c net.Conn) bool {
	select {
	case d.conns <- c:
		return true
	case <-d.closed:
		return false
	}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *door) Addr() net.Addr { return &net.UnixAddr{Name: "handshakes", Net: "unix"} }
