package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/wire"
)

// response is what a handler writes to. It does what the one of net/http's
// server does.
type response struct {
	x         *exchange
	deadlines atomic.Bool // the handler has set one
	over      atomic.Bool // done, for who must not wait for the lock

	mu       sync.Mutex
	header   http.Header
	status   int  // 0: WriteHeader was not called
	sent     bool // the head is on its way
	ended    bool // so is the end
	last     bool // the head says, or will say, that the connection ends
	done     bool // the handler has returned
	taken    *takenConn
	failed   error // the first of writing to the front
	length   int64 // of the body as the handler says, -1 when it does not
	written  int64
	skipped  bool   // bytes of a response to HEAD did not fit
	page     []byte // nil while nothing is collected
	n        int    // bytes in the page
	trailers []string
	about    headFacts
}

// headFacts are what the head says beside its fields.
type headFacts struct {
	typed, dated, encoded bool // it has these fields
	framed                bool // it has Transfer-Encoding, which is not the handler's to choose
	trailing              bool // a trailer may come
}

func (w *response) init(x *exchange) {
	w.x, w.length, w.header = x, -1, make(http.Header)
}

func (w *response) Header() http.Header { return w.header }

// SendsFile reports whether the front sends the file at an absolute path when
// the field X-Sendfile names it. Package framework asks.
func (w *response) SendsFile(path string) bool { return w.x.conn.head.Facts.SendsFile(path) }

func (w *response) isHead() bool { return w.x.conn.head.Method == http.MethodHead }

// bodiless reports a status that has no body (RFC 9110, section 6.4.1).
func bodiless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}

func (w *response) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.done:
		return
	case w.taken != nil:
		w.logCaller("http: response.WriteHeader on hijacked connection")
	case w.status != 0:
		w.logCaller("http: superfluous response.WriteHeader call")
	case status < 100 || status > 999:
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status)
	default:
		w.begin(status)
	}
}

// inform sends an informational response.
func (w *response) inform(status int) {
	if status == http.StatusContinue {
		w.x.body.expects.Store(false)
	}
	fields := w.x.conn.fields[:0]
	for name, values := range w.header {
		if name == "Content-Length" || name == "Transfer-Encoding" {
			continue
		}
		for _, value := range values {
			fields = wire.AppendField(fields, name, value)
		}
	}
	w.x.conn.fields = fields
	w.write(func(c *wire.Conn) error {
		return c.WriteResponse(&wire.Response{Status: status, Length: -1}, fields, false)
	})
}

// askForBody sends 100 Continue; false when the response has begun, by which
// the client may have taken that no body is wanted.
func (w *response) askForBody() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status != 0 || w.taken != nil || w.done {
		return false
	}
	w.write(func(c *wire.Conn) error {
		return c.WriteResponse(&wire.Response{Status: http.StatusContinue, Length: -1}, nil, false)
	})
	return true
}

// write sends something unless that has failed before. It is not the whole
// response, so none that goes by message.
func (w *response) write(f func(*wire.Conn) error) {
	if w.failed != nil {
		return
	}
	c, err := w.x.conn.stream()
	if err == nil {
		err = f(c)
	}
	w.failed = err
}

// sendByMessage sends a whole response by message, if it goes by one.
func (w *response) sendByMessage(r *wire.Response, fields, body []byte) bool {
	c := w.x.conn
	if c.call == nil || w.failed != nil || w.status < http.StatusOK {
		return false
	}
	if r.Length != int64(len(body)) && !w.isHead() && !bodiless(w.status) {
		return false
	}
	fits, err := c.call.answer(r, fields, body)
	if fits {
		w.failed = err
	}
	return fits
}

// begin fixes status and header, as the first Write does.
func (w *response) begin(status int) {
	w.status = status
	fields := w.x.conn.fields[:0]
	identity := false
	for name, values := range w.header {
		switch name {
		case "Content-Length":
			w.declare(values)
			continue
		case "Transfer-Encoding":
			w.about.framed = len(values) > 0
			identity = len(values) > 0 && values[0] == "identity"
			continue
		case "Content-Type":
			w.about.typed = true
			if status == http.StatusNotModified {
				continue
			}
		case "Content-Encoding":
			w.about.encoded = len(values) > 0 && values[0] != ""
		case "Date":
			w.about.dated = true
		case "Trailer":
			w.declareTrailers(values)
		default:
			if strings.HasPrefix(name, http.TrailerPrefix) {
				w.about.trailing = true
				continue
			}
		}
		for _, value := range values {
			fields = wire.AppendField(fields, name, value)
		}
	}
	if identity { // a body until the end of the connection
		fields = wire.AppendField(fields, "Connection", "close")
	}
	w.x.conn.fields = fields
}

// declare notes the length that the handler promises.
func (w *response) declare(values []string) {
	if len(values) == 0 || values[0] == "" {
		return
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < 0 {
		w.x.conn.server.log.Error(fmt.Sprintf("http: invalid Content-Length of %q", values[0]), "path", w.x.request.URL.EscapedPath())
		return
	}
	w.length = n
}

func (w *response) declareTrailers(values []string) {
	w.about.trailing = true
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); httpguts.ValidTrailerHeader(name) {
				w.trailers = append(w.trailers, name)
			}
		}
	}
}

func (w *response) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.admit(len(p)); err != nil || len(p) == 0 {
		return 0, err
	}
	if w.isHead() {
		return w.taste(p), nil
	}
	n := len(p)
	for len(p) > 0 && w.failed == nil {
		if w.n == 0 && w.sent && len(p) >= pageSize {
			w.write(func(c *wire.Conn) error { return c.WriteBody(p, false) })
			break
		}
		p = p[w.fill(len(p), func(b []byte) int { return copy(b, p) }):]
	}
	return w.count(n)
}

func (w *response) WriteString(s string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.admit(len(s)); err != nil || len(s) == 0 {
		return 0, err
	}
	if w.isHead() {
		return w.taste([]byte(s)), nil
	}
	n := len(s)
	for len(s) > 0 && w.failed == nil {
		s = s[w.fill(len(s), func(b []byte) int { return copy(b, s) }):]
	}
	return w.count(n)
}

// count is the result of a write of n bytes.
func (w *response) count(n int) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	return n, nil
}

// admit checks whether n more bytes may be written.
func (w *response) admit(n int) error {
	switch {
	case w.taken != nil:
		if n > 0 {
			w.logCaller("http: response.Write on hijacked connection")
		}
		return http.ErrHijacked
	case w.done:
		return errEnded
	}
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	if n == 0 {
		return nil
	}
	if bodiless(w.status) {
		return http.ErrBodyNotAllowed
	}
	if w.length >= 0 && w.written+int64(n) > w.length {
		return http.ErrContentLength
	}
	w.written += int64(n)
	return w.failed
}

// fill puts some of the bytes, of which there are more, into the page, or sends
// it when it is full.
func (w *response) fill(more int, put func([]byte) int) int {
	room := w.room(more)
	if len(room) == 0 {
		w.send(false)
		return 0
	}
	n := put(room)
	w.n += n
	return n
}

// taste keeps what a response to HEAD would begin with, which its head may
// depend on.
func (w *response) taste(p []byte) int {
	n := copy(w.room(0), p)
	w.n += n
	w.skipped = w.skipped || n < len(p)
	return len(p)
}

// send sends what was collected, with the head if it is still here. With end
// nothing follows.
func (w *response) send(end bool) {
	buffer := []byte(nil)
	if w.page != nil {
		buffer = w.page[:wire.Headroom+w.n]
	}
	switch {
	case !w.sent:
		w.sent = true
		fields := w.lateFields(buffer)
		if w.isHead() || bodiless(w.status) {
			buffer, end = nil, true
		}
		w.x.conn.answered()
		r := wire.Response{Status: w.status, Length: w.length, Last: w.last || w.x.conn.server.stopping.Load()}
		if bodiless(w.status) {
			r.Length = -1
		}
		if w.n == 0 {
			buffer = nil
		}
		w.last = r.Last
		if !end || !w.sendByMessage(&r, fields, buffer[min(len(buffer), wire.Headroom):]) {
			w.write(func(c *wire.Conn) error { return c.WriteHead(&r, fields, buffer, wire.Headroom, end) })
		}
	case w.ended:
	case w.n > 0:
		w.write(func(c *wire.Conn) error { return c.WriteBuffered(buffer, wire.Headroom, end) })
	case end:
		w.write(func(c *wire.Conn) error { return c.WriteBody(nil, true) })
	}
	w.ended = w.ended || end
	w.n = 0
	w.drop()
}

// lateFields adds what is known only now.
func (w *response) lateFields(buffer []byte) []byte {
	fields := w.x.conn.fields
	if !w.about.typed && !w.about.encoded && !w.about.framed && w.n > 0 && !bodiless(w.status) {
		fields = wire.AppendField(fields, "Content-Type", http.DetectContentType(buffer[wire.Headroom:]))
	}
	if !w.about.dated {
		fields = wire.AppendField(fields, "Date", w.x.conn.server.clock.date())
	}
	w.x.conn.fields = fields
	return fields
}

// Flush is for handlers that do not ask for errors.
func (w *response) Flush() { _ = w.FlushError() }

func (w *response) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.taken != nil:
		return http.ErrHijacked
	case w.done:
		return errEnded
	}
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	if w.n > 0 || !w.sent {
		w.send(false)
	}
	return w.failed
}

// ReadFrom copies with a large buffer.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	pool := &w.x.conn.server.copies
	buffer := pool.Get().(*[wire.MaxBody]byte)
	defer pool.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{w}, r, buffer[:])
}

// EnableFullDuplex is for http.ResponseController. Reading and writing never
// wait for each other here.
func (w *response) EnableFullDuplex() error { return nil }

// restart forgets a response that has not been sent; false when it has.
func (w *response) restart() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent || w.taken != nil {
		return false
	}
	clear(w.header)
	w.status, w.length, w.written, w.n, w.skipped, w.trailers, w.about = 0, -1, 0, 0, false, nil, headFacts{}
	return true
}

// finish ends the response when the handler has returned. It reports whether
// the connection can be used again.
func (w *response) finish(aborted string) (whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	w.over.Store(true)
	if aborted != "" {
		w.abort(aborted)
		return false
	}
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	silent := w.isHead() || bodiless(w.status)
	if !w.sent && w.length < 0 && !w.about.framed && !w.about.trailing && !bodiless(w.status) {
		if !w.isHead() || w.n > 0 && !w.skipped {
			w.length = int64(w.n)
		}
	}
	if !silent && w.length >= 0 && w.written != w.length && !(w.written == 0 && w.n == 0 && w.length == 0) {
		w.send(false)
		w.abort(fmt.Sprintf("%d of %d bytes written", w.written, w.length))
		return false
	}
	if trailer := w.finalTrailer(); trailer != nil && !silent {
		w.send(false)
		w.write(func(c *wire.Conn) error { return c.WriteTrailer(trailer) })
	} else {
		w.send(true)
	}
	if w.failed != nil && w.x.conn.wire != nil { // nil: it has not moved, and the front is gone
		w.giveUp()
	}
	return w.failed == nil && !w.last && w.status != http.StatusSwitchingProtocols
}

// giveUp tells the front, if it is still there, of a response that failed.
func (w *response) giveUp() {
	var tooLarge *wire.ProtocolError
	if errors.As(w.failed, &tooLarge) { // the head, of which nothing was sent
		w.x.conn.server.log.Error("a response cannot be sent", "path", w.x.request.URL.EscapedPath(), "err", tooLarge.Reason)
		_ = w.x.conn.wire.WriteAbort(wire.AbortHandler, tooLarge.Reason)
	}
	if errors.Is(w.failed, os.ErrDeadlineExceeded) { // the handler's own, the front is still there
		_ = w.x.conn.wire.SetWriteDeadline(time.Now().Add(time.Second))
		_ = w.x.conn.wire.WriteAbort(wire.AbortHandler, "the handler's write deadline is over")
	}
}

// abort drops what was not sent and gives the exchange up.
func (w *response) abort(why string) {
	w.write(func(c *wire.Conn) error { return c.WriteAbort(wire.AbortHandler, why) })
	w.drop()
}

// finalTrailer returns the fields that follow the body, nil for none.
func (w *response) finalTrailer() http.Header {
	if !w.about.trailing && len(w.header) == 0 {
		return nil
	}
	var trailer http.Header
	add := func(name string, values []string) {
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer[name] = append(trailer[name], values...)
	}
	for name, values := range w.header {
		if name, found := strings.CutPrefix(name, http.TrailerPrefix); found {
			add(name, values)
		}
	}
	for _, name := range w.trailers {
		if values := w.header[name]; len(values) > 0 {
			add(name, values)
		}
	}
	return trailer
}
