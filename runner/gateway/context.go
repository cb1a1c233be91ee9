package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// The causes of a request's context (context.Cause) beside context.Canceled,
// which is that of a request whose handler has returned.
var (
	// ErrClientGone: nobody waits for the response any more.
	ErrClientGone = errors.New("gateway: the client is gone")
	// ErrStopped: the process ends and has waited long enough.
	ErrStopped = errors.New("gateway: the worker is stopped")
)

// LateError is the cause of a request's context when the response has not
// begun in the time that the front grants. It is context.DeadlineExceeded. The
// context has no Deadline, because none holds once the response has begun.
type LateError struct {
	Limit time.Duration // that was granted to this worker
}

func (e *LateError) Error() string {
	return "gateway: the response has not begun within " + e.Limit.String()
}

// Is makes it a deadline to errors.Is.
func (e *LateError) Is(target error) bool { return target == context.DeadlineExceeded }

// drainingKey finds the channel of Draining in a context.
type drainingKey struct{}

// Draining returns a channel that is closed when the process that serves the
// request of ctx is about to end: what would go on for ever should come to its
// end. It is nil, so never ready, for a context of another server.
func Draining(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(drainingKey{}).(<-chan struct{})
	return c
}

// WithDraining returns a context whose Draining is c.
func WithDraining(ctx context.Context, c <-chan struct{}) context.Context {
	return context.WithValue(ctx, drainingKey{}, c)
}

// scope is the context from which that of a request is made. It never ends
// and has the values that a server gives.
type scope struct {
	server *Server
	local  string // ADDRESS:PORT
}

func (*scope) Deadline() (time.Time, bool) { return time.Time{}, false }
func (*scope) Done() <-chan struct{}       { return nil }
func (*scope) Err() error                  { return nil }

func (s *scope) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		return s.server.facade
	case http.LocalAddrContextKey:
		return address(s.local)
	case drainingKey{}:
		return (<-chan struct{})(s.server.draining)
	}
	return nil
}

// address makes a net.Addr of ADDRESS:PORT.
func address(text string) net.Addr {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return net.TCPAddrFromAddrPort(a)
	}
	return named(text)
}

// named is an address that is none of the internet, as that of a unix socket.
type named string

func (named) Network() string  { return "unix" }
func (n named) String() string { return string(n) }
