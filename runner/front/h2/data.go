package h2

import "errors"

// takeData reads the payload of DATA as it comes (RFC 9113, section 6.1).
func (c *conn) takeData(f frame) error {
	if f.stream == 0 {
		return broken(protocolError, "DATA of the connection")
	}
	c.inData = true
	defer func() { c.inData = false }()
	left, pad, err := f.length, 0, error(nil)
	if f.has(flagPadded) {
		if pad, err = c.padding(f); err != nil {
			return err
		}
		left -= 1 + pad
	}
	body, err := c.receive(f)
	var fault *fault
	if errors.As(err, &fault) {
		return err
	}
	unwanted := f.length - left
	for left+pad > 0 {
		if c.in.empty() {
			if err := c.fill(); err != nil {
				return err
			}
			continue
		}
		p := c.in.rest()
		p = p[:min(len(p), left+pad)]
		c.in.skip(len(p))
		mine := p[:min(len(p), left)]
		left -= len(mine)
		pad -= len(p) - len(mine)
		if len(mine) == 0 {
			continue
		}
		taken := false
		if body != nil && err == nil {
			if taken, err = body.deliver(mine); err != nil {
				err = &streamFault{f.stream, protocolError, err.Error()}
			}
		}
		if !taken {
			unwanted += len(mine)
		}
	}
	c.grantSoon(unwanted)
	switch {
	case err != nil || body == nil:
		return err
	case f.has(flagEndStream):
		return c.endBody(f.stream, body, nil)
	case f.length == 0:
		return c.annoyed()
	}
	return nil
}

// padding reads how much of it there is.
func (c *conn) padding(f frame) (int, error) {
	if f.length == 0 {
		return 0, broken(frameSizeError, "no room for the length of the padding")
	}
	for c.in.empty() {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	pad := int(c.in.rest()[0])
	c.in.skip(1)
	if pad >= f.length {
		return 0, broken(protocolError, "more padding than payload")
	}
	return pad, nil
}

// receive takes DATA off the windows and returns the body that it is of; nil
// for a stream that was reset.
func (c *conn) receive(f frame) (*Body, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.granted -= f.length; c.granted < 0 {
		return nil, broken(flowControlError, "more than the window of the connection")
	}
	x := c.streams[f.stream]
	switch {
	case f.stream > c.seen:
		return nil, broken(protocolError, "DATA of an idle stream")
	case f.stream > c.newest:
		return nil, nil // it was ignored
	case x == nil:
		if _, reset := c.closed.find(f.stream); reset {
			return nil, nil
		}
		return nil, &streamFault{f.stream, streamClosed, "DATA of a stream that is closed"}
	case x.ours:
		return nil, nil
	case x.remote:
		return nil, &streamFault{f.stream, streamClosed, "DATA of a stream that is closed"}
	case !x.body.expect(f.length):
		return nil, &streamFault{f.stream, flowControlError, "more than the window of the stream"}
	}
	return x.body, nil
}

// grantSoon gives back what was taken of the connection's window and has
// nobody who reads it.
func (c *conn) grantSoon(n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grantLocked(0, 0, n) {
		c.flushSoon()
	}
}

// grant gives back what was read of a stream, once that is worth a frame, and
// of the connection.
func (c *conn) grant(stream uint32, more, n int) {
	if more == 0 && n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grantLocked(stream, more, n) {
		c.flush()
	}
}

func (c *conn) grantLocked(stream uint32, more, n int) bool {
	if c.owed += n; c.ended || more == 0 && c.owed < connectionWindow/2 {
		return false
	}
	b := c.buffer()
	if more > 0 {
		*b = appendWindowUpdate(*b, stream, more)
	}
	if c.owed >= connectionWindow/2 {
		*b = appendWindowUpdate(*b, 0, c.owed)
		c.granted += c.owed
		c.owed = 0
	}
	return true
}
