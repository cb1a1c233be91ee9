package wire

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn speaks the gateway interface on one data connection. One goroutine may
// read while another writes; Close may come from anywhere.
//
// Its errors: *[ProtocolError] and *[VersionError] when the other side is to
// blame, *[Abort] when the worker gave up, io.EOF and ECONNRESET when the other
// side is gone, os.ErrDeadlineExceeded after a deadline. After any but the last
// the connection is of no use.
type Conn struct {
	conn    net.Conn
	raw     syscall.RawConn // nil: conn has no descriptor
	side    Side            // ours
	buffers *Buffers
	stall   time.Duration // longest time the other side may leave us waiting within a message; 0 for any

	in       input
	out      output
	exchange uint16
	features uint64 // ours
	hello    Hello  // theirs
	reset    atomic.Bool
}

// NewConn returns a connection of this side, which has said nothing yet. It
// takes conn over. stall bounds how long the other side may take nothing of
// what is sent to it, and send nothing while a body goes on; 0 is any time.
func NewConn(conn net.Conn, side Side, buffers *Buffers, stall time.Duration) *Conn {
	c := &Conn{conn: conn, side: side, buffers: buffers, stall: stall}
	if s, ok := conn.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn() // without one it is read as any net.Conn
	}
	c.in.try, c.out.try, c.out.ask = c.tryRead, c.tryWrite, c.tryAsk
	return c
}

// NetConn returns the connection below.
func (c *Conn) NetConn() net.Conn { return c.conn }

// Close closes the connection at once: the other side finds the end, or a
// reset if it had sent what was not read.
func (c *Conn) Close() error { return c.conn.Close() }

// WasReset reports that the other side was closed before it had read all that
// was sent to it. The kernel tells it once only, to a write or to a read.
func (c *Conn) WasReset() bool { return c.reset.Load() }

func (c *Conn) noteReset(err error) {
	if errors.Is(err, syscall.ECONNRESET) {
		c.reset.Store(true)
	}
}

// Greet sends HELLO and waits for the other side's. A worker offers messages
// on every connection; a front does by GreetForMessages.
func (c *Conn) Greet() error {
	features := uint64(0)
	if c.side == Worker {
		features = FeatureMessages
	}
	return c.greet(features)
}

// GreetForMessages is Greet of a front that wants a message connection. It is
// one if Messages reports so, and an ordinary one with a worker that knows of
// none.
func (c *Conn) GreetForMessages() error { return c.greet(FeatureMessages) }

// Messages reports, after the HELLOs, whether this is a message connection,
// and makes the side of a front or of a worker of it by NewAsker or NewAnswerer.
func (c *Conn) Messages() bool { return c.features&c.hello.Features&FeatureMessages != 0 }

func (c *Conn) greet(features uint64) error {
	c.features = features
	payload := appendHello(make([]byte, headerSize, 32), Hello{Side: c.side, Min: MinVersion, Max: MaxVersion, Features: features})
	putHeader(payload, KindHello, false, len(payload)-headerSize)
	if err := c.write(payload); err != nil {
		return err
	}
	f, err := c.next()
	if err != nil {
		return err
	}
	if c.in.phase, err = c.in.phase.step(c.side.other(), f, 0); err != nil {
		return err
	}
	b, err := c.payload(f)
	if err != nil {
		return err
	}
	c.hello, err = parseHello(b)
	c.release()
	if err != nil {
		return err
	}
	switch h := c.hello; {
	case h.Side != c.side.other():
		return violation("the other side calls itself %s too", h.Side)
	case h.Min > MaxVersion || h.Max < MinVersion:
		return &VersionError{Side: h.Side, Min: h.Min, Max: h.Max, OurMin: MinVersion, OurMax: MaxVersion}
	}
	return nil
}

// ReadRequest waits for the next request, or the claim of a response that moved
// here. io.EOF means that the front has closed the connection between requests.
// ended says that no body follows.
func (c *Conn) ReadRequest(r *Request) (ended bool, err error) {
	f, err := c.next()
	if err != nil {
		return false, err
	}
	if c.in.phase, err = c.in.phase.step(Front, f, 0); err != nil {
		return false, err
	}
	payload, err := c.payload(f)
	if err != nil {
		return false, err
	}
	if f.kind == KindClaim {
		err = parseClaim(payload, r)
	} else {
		err = ParseRequest(payload, r)
	}
	c.release()
	if err != nil {
		return false, err
	}
	c.exchange++
	if f.kind == KindClaim {
		return true, nil
	}
	if r.Exchange != c.exchange {
		return false, violation("request %d where %d should come", r.Exchange, c.exchange)
	}
	c.in.begin(r.Length)
	if f.end && r.Length > 0 {
		return false, violation("request with a length of %d bytes and no body", r.Length)
	}
	return f.end, nil
}

// ReadResponse waits for the next RESPONSE of the exchange: any number of
// informational ones, then the final one. method is that of the request.
func (c *Conn) ReadResponse(r *Response, method string) error {
	if err := c.ReadHead(r, method); err != nil {
		return err
	}
	r.Header = r.Fields.Header()
	return nil
}

// ReadHead is ReadResponse for who needs no Header: it sets Fields alone.
func (c *Conn) ReadHead(r *Response, method string) error {
	f, err := c.next()
	if err != nil {
		return unexpected(err)
	}
	if f.kind == KindAbort {
		return c.readAbort(f)
	}
	if f.kind != KindResponse {
		_, err := c.in.phase.step(Worker, f, 0)
		return err
	}
	payload, err := c.payload(f)
	if err != nil {
		return unexpected(err)
	}
	err = parseResponse(payload, r)
	c.release()
	if err != nil {
		return err
	}
	if c.in.phase, err = c.in.phase.step(Worker, f, r.Status); err != nil {
		return err
	}
	if r.Exchange != c.exchange {
		return violation("response to request %d, that of %d should come", r.Exchange, c.exchange)
	}
	if r.Status < 200 && r.Status != http.StatusSwitchingProtocols {
		if c.in.informed++; c.in.informed > MaxInform {
			return violation("more than %d informational responses", MaxInform)
		}
		return nil
	}
	bodiless := withoutBody(method, r.Status)
	if bodiless && !f.end {
		return violation("response %d to %s with a body", r.Status, method)
	}
	if f.end && !bodiless && r.Length > 0 {
		return violation("response with a length of %d bytes and no body", r.Length)
	}
	c.in.begin(r.Length)
	return nil
}

func (c *Conn) readAbort(f frame) error {
	var err error
	if c.in.phase, err = c.in.phase.step(Worker, f, 0); err != nil {
		return err
	}
	payload, err := c.payload(f)
	if err != nil {
		return unexpected(err)
	}
	abort, err := parseAbort(payload)
	if err != nil {
		return err
	}
	return abort
}

// Read reads the body of the message whose head was read last: io.EOF after
// its end, at which Trailer is set. On an upgraded connection it reads what
// comes.
func (c *Conn) Read(p []byte) (int, error) {
	if c.in.phase == atRaw {
		return c.readRaw(p)
	}
	if err := c.Await(); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.readSome(p[:min(len(p), c.in.left)])
	c.in.left -= n
	if err != nil {
		return n, unexpected(err)
	}
	return n, nil
}

// Whole returns the whole body if all of it is here already, as is usual for
// one that was sent together with its head: then it is read to its end. The
// bytes are valid until Rested or the next reading. Without them nothing has
// changed.
func (c *Conn) Whole() (body []byte, ok bool) {
	in := &c.in
	if in.phase != atBody || in.left > 0 || in.got > 0 || in.buffered() < headerSize {
		return nil, false
	}
	f, err := parseHeader(in.buffer[in.start:in.end])
	if err != nil || f.kind != KindBody || !f.end || in.want >= 0 && int64(f.length) != in.want || in.buffered() < headerSize+f.length {
		return nil, false // what is wrong, reading will say
	}
	from := in.start + headerSize
	in.start = from + f.length // the buffer itself stays
	in.got, in.phase = int64(f.length), atRest
	return in.buffer[from:in.start], true
}

// Await waits, without a buffer, until Read has something to give: nil, or
// what Read would return instead, io.EOF at the end of the body.
func (c *Conn) Await() error {
	for c.in.left == 0 && c.in.phase != atRaw {
		if c.in.phase != atBody {
			return io.EOF
		}
		if err := c.nextOfBody(); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

// nextOfBody reads the header of a BODY, or a whole TRAILER or ABORT.
func (c *Conn) nextOfBody() error {
	f, err := c.next()
	if err != nil {
		return err
	}
	if f.kind == KindAbort {
		return c.readAbort(f)
	}
	phase, err := c.in.phase.step(c.side.other(), f, 0)
	if err != nil {
		return err
	}
	switch f.kind {
	case KindBody:
		c.in.got += int64(f.length)
		if c.in.want >= 0 && c.in.got > c.in.want {
			return violation("body of more than the %d bytes that its head says", c.in.want)
		}
		c.in.left = f.length
	case KindTrailer:
		payload, err := c.payload(f)
		if err != nil {
			return err
		}
		in := reader{rest: string(payload)}
		c.release()
		c.in.trailer = in.fields()
		if err := in.end(); err != nil {
			return err
		}
	}
	if phase == atRest && c.in.want >= 0 && c.in.got != c.in.want {
		return violation("body of %d bytes, its head says %d", c.in.got, c.in.want)
	}
	c.in.phase = phase
	return nil
}

// Trailer returns the fields after a body that was read to its end; nil when
// there were none.
func (c *Conn) Trailer() http.Header { return c.in.trailer }

// Rested reports that the message was read to its end and nothing followed it.
// A connection that rests has no buffer.
func (c *Conn) Rested() bool {
	c.release()
	return c.in.phase == atRest && c.in.left == 0 && c.in.buffered() == 0
}

// SetReadDeadline bounds reading; the zero time is no bound.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.deadline.Store(!t.IsZero())
	return c.conn.SetReadDeadline(t)
}

// SetWriteDeadline bounds writing; the zero time is no bound.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.deadline.Store(!t.IsZero())
	return c.conn.SetWriteDeadline(t)
}

// CloseWrite says the end of an upgraded connection in one direction.
func (c *Conn) CloseWrite() error {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.conn.Close()
}

// unexpected makes of an end of file what it is within a message.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
