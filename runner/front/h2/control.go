package h2

import (
	"encoding/binary"
	"time"
)

// The frames about a connection, and about streams as such.

// The settings that mean something to us (RFC 9113, section 6.5.2).
const (
	settingTable      = 1 // HEADER_TABLE_SIZE
	settingPush       = 2 // ENABLE_PUSH
	settingStreams    = 3 // MAX_CONCURRENT_STREAMS
	settingWindow     = 4 // INITIAL_WINDOW_SIZE
	settingFrame      = 5 // MAX_FRAME_SIZE
	settingFieldsSize = 6 // MAX_HEADER_LIST_SIZE

	settingSize   = 6  // octets of one
	fieldOverhead = 32 // of a field, by that size
)

// appendSettings appends our SETTINGS; the lock is held.
func (c *conn) appendSettings(b []byte) []byte {
	o := c.server.options.Load()
	list := [][2]uint32{
		{settingStreams, uint32(o.Streams)},
		{settingWindow, streamWindow},
		{settingFieldsSize, uint32(o.Line + o.Head + fieldOverhead*o.Fields)},
	}
	b = frame{length: settingSize * len(list), kind: settingsFrame}.append(b)
	for _, s := range list {
		b = binary.BigEndian.AppendUint16(b, uint16(s[0]))
		b = binary.BigEndian.AppendUint32(b, s[1])
	}
	c.unsettled = time.AfterFunc(o.HeadTime, c.unsettle)
	return b
}

// unsettle follows SETTINGS that were not acknowledged (RFC 9113, section
// 6.5.3).
func (c *conn) unsettle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		b := c.buffer()
		*b = appendGoAway(*b, c.newest, settingsTimeout, "SETTINGS not acknowledged")
		c.goodbye = left
		c.arm()
		c.flushSoon()
	}
}

// takeSettings follows RFC 9113, section 6.5.
func (c *conn) takeSettings(f frame, payload []byte) error {
	switch {
	case f.stream != 0:
		return broken(protocolError, "SETTINGS of a stream")
	case f.has(flagAck) && f.length != 0, f.length%settingSize != 0:
		return broken(frameSizeError, "length of SETTINGS")
	case f.has(flagAck):
		c.mu.Lock()
		c.unsettled.Stop()
		c.mu.Unlock()
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; len(payload) > 0; payload = payload[settingSize:] {
		if err := c.setting(binary.BigEndian.Uint16(payload), binary.BigEndian.Uint32(payload[2:])); err != nil {
			return err
		}
	}
	return c.answer(func(b []byte) []byte { return frame{kind: settingsFrame, flags: flagAck}.append(b) })
}

func (c *conn) setting(id uint16, value uint32) error {
	switch id {
	case settingTable:
		c.pack.resize(value)
	case settingPush:
		if value > 1 {
			return broken(protocolError, "ENABLE_PUSH")
		}
	case settingFrame:
		if value < maxFrame || value >= 1<<24 {
			return broken(protocolError, "MAX_FRAME_SIZE")
		}
	case settingWindow:
		if value > maxWindow {
			return broken(flowControlError, "INITIAL_WINDOW_SIZE")
		}
		return c.resizeWindows(int(value))
	}
	return nil
}

// resizeWindows follows RFC 9113, section 6.9.2.
func (c *conn) resizeWindows(initial int) error {
	more := initial - c.initial
	c.initial = initial
	for _, x := range c.streams {
		if x.window += more; x.window > maxWindow {
			return broken(flowControlError, "window of a stream")
		}
	}
	c.wakeAll()
	return nil
}

// takePing follows RFC 9113, section 6.7.
func (c *conn) takePing(f frame, payload []byte) error {
	switch {
	case f.stream != 0:
		return broken(protocolError, "PING of a stream")
	case f.length != 8:
		return broken(frameSizeError, "length of PING")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.has(flagAck) {
		if c.goodbye == parting && string(payload) == parted {
			c.leaveLocked()
			c.flushSoon()
		}
		return nil
	}
	return c.answer(func(b []byte) []byte { return appendPing(b, flagAck, payload) })
}

// answer appends what the client makes us say; the lock is held.
func (c *conn) answer(to func([]byte) []byte) error {
	if err := c.annoyed(); err != nil {
		return err
	}
	if c.pending() > maxAnswers {
		return errFlooded
	}
	b := c.buffer()
	*b = to(*b)
	c.flushSoon()
	return nil
}

// takeWindowUpdate follows RFC 9113, section 6.9.
func (c *conn) takeWindowUpdate(f frame, payload []byte) error {
	if f.length != 4 {
		return broken(frameSizeError, "length of WINDOW_UPDATE")
	}
	n := int(binary.BigEndian.Uint32(payload) & maxWindow)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.stream == 0 {
		if n == 0 {
			return broken(protocolError, "WINDOW_UPDATE of nothing")
		}
		if c.window += n; c.window > maxWindow {
			return broken(flowControlError, "window of the connection")
		}
		c.wakeAll()
		return nil
	}
	x := c.streams[f.stream]
	switch {
	case f.stream > c.seen:
		return broken(protocolError, "WINDOW_UPDATE of an idle stream")
	case x == nil || x.local: // it may be on its way when a stream ends
		return nil
	case n == 0:
		return &streamFault{f.stream, protocolError, "WINDOW_UPDATE of nothing"}
	}
	if x.window += n; x.window > maxWindow {
		return &streamFault{f.stream, flowControlError, "window of the stream"}
	}
	x.signal()
	return nil
}

// takeReset follows RFC 9113, section 6.4.
func (c *conn) takeReset(f frame, payload []byte) error {
	switch {
	case f.length != 4:
		return broken(frameSizeError, "length of RST_STREAM")
	case f.stream == 0:
		return broken(protocolError, "RST_STREAM of the connection")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.stream > c.seen {
		return broken(protocolError, "RST_STREAM of an idle stream")
	}
	if x := c.streams[f.stream]; x != nil {
		x.lose()
	}
	return c.annoyedBy(resetCost)
}

// takePriority checks what is ignored otherwise (RFC 9113, section 5.3.2).
func (c *conn) takePriority(f frame, payload []byte) error {
	switch {
	case f.stream == 0:
		return broken(protocolError, "PRIORITY of the connection")
	case f.length != 5:
		return &streamFault{f.stream, frameSizeError, "length of PRIORITY"}
	case dependsOnItself(f.stream, payload):
		return &streamFault{f.stream, protocolError, "a stream that depends on itself"}
	}
	return c.annoyed()
}

func dependsOnItself(stream uint32, priority []byte) bool {
	return binary.BigEndian.Uint32(priority)&maxStream == stream
}

// takeGoAway lets the streams end that the client has begun.
func (c *conn) takeGoAway(f frame, payload []byte) error {
	switch {
	case f.stream != 0:
		return broken(protocolError, "GOAWAY of a stream")
	case f.length < 8:
		return broken(frameSizeError, "length of GOAWAY")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaveLocked()
	c.flushSoon()
	return c.annoyed()
}

// trouble counts frames that bring nothing about, such as PING, or that undo
// what others did, such as RST_STREAM: each is cheap for who sends it.
type trouble struct {
	since time.Time
	count int
}

const (
	// maxTrouble is how much of that a client may make in troubleTime.
	maxTrouble  = 10_000
	troubleTime = 10 * time.Second
	// resetCost is how much RST_STREAM counts.
	resetCost = 4
)

func (c *conn) annoyed() error { return c.annoyedBy(1) }

func (c *conn) annoyedBy(n int) error {
	t := &c.trouble
	if t.count += n; t.count <= maxTrouble {
		return nil
	}
	now := time.Now()
	if now.Sub(t.since) > troubleTime {
		t.since, t.count = now, n
		return nil
	}
	return broken(enhanceYourCalm, "too many frames that bring nothing about")
}
