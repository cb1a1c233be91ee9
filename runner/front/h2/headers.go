package h2

import (
	"errors"
	"net/http"

	"golang.org/x/net/http2/hpack"

	"github.com/dram-go/dram/runner/front/strict"
)

// block is the fields of a HEADERS frame and of those CONTINUATION frames that
// follow it (RFC 9113, section 4.3). They are decompressed as they come, for
// whatever use, because later blocks build on them.
type block struct {
	open    bool // CONTINUATION follows
	stream  uint32
	bare    bool      // END_STREAM
	x       *Exchange // a request that begins
	trailer *trailer  // of body
	body    *Body
	err     error // what becomes of it otherwise; nil with neither: nothing
	size    int   // octets, compressed
	frames  int
}

func (b *block) field(f hpack.HeaderField) {
	switch {
	case b.x != nil:
		b.x.head.field(f)
	case b.trailer != nil:
		b.trailer.field(f)
	}
}

// maxFrames bounds the frames of one block (CVE-2024-27316).
const maxFrames = 32

// takeHeaders follows RFC 9113, sections 5.1 and 6.2.
func (c *conn) takeHeaders(f frame, payload []byte) error {
	if f.stream&1 == 0 {
		return broken(protocolError, "HEADERS of a stream that no client begins")
	}
	payload, err := f.unpadded(payload)
	if err != nil {
		return err
	}
	c.block = block{stream: f.stream, bare: f.has(flagEndStream)}
	if f.has(flagPriority) {
		if len(payload) < 5 {
			return broken(frameSizeError, "no room for a priority")
		}
		if dependsOnItself(f.stream, payload) {
			c.block.err = &streamFault{f.stream, protocolError, "a stream that depends on itself"}
		}
		payload = payload[5:]
	}
	if err := c.open(); err != nil {
		return err
	}
	return c.fragment(payload, f.has(flagEndHeaders))
}

// takeContinuation follows RFC 9113, section 6.10. That it continues something
// was seen before.
func (c *conn) takeContinuation(f frame, payload []byte) error {
	if !c.block.open {
		return broken(protocolError, "CONTINUATION of nothing")
	}
	return c.fragment(payload, f.has(flagEndHeaders))
}

// open finds out what the fields are of.
func (c *conn) open() error {
	b := &c.block
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.stream > c.seen {
		return c.openNew()
	}
	x := c.streams[b.stream]
	if x == nil && b.stream > c.newest {
		return nil // it was ignored
	}
	if x == nil {
		switch known, reset := c.closed.find(b.stream); {
		case reset: // it was on its way
			return nil
		case known:
			return broken(streamClosed, "HEADERS of a stream that is closed")
		}
		return broken(protocolError, "a stream that is older than others")
	}
	switch {
	case x.ours:
		return nil
	case x.remote && x.local && !x.gone:
		return broken(streamClosed, "HEADERS of a stream that is closed")
	case x.remote:
		b.err = &streamFault{b.stream, streamClosed, "HEADERS of a stream that is closed"}
	case !b.bare:
		b.err = &streamFault{b.stream, protocolError, "a trailer that is not the end"}
	default:
		b.body, b.trailer = x.body, &trailer{limits: c.server.options.Load()}
	}
	return nil
}

// openNew begins a stream; the lock is held.
func (c *conn) openNew() error {
	b := &c.block
	c.seen = b.stream
	if c.goodbye == left {
		return nil // the client knows that it is ignored
	}
	c.newest = b.stream
	o := c.server.options.Load()
	if c.active >= o.Streams {
		if b.err == nil {
			b.err = &streamFault{b.stream, refusedStream, "too many streams"}
		}
		return nil
	}
	if b.err != nil {
		return nil
	}
	b.x = c.server.exchange(c, b.stream, o)
	return nil
}

// fragment takes a part of the fields.
func (c *conn) fragment(p []byte, last bool) error {
	b := &c.block
	b.open = !last
	o := c.server.options.Load()
	b.size += len(p)
	if b.frames++; b.frames > maxFrames || b.size > 4*(o.Line+o.Head) {
		return broken(enhanceYourCalm, "fields without end")
	}
	_, err := c.unpack.Write(p)
	if err == nil && last {
		err = c.unpack.Close()
	}
	if err != nil {
		return broken(compressionError, err.Error())
	}
	if !last {
		return nil
	}
	x, t, err := b.x, b.trailer, b.err
	b.x, b.trailer = nil, nil
	switch {
	case x != nil:
		return c.begin(x)
	case t != nil && t.err != nil:
		return &streamFault{b.stream, protocolError, t.err.Error()}
	case t != nil:
		return c.endBody(b.stream, b.body, t.header)
	}
	return err
}

// begin begins a request whose head is complete.
func (c *conn) begin(x *Exchange) error {
	bare := c.block.bare
	err := x.head.conclude(bare, c.valid)
	var bad malformed
	var why *strict.Refusal
	switch {
	case errors.As(err, &bad):
		id := x.id
		c.refuse(x, &strict.Refusal{Status: http.StatusBadRequest, Reason: string(bad)})
		c.server.recycle(x)
		return &streamFault{id, protocolError, string(bad)}
	case errors.As(err, &why):
		x.refusal = c.refuse(x, why)
	default:
		c.valid = x.host
	}
	if !bare {
		x.body = newBody(x)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x.remote = bare
	x.window = c.initial
	c.streams[x.id] = x
	c.active++
	c.served, c.idleSince = true, noTime
	if c.draining {
		c.partLocked()
		c.flushSoon()
	}
	if why := c.server.conns.Cause(); why != nil {
		x.over = why
	}
	if c.running >= x.state.limits.Streams {
		if len(c.queue) >= maxQueue*x.state.limits.Streams {
			return broken(enhanceYourCalm, "too many requests were begun and given up")
		}
		c.queue = append(c.queue, x)
		return nil
	}
	c.running++
	c.server.crew.run(x)
	return nil
}

// maxQueue is how many requests, as a multiple of those that may run, wait
// because the client has reset that many whose handlers have not ended yet
// (CVE-2023-44487).
const maxQueue = 4

// endBody ends a body, by its trailer or without one.
func (c *conn) endBody(stream uint32, body *Body, trailer http.Header) error {
	if err := body.complete(trailer); err != nil {
		return &streamFault{stream, protocolError, err.Error()}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.streams[stream]; x != nil && x.body == body {
		x.said()
	}
	return nil
}
