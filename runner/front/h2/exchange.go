package h2

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"time"
)

// ErrGone is the cause of a request's context when the client has gone, or has
// reset its stream.
var ErrGone = errors.New("h2: client gone")

var noTime time.Time

// Exchange is one request and its response: a stream (RFC 9113, section 5). The
// handler owns it until it returns; after that only its Body and its context
// may be used. Methods are called from one goroutine, except Inform, which may
// come from another until Start was called, and the body.
type Exchange struct {
	c  *conn
	id uint32
	head
	body    *Body    // nil when the request has ended with its head
	refusal *refusal // what it is answered with instead of by the handler

	request *http.Request

	// Guarded by the connection's lock.
	context context.Context
	stop    context.CancelCauseFunc
	alarm   func() // of Watch
	over    error  // why the context has ended, or would have
	remote  bool   // the client has said all, or nobody listens
	local   bool   // we have
	gone    bool   // the stream was reset, by either side, or the connection ended
	ours    bool   // we reset it
	window  int    // that the client grants
	waits   bool   // in conn.waiting

	wake chan struct{} // for who waits for the window

	reply
}

// exchange returns one that begins with nothing.
func (s *Server) exchange(c *conn, id uint32, o *Options) *Exchange {
	x := s.exchanges.Get().(*Exchange)
	x.c, x.id = c, id
	x.head.reset(o)
	x.reply.reset()
	return x
}

// recycle makes an exchange ready for another request. Nobody may find it any
// more.
func (s *Server) recycle(x *Exchange) {
	select {
	case <-x.wake:
	default:
	}
	x.c, x.body, x.refusal, x.request = nil, nil, nil, nil
	x.context, x.stop, x.alarm, x.over = nil, nil, nil, nil
	x.remote, x.local, x.gone, x.ours = false, false, false, false
	s.exchanges.Put(x)
}

// serve answers the request.
func (x *Exchange) serve() {
	c := x.c
	if x.refusal != nil {
		x.answer(x.refusal)
	} else if x.alive() {
		x.run()
	}
	x.conclude()
	if x.body != nil {
		x.body.end()
	}
	c.leaveStream(x)
	c.server.recycle(x)
}

// alive reports that somebody still waits for the answer.
func (x *Exchange) alive() bool {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	return !x.gone
}

// run calls the handler. Its panic ends the stream, not the process.
func (x *Exchange) run() {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		x.Abort()
		if v != http.ErrAbortHandler {
			x.c.server.options.Load().Log.Error("h2: panic in the handler", "client", x.c.remote, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	x.c.server.handle(x)
}

// leaveStream follows the end of a handler.
func (c *conn) leaveStream(x *Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !x.gone && !x.remote { // nobody wants the rest of its body (RFC 9113, section 8.1)
		b := c.buffer()
		*b = appendReset(*b, x.id, noError)
		x.vanish()
		x.ours = true
	}
	if x.stop != nil {
		x.stop(context.Canceled)
	}
	x.alarm = nil
	if x.waits {
		x.waits = false
		c.waiting = slices.DeleteFunc(c.waiting, func(y *Exchange) bool { return y == x })
	}
	delete(c.streams, x.id)
	c.closed.add(x.id, x.ours)
	c.running--
	c.startNext()
	if len(c.streams) == 0 {
		c.idleSince = time.Now()
		c.arm()
	}
	c.flush()
}

// startNext runs requests that waited; the lock is held.
func (c *conn) startNext() {
	for len(c.queue) > 0 && !c.ended && c.running < c.server.options.Load().Streams {
		x := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.running++
		c.server.crew.run(x)
	}
}

// said notes that the client has sent all of its request; the lock is held.
func (x *Exchange) said() {
	if !x.remote {
		x.remote = true
		if x.local {
			x.c.active--
		}
	}
}

// told notes that we have sent all of the response; the lock is held.
func (x *Exchange) told() {
	if !x.local {
		x.local = true
		if x.remote {
			x.c.active--
		}
	}
}

// vanish ends a stream in both directions; the lock is held.
func (x *Exchange) vanish() {
	x.said()
	x.told()
	x.gone = true
}

// lose follows the end of a stream by the client; the lock is held.
func (x *Exchange) lose() {
	x.vanish()
	if x.body != nil {
		x.body.lose(io.ErrUnexpectedEOF)
	}
	x.cancel(ErrGone)
	x.signal()
}

// reset ends a stream because of what the client has sent on it.
func (c *conn) reset(stream uint32, why code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.streams[stream]; x != nil {
		x.lose()
		x.ours = true
	} else {
		c.closed.add(stream, true)
	}
	b := c.buffer()
	*b = appendReset(*b, stream, why)
	c.flushSoon()
}

// Method is the request's method.
func (x *Exchange) Method() string { return x.method }

// Target is the target of the request as it was sent.
func (x *Exchange) Target() string { return x.path }

// Host is the authority that the request is for.
func (x *Exchange) Host() string { return x.host }

// Version is that of HTTP that the client speaks: 2.0.
func (x *Exchange) Version() (major, minor int) { return 2, 0 }

// Length is that of the request's body: 0 when there is none, -1 when it is
// not known.
func (x *Exchange) Length() int64 { return x.length }

// Fields is the number of fields: without Host, and without those whose name
// has "_" or ".".
func (x *Exchange) Fields() int { return len(x.fields) }

// Field is one field, its name in the canonical form. Cookies are one field,
// in however many pieces they came.
func (x *Exchange) Field(i int) (name, value string) { return x.fields[i].name, x.fields[i].value }

// Lookup returns the value of the first field of a name, which must be in its
// canonical form; "" when there is none.
func (x *Exchange) Lookup(name string) string {
	for i := range x.fields {
		if x.fields[i].name == name {
			return x.fields[i].value
		}
	}
	return ""
}

// Remote is ADDRESS:PORT of the client.
func (x *Exchange) Remote() string { return x.c.remote }

// Local is ADDRESS:PORT at which the client reached the server.
func (x *Exchange) Local() string { return x.c.local }

// TLS is what is known of the client's TLS connection.
func (x *Exchange) TLS() *tls.ConnectionState { return x.c.tls }

// Watch has f called, in a goroutine of its own, when the context of the
// exchange ends before Unwatch: what context.AfterFunc would do, without the
// cost of a context. There is one f at a time.
func (x *Exchange) Watch(f func()) {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if x.over != nil {
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
	return x.over
}

// Body is the request's body, nil when there is none.
func (x *Exchange) Body() *Body {
	if x.length == 0 {
		return nil
	}
	return x.body
}

// Head is the request as net/http's server would present it, made when it is
// first asked for. Its Body is the Exchange's, its context ends when the
// client goes away.
func (x *Exchange) Head() *http.Request {
	if x.request == nil {
		r := x.head.request(x.Context())
		r.RemoteAddr, r.TLS = x.c.remote, x.c.tls
		if body := x.Body(); body != nil {
			r.Body = body
			body.belongs(r)
		}
		x.request = r
	}
	return x.request
}

// Context ends with the exchange, and before that with cause ErrGone when the
// client resets the stream or goes away, or with the cause given to
// Server.Interrupt.
func (x *Exchange) Context() context.Context {
	x.c.mu.Lock()
	defer x.c.mu.Unlock()
	if x.context == nil {
		x.context, x.stop = context.WithCancelCause(x.c.base())
		if x.over != nil {
			x.stop(x.over)
		}
	}
	return x.context
}

// cancel ends the context; the connection's lock is held.
func (x *Exchange) cancel(cause error) {
	if x.over != nil {
		return
	}
	x.over = cause
	if x.alarm != nil {
		go x.alarm()
		x.alarm = nil
	}
	if x.stop != nil {
		x.stop(cause)
	}
}

// recent are the streams that were closed last, with how that came.
type recent struct {
	list [32]struct {
		stream uint32
		reset  bool
	}
	next int
}

func (r *recent) add(stream uint32, reset bool) {
	at := &r.list[r.next%len(r.list)]
	at.stream, at.reset = stream, reset
	r.next++
}

func (r *recent) find(stream uint32) (known, reset bool) {
	for i := range r.list {
		if r.list[i].stream == stream {
			known, reset = true, reset || r.list[i].reset
		}
	}
	return known, reset
}
