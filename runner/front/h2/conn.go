package h2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/dram-go/dram/runner/front/strict"
)

// conn is a client connection. One goroutine, the reader, reads frames, and
// neither writes nor waits for anything but the client; requests run in others.
type conn struct {
	server *Server
	net    *tls.Conn
	tls    *tls.ConnectionState
	remote string
	local  string

	// The reader's.
	in      input
	unpack  *hpack.Decoder
	block   block
	valid   string // the host found valid last
	trouble trouble
	inData  bool // the payload of a DATA frame is being read
	partial bool // a frame or a head has begun

	mu        sync.Mutex
	out       output
	pack      packer
	streams   map[uint32]*Exchange
	waiting   []*Exchange // for the client's windows, or for room
	queue     []*Exchange // requests that wait until fewer run
	running   int         // handlers
	active    int         // streams that are not closed
	newest    uint32      // stream that was taken
	seen      uint32      // newest stream, taken or ignored
	closed    recent      // streams
	window    int         // that the client grants us
	initial   int         // window of a new stream
	granted   int         // what the client may send
	owed      int         // what was taken of it and not granted again
	draining  bool        // the client is to be told goodbye with its first request
	goodbye   goodbye
	patience  *time.Timer // for the answer to the first goodbye
	unsettled *time.Timer // for that to our SETTINGS
	ended     bool        // nothing more is read
	parent    context.Context
	times
}

// connectionWindow is what a client may send on all streams ahead of what is
// read, and initialWindow what either side may before it is told (RFC 9113,
// section 6.9.2).
const (
	connectionWindow = 1 << 20
	initialWindow    = 1<<16 - 1
)

func newConn(s *Server, n *tls.Conn) *conn {
	state := n.ConnectionState()
	c := &conn{
		server: s, net: n, tls: &state, remote: n.RemoteAddr().String(), local: n.LocalAddr().String(),
		pack: newPacker(), streams: make(map[uint32]*Exchange),
		window: initialWindow, initial: initialWindow, granted: connectionWindow,
	}
	c.in.pool = &s.inputs
	c.idleSince = time.Now()
	c.unpack = hpack.NewDecoder(hpackTable, c.block.field)
	return c
}

// hpackTable is the size of the table for fields of requests, that which RFC
// 9113, section 6.5.2, begins with.
const hpackTable = 4096

// preface is what a client begins with (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// serve reads frames until one side ends the connection.
func (c *conn) serve() {
	c.greet()
	err := c.converse()
	c.end(err)
}

// greet sends our SETTINGS, which the client's need not precede.
func (c *conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.buffer()
	*b = c.appendSettings(*b)
	*b = appendWindowUpdate(*b, 0, connectionWindow-initialWindow)
	c.flush() // into an empty socket
}

func (c *conn) converse() error {
	if err := c.readPreface(); err != nil {
		return err
	}
	for first := true; ; first = false {
		f, err := c.next()
		if err != nil {
			return err
		}
		if first && (f.kind != settingsFrame || f.has(flagAck)) {
			return broken(protocolError, "no SETTINGS first")
		}
		if err := c.survive(c.take(f)); err != nil {
			return err
		}
	}
}

// survive tells the client of an error that ends no more than a stream.
func (c *conn) survive(err error) error {
	var one *streamFault
	if !errors.As(err, &one) {
		return err
	}
	c.reset(one.stream, one.code)
	return c.annoyed()
}

func (c *conn) readPreface() error {
	for len(c.in.rest()) < len(preface) {
		if err := c.fill(); err != nil {
			return err
		}
	}
	if string(c.in.rest()[:len(preface)]) != preface {
		return broken(protocolError, "no preface")
	}
	c.in.skip(len(preface))
	return nil
}

// next returns the head of the next frame. Its payload is in the input, unless
// it is DATA, of which take reads as it comes.
func (c *conn) next() (frame, error) {
	for {
		rest := c.in.rest()
		if len(rest) >= frameHead {
			f := parseFrame(rest)
			if f.length > maxFrame {
				return f, broken(frameSizeError, "frame too long")
			}
			if c.block.open && (f.kind != continuationFrame || f.stream != c.block.stream) {
				return f, broken(protocolError, "a frame within the fields of another")
			}
			if f.kind == dataFrame || len(rest) >= frameHead+f.length {
				c.in.skip(frameHead)
				return f, nil
			}
		}
		if err := c.fill(); err != nil {
			return frame{}, err
		}
	}
}

// take handles a frame.
func (c *conn) take(f frame) error {
	if f.kind == dataFrame {
		return c.takeData(f)
	}
	payload := c.in.rest()[:f.length]
	c.in.skip(f.length)
	switch f.kind {
	case headersFrame:
		return c.takeHeaders(f, payload)
	case continuationFrame:
		return c.takeContinuation(f, payload)
	case windowFrame:
		return c.takeWindowUpdate(f, payload)
	case resetFrame:
		return c.takeReset(f, payload)
	case settingsFrame:
		return c.takeSettings(f, payload)
	case pingFrame:
		return c.takePing(f, payload)
	case priorityFrame:
		return c.takePriority(f, payload)
	case goAwayFrame:
		return c.takeGoAway(f, payload)
	case pushFrame:
		return broken(protocolError, "PUSH_PROMISE of a client")
	}
	return c.annoyed() // unknown (RFC 9113, section 5.5)
}

// fill reads more of what the client sends.
func (c *conn) fill() error {
	if c.in.empty() {
		c.in.release()
	}
	c.expect()
	for {
		n, err := c.in.read(c.net)
		switch {
		case n > 0:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := c.expired(); err != nil {
				return err
			}
		case err == nil:
			return io.ErrNoProgress
		default:
			return err
		}
	}
}

// refuse tells of a request that is none, with what came of its head, and
// returns the answer to it.
func (c *conn) refuse(x *Exchange, why *strict.Refusal) *refusal {
	r := &refusal{status: why.Status}
	if o := c.server.options.Load(); o.Refused != nil {
		r.fields, r.body = o.Refused(strict.Client{Remote: c.remote, Accept: x.Lookup("Accept"), Languages: x.Lookup("Accept-Language")}, why)
	}
	if r.fields == nil {
		r.fields = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
		r.body = fmt.Appendf(nil, "%d %s: %s\n", why.Status, http.StatusText(why.Status), why.Reason)
	}
	return r
}

// refusal is the answer to a request that never reaches the handler.
type refusal struct {
	status int
	fields http.Header
	body   []byte
}

// base is the parent of the contexts of the connection's requests; the lock is
// held.
func (c *conn) base() context.Context {
	if c.parent == nil {
		base := c.server.options.Load().Base
		c.parent = withoutCancel{context.WithValue(base, http.LocalAddrContextKey, c.net.LocalAddr())}
	}
	return c.parent
}

// withoutCancel has the values of a context. Unlike context.WithoutCancel's it
// is not looked through for a parent to be registered with.
type withoutCancel struct{ context.Context }

func (withoutCancel) Done() <-chan struct{}                   { return nil }
func (withoutCancel) Err() error                              { return nil }
func (withoutCancel) Deadline() (deadline time.Time, ok bool) { return }

// interrupt ends the contexts of requests.
func (c *conn) interrupt(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.streams {
		x.cancel(cause)
	}
}

// cut ends the connection in the middle of whatever it does.
func (c *conn) cut() { c.net.NetConn().Close() } // a goodbye might wait for the client
