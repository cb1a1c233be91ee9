package h2

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/front/strict"
)

// reply is a response on its way. Its head is sent as late as possible: a body
// that is short and complete goes with it in one write, and in one record of
// TLS.
type reply struct {
	started   atomic.Bool // Inform and 100 Continue come from other goroutines
	continued bool        // under the connection's lock

	committed bool // the head is on its way
	aborted   bool
	last      bool
	dated     bool
	bodiless  bool // HEAD, 204, 304
	sized     bool // a length may be announced
	trailing  bool // a Trailer field announces some
	status    int
	left      int64 // of the length that was announced, -1 without one
	announced int64 // that was announced, -1 without one

	text   []byte // names, in lower case, and values of the head
	parts  []part
	out    []byte      // of the body, not sent yet
	after  http.Header // the trailer
	names  []string
	failed error
	pace   strict.Pace
}

// part is a field in reply.text.
type part struct{ name, value int } // where each ends

// outSize is how much of a body is collected.
const outSize = 8 << 10

func (r *reply) reset() {
	r.started.Store(false)
	r.continued, r.committed, r.aborted, r.last, r.dated = false, false, false, false, false
	r.bodiless, r.sized, r.trailing = false, false, false
	r.left, r.announced = -1, -1
	r.text, r.parts, r.out = r.text[:0], r.parts[:0], r.out[:0]
	clear(r.names)
	r.names, r.after, r.failed, r.pace = r.names[:0], nil, nil, strict.Pace{}
}

// Start sets status and fields of the response. Content-Length says how long
// the body will be, if it is known. Fields that cannot be sent are left out,
// and a Date is added unless h has one, be it empty. Only the first Start or
// Begin counts.
func (x *Exchange) Start(status int, h http.Header) {
	if !x.Begin(status) {
		return
	}
	for _, name := range x.sorted(h) {
		if name == "Content-Length" && len(h[name]) > 1 {
			continue // nobody knows which
		}
		for _, value := range h[name] {
			x.Add(name, value)
		}
	}
	_, dated := h["Date"]
	x.Ready(!dated)
}

// Begin begins a response whose fields come one by one: Add follows, for each
// of them, and Ready. It reports false when a response has begun before.
func (x *Exchange) Begin(status int) bool {
	if x.started.Swap(true) {
		return false
	}
	if status < 200 || status > 999 {
		status = http.StatusInternalServerError
	}
	x.status = status
	x.bodiless = x.isHead() || status == http.StatusNoContent || status == http.StatusNotModified
	x.sized = !x.bodiless || x.isHead()
	return true
}

// Add adds a field, whose name has its canonical form. Content-Length is the
// length of the body, "Connection: close" what Last does; other fields about a
// connection are left out (RFC 9113, section 8.2.2).
func (x *Exchange) Add(name, value string) {
	switch name {
	case "Content-Length":
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil {
			x.c.server.options.Load().Log.Warn("h2: malformed Content-Length of a response left out", "value", value)
			return
		}
		x.Announce(int64(n))
	case "Connection":
		x.last = x.last || httpguts.HeaderValuesContainsToken([]string{value}, "close")
	case "Transfer-Encoding", "Keep-Alive", "Proxy-Connection", "Upgrade":
	case "Trailer":
		x.trailing = true
		x.put(name, value)
	default:
		x.put(name, value)
	}
}

// put keeps a field of the head, if it is well formed.
func (x *Exchange) put(name, value string) {
	if !strict.IsName(name) || !strict.IsText(value) {
		x.c.server.options.Load().Log.Warn("h2: malformed field of a response left out", "name", name)
		return
	}
	value = strings.Trim(value, " \t") // RFC 9113, section 8.2.1
	x.text = appendLower(x.text, name)
	end := len(x.text)
	x.text = append(x.text, value...)
	x.parts = append(x.parts, part{end, len(x.text)})
}

func appendLower[T string | []byte](b []byte, name T) []byte {
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// Lines adds whole field lines of HTTP/1.1 that were written before. They must
// be well formed, and none of those that Add treats specially.
func (x *Exchange) Lines(lines []byte) {
	for line := range bytes.Lines(lines) {
		if name, value, ok := bytes.Cut(bytes.TrimSuffix(line, crlf), colon); ok {
			x.text = appendLower(x.text, name)
			end := len(x.text)
			x.text = append(x.text, value...)
			x.parts = append(x.parts, part{end, len(x.text)})
		}
	}
}

// Announce says how long the body will be.
func (x *Exchange) Announce(length int64) {
	if x.sized {
		x.left, x.announced = length, length
	}
}

// Ready ends the fields, with a Date of the server's if dated.
func (x *Exchange) Ready(dated bool) { x.dated = dated }

func (x *Exchange) isHead() bool { return x.method == http.MethodHead }

// sorted returns the names of fields in the order in which they are sent.
func (x *Exchange) sorted(h http.Header) []string {
	x.names = x.names[:0]
	for name := range h {
		x.names = append(x.names, name)
	}
	slices.Sort(x.names)
	return x.names
}

// Trailer sets fields to send after the body. One whose length was announced
// has some only if a Trailer field says so.
func (x *Exchange) Trailer(h http.Header) { x.after = h }

// Last makes this the last exchange on its connection: GOAWAY goes with the
// head of the response.
func (x *Exchange) Last() { x.last = true }

// Abort resets the stream after the handler, so that the client knows that the
// response is incomplete.
func (x *Exchange) Abort() { x.aborted = true }

// appendHead appends the head to what is sent; the connection's lock is held.
func (x *Exchange) appendHead(end bool) {
	x.committed = true
	c := x.c
	b := c.buffer()
	at := len(*b)
	*b = append(*b, noHead[:]...)
	*b = c.pack.begin(*b)
	*b = c.pack.status(*b, x.status)
	from := 0
	for _, p := range x.parts {
		*b = c.pack.field(*b, x.text[from:p.name], x.text[p.name:p.value])
		from = p.value
	}
	if x.announced >= 0 {
		var digits [20]byte
		*b = c.pack.field(*b, contentLength, strconv.AppendInt(digits[:0], x.announced, 10))
	}
	if x.dated {
		*b = c.pack.field(*b, dateName, []byte(c.server.date()))
	}
	*b = closeBlock(*b, at, x.id, end)
	if x.last {
		c.leaveLocked()
	}
}

var (
	crlf, colon   = []byte("\r\n"), []byte(": ")
	contentLength = []byte("content-length")
	dateName      = []byte("date")
	noHead        [frameHead]byte
)

// closeBlock writes the heads of the frames that carry the fields from at on,
// behind a place for one: HEADERS, and CONTINUATION when it is too long.
func closeBlock(b []byte, at int, stream uint32, end bool) []byte {
	f := frame{length: len(b) - at - frameHead, kind: headersFrame, stream: stream, flags: flagEndHeaders}
	if end {
		f.flags |= flagEndStream
	}
	if f.length <= maxFrame {
		f.set(b[at:])
		return b
	}
	rest := slices.Clone(b[at+frameHead+maxFrame:])
	b = b[:at+frameHead+maxFrame]
	f.length, f.flags = maxFrame, f.flags&^flagEndHeaders
	f.set(b[at:])
	for len(rest) > 0 {
		n := min(len(rest), maxFrame)
		f := frame{length: n, kind: continuationFrame, stream: stream}
		if n == len(rest) {
			f.flags = flagEndHeaders
		}
		b = append(f.append(b), rest[:n]...)
		rest = rest[n:]
	}
	return b
}

// Inform sends an informational response, 102 to 199 but 101, unless the final
// one has started.
func (x *Exchange) Inform(status int, h http.Header) {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.started.Load() || x.dead() != nil || status < 102 || status > 199 {
		return
	}
	b := c.buffer()
	at := len(*b)
	*b = append(*b, noHead[:]...)
	*b = c.pack.status(c.pack.begin(*b), status)
	var name []byte
	for _, n := range sortedNames(h) {
		switch n {
		case "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "Trailer":
			continue
		}
		name = appendLower(name[:0], n)
		for _, value := range h[n] {
			if strict.IsName(n) && strict.IsText(value) {
				*b = c.pack.field(*b, name, []byte(strings.Trim(value, " \t")))
			}
		}
	}
	*b = closeBlock(*b, at, x.id, false)
	c.flush()
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sendContinue asks the client for the body.
func (x *Exchange) sendContinue() {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.started.Load() || x.continued || x.dead() != nil {
		return
	}
	x.continued = true
	b := c.buffer()
	at := len(*b)
	*b = append(*b, noHead[:]...)
	*b = c.pack.status(c.pack.begin(*b), http.StatusContinue)
	*b = closeBlock(*b, at, x.id, false)
	c.flush()
}

// answer answers a request that never reached the handler.
func (x *Exchange) answer(r *refusal) {
	x.Begin(r.status)
	for _, name := range x.sorted(r.fields) {
		for _, value := range r.fields[name] {
			x.Add(name, value)
		}
	}
	x.Announce(int64(len(r.body)))
	x.Ready(true)
	_, _ = x.Write(r.body) // a client that is gone need not be told
}
