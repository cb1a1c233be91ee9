package h1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// ErrGone is the cause of a request's context when the client has gone.
var ErrGone = errors.New("h1: client gone")

// Exchange is one request and its response. The handler owns it until it
// returns; after that only its Body and its context may be used. Methods are
// called from one goroutine, except Inform, which may come from another until
// Start was called, and the body.
type Exchange struct {
	c    *conn
	head head
	body *Body // nil when the request has none

	request *http.Request
	context context.Context
	stop    context.CancelCauseFunc
	alarm   func() // of Watch; guarded by the connection's lock
	over    error  // why the context has ended, or would have

	part *filePart // of SendFile; kept for the next one

	reply
}

// Method is the request's method.
func (x *Exchange) Method() string { return intern(x.head.string(x.head.method)) }

// Target is the target of the request as it was sent.
func (x *Exchange) Target() string { return x.head.string(x.head.target) }

// Host is the authority that the request is for, empty if an HTTP/1.0 client
// named none.
func (x *Exchange) Host() string { return x.head.string(x.head.host) }

// Version is that of HTTP that the client speaks: 1.1 or 1.0.
func (x *Exchange) Version() (major, minor int) { return 1, int(x.head.minor) }

// Length is that of the request's body: 0 when there is none, -1 when it is
// not known.
func (x *Exchange) Length() int64 { return x.head.length }

// Fields is the number of fields, without those whose name has "_" or ".".
func (x *Exchange) Fields() int { return len(x.head.fields) }

// Field is one field as it was sent, without whitespace around the value. The
// strings of an exchange are parts of one copy of the head, made for the first
// of them.
func (x *Exchange) Field(i int) (name, value string) {
	f := x.head.fields[i]
	return x.head.string(f.name), x.head.string(f.value)
}

// Lookup returns the value of the first field of a name, in whichever case;
// "" when there is none.
func (x *Exchange) Lookup(name string) string {
	for _, f := range x.head.fields {
		if int(f.name.to-f.name.from) == len(name) && strings.EqualFold(x.head.string(f.name), name) {
			return x.head.string(f.value)
		}
	}
	return ""
}

// client is who sent this, which may be no more than the beginning of a head.
func (x *Exchange) client() strict.Client {
	return strict.Client{Remote: x.c.remote, Accept: x.Lookup("Accept"), Languages: x.Lookup("Accept-Language")}
}

// Remote is ADDRESS:PORT of the client.
func (x *Exchange) Remote() string { return x.c.remote }

// Local is ADDRESS:PORT at which the client reached the server.
func (x *Exchange) Local() string { return x.c.local }

// TLS is what is known of the client's TLS connection, nil in clear.
func (x *Exchange) TLS() *tls.ConnectionState { return x.c.tls }

// Watch has f called, in a goroutine of its own, when the context of the
// exchange ends before Unwatch: what context.AfterFunc would do, without the
// cost of a context. There is one f at a time.
func (x *Exchange) Watch(f func()) {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if x.c.why(x) != nil {
		go f()
		return
	}
	x.alarm = f
}

// Unwatch ends a Watch and reports whether its function was not called.
func (x *Exchange) Unwatch() bool {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	waiting := x.alarm != nil
	x.alarm = nil
	return waiting
}

// Gone reports why the context of the exchange has ended before it, nil while
// it goes on.
func (x *Exchange) Gone() error {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return x.c.why(x)
}

// why says what has ended an exchange before its time; its lock is held.
func (c *conn) why(x *Exchange) error {
	if x.over == nil {
		if x.over = c.server.conns.Cause(); x.over == nil && c.left && c.silent {
			x.over = ErrGone
		}
	}
	return x.over
}

// Body is the request's body, nil when there is none.
func (x *Exchange) Body() *Body { return x.body }

// Head is the request as net/http's server would present it, made when it is
// first asked for. Its Body is the Exchange's, its context ends when the
// client goes away.
func (x *Exchange) Head() *http.Request {
	if x.request == nil {
		r := x.head.request(x.Context())
		r.RemoteAddr, r.TLS = x.c.remote, x.c.tls
		if x.body != nil {
			r.Body = x.body
		}
		x.request = r
	}
	return x.request
}

// Context ends with the exchange, and before that with cause ErrGone when the
// client hangs up, or with the cause given to Server.Interrupt.
func (x *Exchange) Context() context.Context {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if x.context == nil {
		x.context, x.stop = context.WithCancelCause(x.c.base())
		if why := x.c.why(x); why != nil {
			x.stop(why)
		}
	}
	return x.context
}

// base is the parent of the contexts of a connection's requests; its lock is
// held.
func (c *conn) base() context.Context {
	if c.parent == nil {
		c.parent = withoutCancel{context.WithValue(c.options.Base, http.LocalAddrContextKey, c.net.LocalAddr())}
	}
	return c.parent
}

// withoutCancel has the values of a context. Unlike context.WithoutCancel's it
// is not looked through for a parent to be registered with.
type withoutCancel struct{ context.Context }

func (withoutCancel) Done() <-chan struct{}                   { return nil }
func (withoutCancel) Err() error                              { return nil }
func (withoutCancel) Deadline() (deadline time.Time, ok bool) { return }

// cancel ends the context; the connection's lock is held.
func (x *Exchange) cancel(cause error) {
	if x.over == nil {
		x.over = cause
	}
	if x.alarm != nil {
		go x.alarm()
		x.alarm = nil
	}
	if x.stop != nil {
		x.stop(cause)
	}
}

func (x *Exchange) cancelContext() {
	if x.stop != nil {
		x.stop(context.Canceled)
	}
}

// complete follows the end of the body.
func (x *Exchange) complete() {
	if x.request != nil && x.body.chunks != nil {
		for name, values := range x.body.chunks.trailer {
			if x.request.Trailer == nil {
				x.request.Trailer = make(http.Header)
			}
			x.request.Trailer[name] = values
		}
	}
	x.c.quiet()
}

// Stream is a connection on which HTTP has ended.
type Stream struct {
	net.Conn
	mu    sync.Mutex
	early []byte // read together with the request
}

// Read reads what the client sends after its request.
func (s *Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	if n := copy(p, s.early); n > 0 {
		s.early = s.early[n:]
		s.mu.Unlock()
		return n, nil
	}
	s.mu.Unlock()
	return s.Conn.Read(p)
}

// ReadFrom lets the kernel move octets where it can.
func (s *Stream) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := s.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{s.Conn}, r)
}

// CloseWrite says the end and still listens, if this kind of connection can.
func (s *Stream) CloseWrite() error {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return s.Conn.Close()
}
