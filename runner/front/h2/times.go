package h2

import (
	"errors"
	"time"
)

// times are how long a client may keep the reader waiting. One deadline stands
// for all of them and is not moved with each request, because that costs: when
// it passes, the reader looks what is really due.
type times struct {
	idleSince time.Time // zero while there are requests
	partBy    time.Time // a frame or a head that has begun must be whole; zero when none has
	armed     time.Time // the deadline that is set, zero for none
	served    bool      // a request has come
}

var (
	errIdle = errors.New("h2: connection idle")
	errLeft = errors.New("h2: goodbye was said, and nothing is under way")
	errSlow = broken(enhanceYourCalm, "frame or head too slow")
)

var past = time.Unix(1, 0)

// expect bounds the time for a frame or a head that has begun. The payload of
// DATA has the pace of a body; here it must only go on.
func (c *conn) expect() {
	part := c.inData || c.block.open || !c.in.empty()
	if !part && !c.partial {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.server.options.Load()
	switch {
	case !part:
		c.partBy = time.Time{}
	case c.inData:
		c.partBy = time.Now().Add(o.BodyPause)
	case !c.partial:
		c.partBy = time.Now().Add(o.HeadTime)
	}
	c.partial = part
	c.arm()
}

// due is when the reader must not wait any longer, and why; the lock is held.
func (c *conn) due() (time.Time, error) {
	o := c.server.options.Load()
	switch {
	case c.goodbye == left && len(c.streams) == 0:
		return past, errLeft
	case !c.partBy.IsZero():
		return c.partBy, errSlow
	case c.idleSince.IsZero():
		return time.Time{}, nil
	case !c.served:
		return c.idleSince.Add(min(o.HeadTime, o.KeepAlive)), errIdle
	}
	return c.idleSince.Add(o.KeepAlive), errIdle
}

// arm moves the deadline when it is too late; the lock is held.
func (c *conn) arm() {
	by, why := c.due()
	if why == nil || c.ended || !c.armed.IsZero() && !by.Before(c.armed) {
		return
	}
	c.armed = by
	_ = c.net.SetReadDeadline(by) // fails on a closed connection, as Read will
}

// restsSince is when the last request ended; zero while there are some.
func (c *conn) restsSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idleSince
}

// rearm follows a change of the options.
func (c *conn) rearm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arm()
}

// expired follows the deadline; an error says what was due.
func (c *conn) expired() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	by, why := c.due()
	if why != nil && !time.Now().Before(by) {
		return why
	}
	c.armed = by
	_ = c.net.SetReadDeadline(by)
	return nil
}
