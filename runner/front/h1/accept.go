package h1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// Serve accepts connections in clear until the listener is closed, when it
// returns nil. Want of descriptors or memory makes it wait, not end.
func (s *Server) Serve(l net.Listener) error {
	return s.accept(l, func(n net.Conn, leave func()) { s.converse(n, rawOf(n), leave) })
}

// ServeTLS is Serve for connections that begin with a TLS handshake, by
// Options.TLS.
func (s *Server) ServeTLS(l net.Listener) error {
	return s.accept(l, s.secure)
}

// ServeConn answers the requests of one connection and closes it.
func (s *Server) ServeConn(n net.Conn) error {
	done := make(chan struct{})
	if !s.conns.Go(func() { s.converse(n, rawOf(n), func() { close(done) }) }) {
		n.Close()
		return errClosed
	}
	<-done
	return nil
}

// The pauses of an accept loop that has no descriptor.
const (
	firstPause = 5 * time.Millisecond
	maxPause   = time.Second
)

func (s *Server) accept(l net.Listener, start func(net.Conn, func())) error {
	var pause time.Duration
	for {
		n, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.admit(n, start)
		case passes(err):
			pause = min(max(2*pause, firstPause), maxPause)
			s.options.Load().Log.Warn("h1: no connection can be accepted for a moment", "err", err, "pause", pause)
			time.Sleep(pause)
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			return fmt.Errorf("h1: accept on %s: %w", l.Addr(), err)
		}
	}
}

// passes reports an error that says nothing against the listener.
func passes(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, // want
		syscall.ECONNABORTED, syscall.EPROTO, syscall.EINTR, // a client that was quick to leave
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (s *Server) admit(n net.Conn, start func(net.Conn, func())) {
	leave := func() {}
	if o := s.options.Load(); o.Admit != nil {
		left, ok := o.Admit(n.RemoteAddr())
		if !ok {
			n.Close()
			return
		}
		leave = sync.OnceFunc(left)
	}
	if !s.conns.Go(func() { start(n, leave) }) {
		n.Close()
		leave()
	}
}

// converse serves a connection whose descriptor is below raw.
func (s *Server) converse(n net.Conn, raw syscall.RawConn, leave func()) {
	c := newConn(s, n, raw)
	c.leave = leave
	if !s.conns.Add(c) {
		n.Close()
		leave()
		return
	}
	if raw != nil {
		if err := s.gone.add(c, raw); err != nil {
			c.options.Log.Warn("h1: hang-ups of a client will not be noticed", "client", c.remote, "err", err)
		}
	}
	c.serve()
}

// rawOf finds the descriptor of a connection, nil when there is none.
func rawOf(n net.Conn) syscall.RawConn {
	if plain, ok := n.(syscall.Conn); ok {
		if raw, err := plain.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// handshake is a connection that is not encrypted yet.
type handshake struct {
	net   net.Conn
	begun time.Time
}

func (h *handshake) since() time.Time { return h.begun }

func (h *handshake) cut() { h.net.Close() }

// secure makes the handshake. What follows gets a goroutine of its own: the
// stack of this one has grown.
func (s *Server) secure(n net.Conn, leave func()) {
	h := &handshake{n, time.Now()}
	if !s.handshakes.Add(h) {
		n.Close()
		leave()
		return
	}
	o := s.options.Load()
	conn := tls.Server(n, o.TLS)
	ctx, cancel := context.WithTimeout(context.Background(), o.HandshakeTime)
	err := conn.HandshakeContext(ctx)
	cancel()
	s.handshakes.Remove(h)
	if err != nil {
		o.Log.Debug("h1: TLS handshake", "client", n.RemoteAddr().String(), "err", err)
		greetInClear(err, o.LingerTime)
		n.Close()
		leave()
		return
	}
	next := func() { s.converse(conn, rawOf(n), leave) }
	if conn.ConnectionState().NegotiatedProtocol == "h2" && o.H2 != nil {
		next = func() { o.H2(conn, leave) }
	}
	if !s.conns.Go(next) {
		n.Close()
		leave()
	}
}

// greetInClear tells a client that speaks HTTP to a TLS port what is wrong.
func greetInClear(err error, patience time.Duration) {
	var clear tls.RecordHeaderError
	if !errors.As(err, &clear) || clear.Conn == nil || strict.Class(clear.RecordHeader[0])&strict.Token == 0 {
		return
	}
	_ = clear.Conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(clear.Conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 48\r\n\r\nThis is an https port: https:// is what to ask.\n")
}
