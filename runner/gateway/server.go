package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// Server serves a handler to fronts: what http.Server is for clients. Create
// it with NewServer.
type Server struct {
	handler http.Handler
	log     *slog.Logger
	facade  *http.Server // what handlers find as their server
	buffers *wire.Buffers
	pages   pages
	copies  sync.Pool // of *[wire.MaxBody]byte
	hangups *wire.Hangups
	clock   clock
	claims  claims

	// Constants, but for tests.
	claimTime, stall time.Duration

	stopping atomic.Bool
	inFlight atomic.Int64
	quiet    chan struct{} // gets a value when nothing is in flight while stopping
	draining chan struct{} // closed by Drain
	drain    sync.Once

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	closed    bool
}

// NewServer returns a server for h, which nobody can reach yet. It fails when
// the process is out of descriptors. Close or Shutdown must follow.
func NewServer(h http.Handler, log *slog.Logger) (*Server, error) {
	hangups, err := wire.NewHangups()
	if err != nil {
		return nil, err
	}
	return &Server{
		handler:   h,
		log:       log,
		facade:    &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError)},
		buffers:   wire.NewBuffers(),
		copies:    sync.Pool{New: func() any { return new([wire.MaxBody]byte) }},
		hangups:   hangups,
		quiet:     make(chan struct{}, 1),
		draining:  make(chan struct{}),
		claimTime: claimTime,
		stall:     stall,
		listeners: make(map[net.Listener]struct{}),
		conns:     make(map[*conn]struct{}),
	}, nil
}

// Serve serves the connections of l until l or the server is closed; then it
// returns nil.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		s.add(conn)
	}
}

// add serves one data connection.
func (s *Server) add(below net.Conn) {
	c := newConn(s, below)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		below.Close()
		return
	}
	s.conns[c] = struct{}{}
	go func() {
		defer s.forget(c)
		c.serve()
	}()
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// complain logs why a request could not be read, if that is no ordinary end,
// and tells the front by abort that it has broken the protocol.
func (s *Server) complain(err error, abort func(wire.AbortCode, string) error) {
	var broken *wire.ProtocolError
	switch {
	case err == io.EOF, errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET):
	case errors.As(err, &broken):
		s.log.Warn("the front breaks the gateway interface; its connection is closed", "err", err)
		_ = abort(wire.AbortBroken, broken.Reason) // it may be gone
	default:
		s.log.Warn("the front vanished in the middle of a request", "err", err)
	}
}

// leave counts an exchange out.
func (s *Server) leave() {
	if s.inFlight.Add(-1) == 0 && s.stopping.Load() {
		select {
		case s.quiet <- struct{}{}:
		default:
		}
	}
}

// Drain tells handlers that this process will end soon: the channels of
// [Draining] are closed, and what they have registered with
// http.Server.RegisterOnShutdown at the server of their context is called.
func (s *Server) Drain() {
	s.drain.Do(func() {
		close(s.draining)
		_ = s.facade.Shutdown(context.Background()) // it serves nothing itself
	})
}

// Shutdown drains, lets exchanges in flight end and closes everything. When
// ctx ends before, it returns the error of ctx and leaves the rest to Close.
// Hijacked connections are their handlers' own.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	s.stopping.Store(true)
	for s.inFlight.Load() > 0 {
		select {
		case <-s.quiet:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	return s.Close()
}

// flush waits until the fronts have taken what was answered by message.
func (s *Server) flush(ctx context.Context) error {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		if a := c.answerer.Load(); a != nil {
			if err := a.Flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close cuts all exchanges. Handlers that go on do so without a client, and
// their goroutines end with them. It is how a worker that dies looks to its
// fronts.
func (s *Server) Close() error {
	s.stopping.Store(true)
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.cut(ErrStopped)
	}
	s.mu.Unlock()
	if !first {
		return nil
	}
	return s.hangups.Close()
}

// clock knows the date for responses, anew for each second.
type clock struct{ now atomic.Pointer[date] }

type date struct {
	second int64
	text   string
}

func (c *clock) date() string {
	now := time.Now()
	if d := c.now.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &date{second: now.Unix(), text: now.UTC().Format(http.TimeFormat)}
	c.now.Store(d)
	return d.text
}
