package h1

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
	"github.com/dram-go/dram/runner/nonblock"
)

// conn is a client connection: one exchange after another.
type conn struct {
	server *Server
	net    net.Conn
	raw    syscall.RawConn // nil when the descriptor carries something else, or is not known
	try    func(fd uintptr) bool
	out    output
	tls    *tls.ConnectionState
	remote string
	local  string
	watch  slot
	leave  func() // called when the connection has ended

	options *Options // since the exchange began

	in      input
	failure error     // of try
	read    time.Time // deadlines that are set
	write   time.Time
	first   [1]byte
	served  bool // a request
	fresh   bool // the goroutine has only waited so far, for settling
	posted  bool // the last one was a POST
	taken   bool // upgraded

	mu      sync.Mutex
	current *Exchange // whose context a hang-up ends
	resting bool      // waits for a request
	rested  time.Time // since when
	heading time.Time // since when it waits for the rest of a head
	excused bool      // shall wait no longer
	silent  bool      // the client has nothing more to say in this exchange
	left    bool      // the client hung up
	parent  context.Context
}

// newConn is a connection over n, whose descriptor is below raw if that is set.
func newConn(s *Server, n net.Conn, raw syscall.RawConn) *conn {
	c := &conn{
		server: s, net: n, remote: n.RemoteAddr().String(), local: n.LocalAddr().String(), options: s.options.Load(),
	}
	c.in.pool = s.buffers
	if secure, ok := n.(*tls.Conn); ok {
		state := secure.ConnectionState()
		c.tls = &state
	} else if raw != nil {
		c.raw, c.try, c.out.try = raw, c.tryRead, c.out.tryWrite
	}
	return c
}

// settlingTime is how long a connection waits before it goes on in another
// goroutine: answering requests has made the stack of this one grow, and most
// clients that have been silent for so long will be silent for longer.
const settlingTime = time.Second

// serve answers requests until one side ends the connection, or the client has
// been silent for a while: then it goes on in another goroutine.
func (c *conn) serve() {
	silent := false
	defer func() {
		if !silent || !c.server.conns.Go(func() { c.fresh = true; c.serve() }) {
			c.end()
		}
	}()
	for {
		var ok bool
		if ok, silent = c.rest(); !ok || !c.exchange() {
			return
		}
	}
}

// end must follow serve.
func (c *conn) end() {
	c.close()
	if c.raw != nil {
		c.server.gone.forget(c)
	}
	c.server.conns.Remove(c)
	c.leave()
}

func (c *conn) close() {
	if c.taken {
		return
	}
	c.in.skip(len(c.in.rest()))
	c.in.release()
	c.net.Close()
}

// cut ends the connection in the middle of whatever it does.
func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken {
		return
	}
	if secure, ok := c.net.(*tls.Conn); ok {
		secure.NetConn().Close() // a goodbye might wait for the client
		return
	}
	c.net.Close()
}

// rest waits for the first octet of a request, without a buffer, and reports
// whether one came; if none did, whether the wait is to go on.
func (c *conn) rest() (ok, silent bool) {
	if !c.in.empty() {
		return true, false
	}
	o := c.server.options.Load()
	patience := o.KeepAlive
	if !c.served {
		patience = o.HeadTime
	}
	settles := c.settles(patience)
	if settles {
		patience = c.server.settling
	} else if c.fresh {
		patience -= c.server.settling
	}
	c.mu.Lock()
	if c.server.dismissed.Load() {
		patience = time.Nanosecond
	}
	now := time.Now()
	c.readBy(now, patience)
	c.resting = true
	if !c.fresh { // else it waits on
		c.rested = now
	}
	c.mu.Unlock()
	err := c.firstRead()
	c.mu.Lock()
	c.resting = false
	settles = settles && !c.excused
	c.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) && c.raw != nil {
		// What has come in the last moment is answered, not lost.
		c.failure = err
		_ = c.raw.Control(func(fd uintptr) { c.tryRead(fd) })
		c.read, err = time.Time{}, c.failure
		silent = settles && errors.Is(err, os.ErrDeadlineExceeded)
	}
	return err == nil, silent
}

// settles reports that a wait of so long has two parts. A connection that has
// only just come has a small stack yet.
func (c *conn) settles(patience time.Duration) bool {
	return c.raw != nil && c.served && !c.fresh && patience > 2*c.server.settling
}

// waitsSince is since when a connection waits for a request, or for the rest of
// its head; zero: it does not.
func (c *conn) waitsSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.resting {
		return c.heading
	}
	return c.rested
}

// relieve ends such a wait.
func (c *conn) relieve() {
	c.dismiss()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.heading.IsZero() {
		c.stopReading() // as if the head had taken too long
	}
}

// dismiss ends a rest.
func (c *conn) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resting {
		c.excused = true
		c.stopReading()
	}
}

func (c *conn) firstRead() error {
	if c.raw == nil {
		n, err := c.net.Read(c.first[:])
		if n == 0 {
			return err
		}
		c.in.room()[0] = c.first[0]
		c.in.grown(1)
		return nil
	}
	if err := c.raw.Read(c.try); err != nil {
		return err
	}
	return c.failure
}

// tryRead borrows a buffer if there is something to read into it.
func (c *conn) tryRead(fd uintptr) bool {
	room := c.in.room()
	n, err := nonblock.Read(fd, room)
	if n > 0 {
		c.in.grown(n)
		c.failure = nil
		return true
	}
	c.in.release()
	if err == syscall.EAGAIN {
		return false
	}
	if c.failure = err; err == nil {
		c.failure = io.EOF
	}
	return true
}

// exchange reads a request, has it answered, and reports whether another may
// follow.
func (c *conn) exchange() bool {
	c.options = c.server.options.Load()
	x := c.server.exchange()
	defer c.server.recycle(x)
	x.c = c
	if err := c.readHead(&x.head); err != nil {
		c.refuse(x, err)
		return false
	}
	c.fresh = false
	c.served, c.posted = true, string(x.head.bytes(x.head.method)) == http.MethodPost
	if x.head.length != 0 {
		x.body = newBody(x)
	}
	c.begin(x)
	c.run(x)
	c.mu.Lock()
	c.current = nil
	c.mu.Unlock()
	return c.finish(x)
}

// readHead reads the rest of a head, of which the first octets are there.
func (c *conn) readHead(h *head) error {
	if c.posted { // old clients send an empty line after the body (RFC 9112, section 2.2)
		c.posted = false
		if err := c.skipLine(); err != nil {
			return err
		}
	}
	if first := c.in.rest()[0]; strict.Class(first)&strict.Token == 0 { // there may be no line to wait for
		if first == handshakeRecord && c.tls == nil {
			return strict.Bad("a TLS handshake, where clients connect in clear")
		}
		return strict.Bad("malformed method")
	}
	begun := time.Time{}
	for {
		n, err := h.parse(c.in.rest(), c.options)
		if err != nil {
			h.raw = c.in.rest() // for what has come
		}
		if n > 0 || err != nil {
			c.in.keep(n)
			return err
		}
		now := time.Now()
		if begun.IsZero() {
			begun = now
		}
		if err := c.more(now, begun); err != nil {
			h.raw = c.in.rest()
			return err
		}
	}
}

// handshakeRecord is the first octet of a TLS handshake (RFC 8446, section 5.1).
const handshakeRecord = 22

func (c *conn) skipLine() error {
	now := time.Now()
	for i, want := range []byte("\r\n") {
		if c.in.rest()[0] != want {
			if i > 0 {
				return strict.Bad("line without LF")
			}
			return nil
		}
		c.in.skip(1)
		if c.in.empty() {
			if err := c.more(now, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// more reads more of a head that has begun.
func (c *conn) more(now, begun time.Time) error {
	left := begun.Add(c.options.HeadTime).Sub(now)
	c.mu.Lock()
	c.read = time.Time{} // to the moment
	c.readBy(now, max(left, time.Nanosecond))
	c.heading = begun
	c.mu.Unlock()
	room := c.in.room()
	n, err := c.net.Read(room)
	c.mu.Lock()
	c.heading = time.Time{}
	c.mu.Unlock()
	c.in.grown(n)
	switch {
	case n > 0:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return strict.Refuse(http.StatusRequestTimeout, "head too slow")
	}
	return err
}

// refuse answers a request that is none and ends the connection.
func (c *conn) refuse(x *Exchange, err error) {
	var why *strict.Refusal
	if !errors.As(err, &why) {
		return // the client is gone
	}
	var fields http.Header
	var body []byte
	if c.options.Refused != nil {
		fields, body = c.options.Refused(x.client(), why)
	}
	if fields == nil {
		fields = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
		body = fmt.Appendf(nil, "%d %s: %s\n", why.Status, http.StatusText(why.Status), why.Reason)
	}
	if x.refusal(why.Status, fields, body) == nil {
		c.linger()
	}
}

// begin lets hang-ups and interruptions end the exchange from here on.
func (c *conn) begin(x *Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.excused = x, false
	c.silent = x.body == nil && c.in.empty()
}

// quiet notes that the client has said all of this exchange, and nothing of
// the next: if it hangs up, or did, it is gone.
func (c *conn) quiet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent = c.in.empty(); c.silent && c.left && c.current != nil {
		c.current.cancel(ErrGone)
	}
}

// hungUp is told by the watcher: the client has shut its side, or, if lost,
// both. Who has only shut its side after pipelined requests may wait for the
// answers.
func (c *conn) hungUp(lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
	if c.current != nil && (c.silent || lost) {
		c.current.cancel(ErrGone)
	}
}

func (c *conn) interrupt(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		c.current.cancel(cause)
	}
}

// run calls the handler. Its panic ends the connection, not the process.
func (c *conn) run(x *Exchange) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		x.Abort()
		if v != http.ErrAbortHandler {
			c.options.Log.Error("h1: panic in the handler", "client", c.remote, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	c.server.handle(x)
}

// finish ends an exchange after its handler and reports whether the
// connection goes on.
func (c *conn) finish(x *Exchange) bool {
	if x.body != nil {
		x.body.end()
	}
	err := x.conclude()
	x.cancelContext()
	if c.taken || err != nil {
		return false
	}
	whole := x.body == nil || x.body.Failure() == io.EOF || x.keep && x.body.discard()
	c.in.release()
	if !whole {
		c.linger()
		return false
	}
	if !x.keep && !(x.head.closing && c.in.empty()) {
		c.linger() // the client may be about to send what would reset the connection
	}
	return x.keep
}

// linger says the end and reads what the client still sends, for a little
// while: closing with unread octets would reset the connection, and the client
// might lose the response (RFC 9112, section 9.6).
func (c *conn) linger() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	scratch := c.in.pool.small()
	defer c.in.pool.put(scratch)
	patience := c.options.LingerTime
	for now, begun := time.Now(), time.Now(); now.Sub(begun) < lingerTimes*patience; now = time.Now() {
		c.readBy(now, patience)
		if _, err := c.net.Read(*scratch); err != nil {
			return
		}
	}
}

// lingerTimes bounds the whole of a lingering: a client in the middle of an
// upload may have to send a lot before it looks for the response.
const lingerTimes = 5

// take hands the connection over to the handler.
func (c *conn) take() *Stream {
	c.server.gone.forget(c)
	c.mu.Lock()
	c.taken, c.silent = true, false
	c.mu.Unlock()
	_ = c.net.SetDeadline(time.Time{}) // fails on a closed connection, as everything after it
	return &Stream{Conn: c.net, early: bytes.Clone(c.in.rest())}
}
