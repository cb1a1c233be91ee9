package h2

import (
	"errors"
	"time"
)

// goodbye is how far a connection has come in ending (RFC 9113, section 6.8).
type goodbye byte

const (
	staying goodbye = iota
	parting         // the client shall go elsewhere, what it asks for is answered
	left            // what it asks for is ignored, and it knows from where on
)

// parted is the PING whose answer says that the client has read the first
// goodbye.
const parted = "farewell"

// part says the first goodbye. A client that has asked for nothing yet hears it
// with its first request: a connection that ends before that looks broken to
// some, Go's among them, and they do not try another.
func (c *conn) part() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.served {
		c.draining = true
		return
	}
	c.partLocked()
	c.flushSoon()
}

func (c *conn) partLocked() {
	if c.goodbye != staying || c.ended {
		return
	}
	c.goodbye = parting
	b := c.buffer()
	*b = appendGoAway(*b, maxStream, noError, "")
	*b = appendPing(*b, 0, []byte(parted))
	c.patience = time.AfterFunc(c.server.options.Load().HeadTime, c.leave)
}

// leave says the second goodbye. The connection ends with its last stream.
func (c *conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaveLocked()
	c.flushSoon()
}

func (c *conn) leaveLocked() {
	if c.goodbye == left || c.ended {
		return
	}
	c.goodbye = left
	if c.patience != nil {
		c.patience.Stop()
	}
	b := c.buffer()
	*b = appendGoAway(*b, c.newest, noError, "")
	c.arm()
}

// end closes the connection; why is what has ended it.
func (c *conn) end(why error) {
	var fault *fault
	polite := errors.As(why, &fault) || errors.Is(why, errIdle) || errors.Is(why, errLeft)
	c.mu.Lock()
	switch {
	case fault != nil:
		b := c.buffer()
		*b = appendGoAway(*b, c.newest, fault.code, fault.reason)
	case polite:
		c.leaveLocked()
	}
	c.ended = true
	if c.patience != nil {
		c.patience.Stop()
	}
	if c.unsettled != nil {
		c.unsettled.Stop()
	}
	for _, x := range c.queue {
		delete(c.streams, x.id)
		c.server.recycle(x)
	}
	c.queue = nil
	for _, x := range c.streams {
		x.lose()
	}
	c.mu.Unlock()
	if fault != nil {
		c.server.options.Load().Log.Debug("h2: connection ended", "client", c.remote, "err", why)
	}
	c.in.skip(len(c.in.rest()))
	c.in.release()
	if polite {
		_ = c.net.SetWriteDeadline(time.Now().Add(c.server.options.Load().LingerTime)) // a write may be under way
		c.finish()
		c.linger()
	}
	c.mu.Lock()
	if c.out.failed == nil {
		c.out.failed = errEnded
	}
	c.mu.Unlock()
	c.net.Close()
	c.finish()
}

var errEnded = errors.New("h2: connection has ended")

// linger says the end and reads what the client still sends, for a little
// while: closing with unread octets would reset the connection, and the client
// might lose what it was told.
func (c *conn) linger() {
	if c.net.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(c.server.options.Load().LingerTime))
	scratch := c.server.inputs.Get().(*[inputSize]byte)
	defer c.server.inputs.Put(scratch)
	for {
		if _, err := c.net.Read(scratch[:]); err != nil {
			return
		}
	}
}
