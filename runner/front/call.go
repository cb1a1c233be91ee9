package front

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// call is one attempt at an origin.
type call struct {
	errand *errand
	ctx    context.Context
	watch  *watch

	mu        sync.Mutex // its fields are written by goroutines of a transport
	over      bool       // nothing is informed of any more
	connected net.Conn   // nil before there was a connection
	heard     bool       // bytes of a response have come
	informed  int        // responses before the final one
}

func (f *foreign) newCall(e *errand, ctx context.Context, w *watch) *call {
	return &call{errand: e, ctx: ctx, watch: w}
}

// send sends the request and returns the response when its head is there.
func (c *call) send(o *origin) (*http.Response, error) {
	transport := o.single
	if c.errand.attempts.repeatable {
		transport = o.kept
	}
	resp, err := transport.RoundTrip(c.request())
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	if err == nil {
		if err = validHead(resp); err != nil {
			resp.Body.Close()
		}
	}
	return resp, err
}

// validHead refuses what the transport lets pass but no client may get. A name
// that is none, like "Content-Length ", might be one to somebody else.
func validHead(resp *http.Response) error {
	if resp.StatusCode < http.StatusOK && resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("front: an upstream answered with status %03d", resp.StatusCode)
	}
	for name, values := range resp.Header {
		if !httpguts.ValidHeaderFieldName(name) || slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return fmt.Errorf("front: an upstream answered with the field %q: %q", name, values)
		}
	}
	return nil
}

// maxInformed bounds the responses before the final one.
const maxInformed = 100

var errTalkative = errors.New("front: an upstream sends one informational response after the other")

// request makes the request, for a transport whose connections lead to the
// origin whatever the URL says.
func (c *call) request() *http.Request {
	e := c.errand
	in := e.inside()
	out := &http.Request{
		Method: e.Method(), Host: cmp.Or(e.host, e.Local()), // HTTP/1.0 may leave it out
		Header: e.header, ContentLength: int64(len(e.body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &url.URL{
			Scheme: "http", Host: "upstream",
			Path: in.URL.Path, RawPath: in.URL.RawPath, RawQuery: in.URL.RawQuery, ForceQuery: in.URL.ForceQuery,
		},
	}
	if path, _, _ := strings.Cut(in.RequestURI, "?"); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		out.URL.Opaque = path // exactly as it was sent
	}
	if _, named := out.Header["User-Agent"]; !named {
		out.Header["User-Agent"] = []string{""} // a transport would name itself
	}
	delete(out.Header, "Trailer")
	e.out = nil
	switch {
	case e.stream != nil:
		e.out = &outgoing{body: e.stream, watch: c.watch}
		out.Body, out.ContentLength = e.out, e.Length()
		if e.Length() < 0 {
			out.Trailer = c.trailer(in)
		}
	case e.kept != nil && (e.kept.file != nil || len(e.trailer) > 0):
		out.ContentLength = e.kept.length()
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(e.kept.reader()), nil }
		out.Body, _ = out.GetBody()
		out.Trailer = c.known(in)
		if out.Trailer != nil {
			out.ContentLength = -1
		}
	case len(e.body) > 0:
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(e.body)), nil }
		out.Body, _ = out.GetBody()
	}
	return out.WithContext(httptrace.WithClientTrace(c.ctx, c.trace()))
}

// trailer has the fields that will follow the body. The engine fills in those
// of its own request when the body has ended, and so does outgoing here.
func (c *call) trailer(in *http.Request) http.Header {
	names := announcedTrailer(in)
	if len(names) == 0 {
		return nil
	}
	trailer := make(http.Header, len(names))
	for _, name := range names {
		trailer[name] = nil
	}
	head := c.errand.Head()
	c.errand.out.ended = func() {
		for _, name := range names {
			if values := head.Trailer[name]; len(values) > 0 {
				trailer[name] = values
			} else {
				delete(trailer, name)
			}
		}
	}
	return trailer
}

// known are the fields that follow a body that was collected, nil for none.
func (c *call) known(in *http.Request) http.Header {
	var known http.Header
	for _, name := range announcedTrailer(in) {
		if values := c.errand.trailer[name]; len(values) > 0 {
			if known == nil {
				known = make(http.Header)
			}
			known[name] = values
		}
	}
	return known
}

// trace notes how far the transport has come. It may go on after an error.
func (c *call) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if info.Reused {
				claim(info.Conn)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.connected, c.heard = info.Conn, false
		},
		GotFirstResponseByte: func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.heard = true
		},
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.informed++; c.informed > maxInformed {
				return errTalkative
			}
			if !c.over && code != http.StatusContinue && code != http.StatusSwitchingProtocols {
				h := http.Header(header).Clone()
				foreignHeader(h)
				c.errand.Inform(code, h)
			}
			return nil
		},
	}
}

// classify says how the attempt failed.
func (c *call) classify(err error) failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == errLate:
		return late
	case c.connected == nil:
		return unreachable
	case c.heard:
		return garbled
	}
	return lost
}

// outgoing is the body of a request as a transport reads it, in a goroutine
// that may outlive the response.
type outgoing struct {
	body  requestBody
	watch *watch
	ended func() // called at the end of the body, before the transport sees it; may be nil

	reading sync.Mutex // held while the client is read
	mu      sync.Mutex
	read    bool // bytes may have been taken from the client
	dead    bool // nobody gets more
}

func (b *outgoing) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if !b.begin() {
		return 0, errInterrupted
	}
	b.watch.pause()
	defer b.watch.resume()
	n, err := b.body.Read(p)
	if err == io.EOF && b.ended != nil {
		b.ended()
	}
	return n, err
}

func (b *outgoing) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = b.read || !b.dead
	return !b.dead
}

// Close does nothing: finish is called when no more is wanted.
func (b *outgoing) Close() error { return nil }

// finish ends the reading, waits until nobody reads, and reports whether the
// body is still whole with the client.
func (b *outgoing) finish() (whole bool) {
	if b == nil {
		return true
	}
	b.mu.Lock()
	b.dead = true
	read := b.read
	b.mu.Unlock()
	if read {
		b.body.interrupt()
		b.awaitReaders()
	}
	return !read
}

// awaitReaders returns when a Read that was interrupted has returned.
func (b *outgoing) awaitReaders() {
	b.reading.Lock()
	defer b.reading.Unlock()
}
