package h2

import (
	"time"
)

// output is what is to be sent on a connection: frames of all its streams, in
// the order in which they were appended under the connection's lock. One
// goroutine at a time writes, what others append meanwhile goes with its next
// round; after a second round it hands over to a goroutine of its own, because
// its request must not wait for what others have to say.
type output struct {
	pending  *[]byte // nil when there is nothing
	reserved int     // octets that are read from files, to be appended
	writing  bool
	failed   error // after which nothing is sent
	quiet    chan struct{}
	due      time.Time // the deadline that is set
}

const (
	// maxPending is how much may wait to be written before streams wait.
	maxPending = 64 << 10
	// keptOutput is the largest buffer that is kept for others.
	keptOutput = 2 * maxPending
	// maxAnswers bounds what waits to be written when the client makes us say
	// something: one that does not read gets no more answers.
	maxAnswers = 4 * maxPending
)

var errFlooded = broken(enhanceYourCalm, "answers are not read")

// buffer returns what is to be sent, to append to; the lock is held.
func (c *conn) buffer() *[]byte {
	if c.out.pending == nil {
		c.out.pending = c.server.outputs.Get().(*[]byte)
	}
	return c.out.pending
}

// release keeps a buffer for others.
func (s *Server) release(b *[]byte) {
	if cap(*b) <= keptOutput {
		*b = (*b)[:0]
		s.outputs.Put(b)
	}
}

func (c *conn) pending() int {
	if c.out.pending == nil {
		return 0
	}
	return len(*c.out.pending)
}

// flush sends what was appended, unless somebody is about to; the lock is
// held, but not while it writes.
func (c *conn) flush() {
	if c.out.writing || c.pending() == 0 {
		return
	}
	c.out.writing = true
	c.round()
	if c.pending() > 0 {
		c.round()
	}
	if c.pending() > 0 && c.out.failed == nil {
		go c.drain()
		return
	}
	c.written()
}

// flushSoon is flush for the reader, which must never wait: if both sides did,
// neither would read.
func (c *conn) flushSoon() {
	if !c.out.writing && c.pending() > 0 {
		c.out.writing = true
		go c.drain()
	}
}

// drain writes until nothing is left.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending() > 0 && c.out.failed == nil {
		c.round()
	}
	c.written()
}

// written ends the writing; the lock is held.
func (c *conn) written() {
	c.out.writing = false
	if c.out.quiet != nil {
		close(c.out.quiet)
		c.out.quiet = nil
	}
}

// round writes what there is. The lock is held, but not while it writes.
func (c *conn) round() {
	b := c.out.pending
	c.out.pending = nil
	o := c.server.options.Load()
	patience := o.WritePause
	if c.ended {
		patience = o.LingerTime
	}
	c.mu.Unlock()
	err := c.write(*b, patience)
	c.server.release(b)
	c.mu.Lock()
	if err != nil && c.out.failed == nil {
		c.fail(err)
	}
	if len(c.waiting) > 0 {
		c.wakeAll() // there is room
	}
}

// write ends the connection when the client does not read: TLS cannot go on in
// the middle of a record.
func (c *conn) write(b []byte, patience time.Duration) error {
	by := time.Now().Add(patience)
	if early := by.Sub(c.out.due); early < 0 || early > patience/8 {
		c.out.due = by
		_ = c.net.SetWriteDeadline(by) // fails on a closed connection, as Write will
	}
	_, err := c.net.Write(b)
	return err
}

// fail ends a connection on which nothing can be sent; the lock is held.
func (c *conn) fail(err error) {
	c.out.failed = err
	if c.out.pending != nil {
		*c.out.pending = (*c.out.pending)[:0]
	}
	c.net.NetConn().Close() // so that the reader ends
	c.wakeAll()
}

// finish sends what is left and returns when nobody writes any more.
func (c *conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.failed == nil {
		c.flushSoon()
	}
	for c.out.writing {
		if c.out.quiet == nil {
			c.out.quiet = make(chan struct{})
		}
		quiet := c.out.quiet
		c.mu.Unlock()
		<-quiet
		c.mu.Lock()
	}
}
