package h1

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/front/strict"
)

// framing is how a client knows where the body of a response ends (RFC 9112,
// section 6.3).
type framing byte

const (
	noBody framing = iota
	counted
	chunks
	untilClose
)

// reply is a response on its way. Its head is decided as late as possible:
// a body that is short and complete gets a length and goes with the head in
// one write.
type reply struct {
	mu        sync.Mutex // until the start: Inform and 100 Continue come from other goroutines
	started   bool
	continued bool

	committed bool // the head is complete
	aborted   bool
	last      bool
	keep      bool // the connection; known when committed
	framing   framing
	bodiless  bool  // HEAD, 204, 304
	sized     bool  // a length may be announced
	left      int64 // of the length that was announced, -1 without one
	announced bool  // trailers
	options   string

	out    []byte // head, gap, body; after the commit what was not sent yet
	gap    int    // where the fields end that the engine adds at the commit
	data   int    // where the body begins, until the commit
	names  []string
	fields http.Header // of the trailer
	failed error
	pace   strict.Pace
}

const (
	outSize = 8 << 10 // of a response's octets that are collected
	gapSize = 128     // for Content-Length, Connection, the empty line and a chunk's size
)

func (r *reply) reset() {
	out, names := r.out[:0], r.names[:0]
	if cap(out) > 4*outSize {
		out = nil
	}
	clear(names[:cap(names)])
	*r = reply{out: out, names: names, left: -1}
}

var errAborted = errors.New("h1: response aborted")

// Start sets status and fields of the response. Content-Length says how long
// the body will be, if it is known. Fields that cannot be sent are left out,
// and a Date is added unless h has one, be it empty. h may be used until the
// response is over. Only the first Start or Begin counts.
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
	x.mu.Lock()
	again := x.started
	x.started = true
	x.mu.Unlock()
	if again {
		return false
	}
	if status < 200 || status > 999 {
		status = http.StatusInternalServerError
	}
	x.bodiless = x.isHead() || status == http.StatusNoContent || status == http.StatusNotModified
	x.sized = !x.bodiless || x.isHead()
	x.out = appendStatus(x.out[:0], x.head.minor, status)
	return true
}

// Add adds a field, whose name has its canonical form. Content-Length is the
// length of the body.
func (x *Exchange) Add(name, value string) {
	switch name {
	case "Content-Length":
		x.announce(value)
	case "Connection":
		x.connection(value)
	case "Trailer":
		if x.head.minor == 1 { // HTTP/1.0 knows none
			x.announced = true
			x.out = x.appendField(x.out, name, value)
		}
	case "Transfer-Encoding", "Keep-Alive", "Proxy-Connection": // the engine's
	default:
		x.out = x.appendField(x.out, name, value)
	}
}

// Lines adds whole field lines that were written before. They must be well
// formed, and none of those that Add treats specially.
func (x *Exchange) Lines(lines []byte) { x.out = append(x.out, lines...) }

// Announce says how long the body will be.
func (x *Exchange) Announce(length int64) {
	if x.sized {
		x.left = length
	}
}

// Ready ends the fields, with a Date of the server's if dated.
func (x *Exchange) Ready(dated bool) {
	if dated {
		x.out = append(x.out, x.c.server.date()...)
	}
	x.gap = len(x.out)
	x.out = append(x.out, noGap[:]...)
	x.data = len(x.out)
}

// noGap is what a gap is before it is filled.
var noGap [gapSize]byte

func (x *Exchange) isHead() bool { return string(x.head.bytes(x.head.method)) == http.MethodHead }

// sorted returns the names of fields in the order in which they are sent.
func (x *Exchange) sorted(h http.Header) []string {
	x.names = x.names[:0]
	for name := range h {
		x.names = append(x.names, name)
	}
	slices.Sort(x.names)
	return x.names
}

func (x *Exchange) announce(value string) {
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		x.c.options.Log.Warn("h1: malformed Content-Length of a response left out", "value", value)
		return
	}
	x.Announce(int64(n))
}

// connection keeps what an application says of the connection beside close,
// such as the Upgrade of a 426.
func (x *Exchange) connection(value string) {
	if x.options != "" {
		x.options += ", "
	}
	x.options += value
	x.last = x.last || hasOption(value, "close")
}

// hasOption looks for an element, in lower case, of a comma-separated list.
func hasOption(list, option string) bool {
	for element := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(textproto.TrimString(element), option) {
			return true
		}
	}
	return false
}

func (x *Exchange) appendFields(b []byte, name string, values []string) []byte {
	for _, value := range values {
		b = x.appendField(b, name, value)
	}
	return b
}

func (x *Exchange) appendField(b []byte, name, value string) []byte {
	longer := appendField(b, name, value)
	if !strict.IsName(name) || !strict.IsValue(longer[len(longer)-len("\r\n")-len(value):len(longer)-len("\r\n")]) {
		x.c.options.Log.Warn("h1: malformed field of a response left out", "name", name)
		return b
	}
	return longer
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

func appendStatus(b []byte, minor byte, status int) []byte {
	if status == http.StatusOK && minor == 1 {
		return append(b, "HTTP/1.1 200 OK\r\n"...)
	}
	b = append(b, "HTTP/1."...)
	b = append(b, '0'+minor, ' ')
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	text := http.StatusText(status)
	if text == "" {
		text = "status code " + strconv.Itoa(status)
	}
	return append(append(b, text...), "\r\n"...)
}

// commit completes the head. whole: the body is what was written so far.
func (x *Exchange) commit(whole bool) {
	x.committed = true
	body := len(x.out) - x.data
	switch {
	case x.bodiless:
		x.framing = noBody
	case x.left >= 0:
		x.framing = counted
	case whole && (x.head.minor == 0 || !x.announced && x.fields == nil):
		x.framing, x.left = counted, 0
	case x.head.minor == 1:
		x.framing = chunks
	default:
		x.framing = untilClose
	}
	x.keep = !x.last && !x.head.closing && x.framing != untilClose &&
		!x.c.server.draining.Load() && (x.body == nil || x.body.discardable())

	length := int64(-1)
	if x.left >= 0 {
		length = x.left + int64(body)
	}
	var room [gapSize]byte
	end := x.appendFraming(room[:0], length)
	if x.framing == chunks && body > 0 {
		end = append(strconv.AppendInt(end, int64(body), 16), "\r\n"...)
	}
	n := x.gap + copy(x.out[x.gap:], end)
	x.out = x.out[:n+copy(x.out[n:], x.out[x.data:])]
	if x.framing == chunks && body > 0 {
		x.out = append(x.out, "\r\n"...)
	}
}

// appendFraming appends the fields about the message itself and the empty
// line. Options of an application that do not fit are not sent.
func (x *Exchange) appendFraming(b []byte, length int64) []byte {
	switch {
	case !x.keep:
		b = append(b, "Connection: close\r\n"...)
	case x.head.minor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	case x.options != "" && len(x.options) < gapSize/4 && strict.IsValue([]byte(x.options)):
		b = appendField(b, "Connection", x.options)
	}
	switch {
	case x.framing == chunks:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), length, 10), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// conclude sends what is left of the response and reports why the connection
// must be cut.
func (x *Exchange) conclude() error {
	if x.c.taken {
		return nil
	}
	if x.aborted {
		x.cut()
		return errAborted
	}
	if !x.started {
		x.Start(http.StatusOK, nil)
	}
	if x.failed != nil {
		return x.failed
	}
	if !x.committed {
		x.commit(true)
	}
	if x.framing == chunks {
		x.out = append(x.out, "0\r\n"...)
		for _, name := range x.sorted(x.fields) {
			if httpguts.ValidTrailerHeader(name) {
				x.out = x.appendFields(x.out, name, x.fields[name])
			}
		}
		x.out = append(x.out, "\r\n"...)
	}
	if err := x.Flush(); err != nil {
		return err
	}
	if x.left > 0 && !x.bodiless {
		return fmt.Errorf("h1: response is %d bytes shorter than its Content-Length", x.left)
	}
	return nil
}

// cut makes the end of the connection look like a failure where it would
// otherwise mean the end of the body.
func (x *Exchange) cut() {
	if tcp, ok := x.c.net.(interface{ SetLinger(int) error }); ok && x.committed && x.framing == untilClose {
		_ = tcp.SetLinger(0) // fails on a connection that is gone
	}
}

// refusal answers a request that never became an exchange.
func (x *Exchange) refusal(status int, fields http.Header, body []byte) error {
	b := appendStatus(x.out[:0], 1, status)
	b = append(b, "Connection: close\r\n"...)
	for _, name := range x.sorted(fields) {
		for _, value := range fields[name] {
			b = x.appendField(b, name, value)
		}
	}
	b = x.appendField(b, "Content-Length", strconv.Itoa(len(body)))
	b = append(append(b, x.c.server.date()...), "\r\n"...)
	x.out = b
	return x.c.send(&x.pace, b, body)
}
