package front

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// proxy hands requests to workers.
type proxy struct {
	table  *table
	limits limits
	chunks *sync.Pool // of *[]byte, chunkSize each
}

// handover is a turn on its way to a worker.
type handover struct {
	*turn
	ctx      context.Context
	header   http.Header // for the worker
	upgrade  string      // protocol to change to, or ""
	body     []byte      // read whole, nil otherwise
	stream   *clientBody // to be read while sent, nil otherwise
	attempts attempts
	tried    []*worker
	patience time.Time // end of waiting for a worker
}

// serve answers a turn by a worker.
func (p *proxy) serve(t *turn) {
	h := p.prepare(t)
	if h == nil {
		return
	}
	for {
		w, err := p.table.acquire(h.ctx, h.tried, &h.patience)
		switch {
		case errors.Is(err, errNoWorker), errors.Is(err, errCrowded):
			t.answer(http.StatusServiceUnavailable, err.Error())
			return
		case err != nil:
			t.leave()
			return
		}
		t.worker = w.id
		t.tries++
		again := p.attempt(h, w)
		w.release()
		if !again {
			return
		}
		h.tried = append(h.tried, w)
	}
}

// prepare reads a small body whole and makes the head for the worker. It
// returns nil when the turn has been answered.
func (p *proxy) prepare(t *turn) *handover {
	r := t.Head()
	h := &handover{turn: t, ctx: r.Context()}
	h.stream, _ = r.Body.(*clientBody)
	if h.stream == nil {
		h.upgrade = upgradeOf(r.Header)
	}
	h.attempts = attempts{repeatable: repeatable(r.Method, h.stream != nil), limit: p.limits.tries}
	expects := r.Header.Get("Expect") != "" // let the worker decide first
	if h.stream != nil && r.ContentLength > 0 && r.ContentLength <= p.limits.small && !expects {
		h.body = make([]byte, r.ContentLength)
		if _, err := io.ReadFull(h.stream, h.body); err != nil {
			p.badBody(h)
			return nil
		}
		h.stream = nil
	}
	h.attempts.whole = h.stream == nil
	h.header = requestHeader(r, t.id, h.upgrade)
	return h
}

// badBody answers a request whose body could not be read and reports whether
// that was the reason.
func (p *proxy) badBody(h *handover) bool {
	if h.stream == nil {
		return false
	}
	err := h.stream.failure()
	var large *http.MaxBytesError
	switch {
	case err == nil, err == io.EOF:
		return false
	case errors.As(err, &large):
		h.answer(http.StatusRequestEntityTooLarge, "body too large")
	case errors.Is(err, os.ErrDeadlineExceeded):
		h.answer(http.StatusRequestTimeout, "body too slow")
	case errors.Is(err, io.ErrUnexpectedEOF), h.ctx.Err() != nil:
		h.leave()
	default:
		h.answer(http.StatusBadRequest, "body malformed") // a bad chunk
	}
	return true
}

// attempt sends the request to one worker and, if it answers, relays the
// response. It reports whether the request shall be sent to another.
func (p *proxy) attempt(h *handover, w *worker) (again bool) {
	up, err := w.pool.get(h.ctx)
	if err != nil {
		if errors.Is(err, wire.ErrGone) {
			w.gone.Store(true) // never picked again, so this try is free
		} else {
			h.attempts.tries++
		}
		return p.failed(h, w, unreachable)
	}
	h.attempts.tries++
	sent, received := up.data.sent.Load(), up.data.received.Load()
	resp, err := p.send(h, up)
	if err == nil && p.holdBack(h, resp) {
		err = p.readWhole(resp)
	}
	if err == nil {
		p.relay(h, resp, up)
		w.pool.put(up)
		return false
	}
	up.Close()
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return p.failed(h, w, late)
	case up.data.sent.Load() == sent:
		return p.failed(h, w, unsent)
	case up.data.reset.Load() && up.data.received.Load() == received && h.body == nil && h.stream == nil:
		// On a unix socket a reset means that the worker did not read all we
		// sent, and this was one head: no handler has seen it.
		return p.failed(h, w, unsent)
	}
	h.attempts.deaths++
	return p.failed(h, w, lost)
}

// failed finds out whose fault it was and carries out what decide says.
func (p *proxy) failed(h *handover, w *worker, f failure) (again bool) {
	if p.badBody(h) {
		return false
	}
	if h.left() {
		h.leave()
		return false
	}
	if f != late {
		w.suspect.Store(true)
	}
	v := decide(f, h.attempts)
	if !v.again {
		h.answer(v.status, v.reason)
	}
	return v.again
}

// left reports that the client has gone, or that the front's grace is over.
// net/http ends the context also after a Read that we have interrupted.
func (h *handover) left() bool {
	if h.stream != nil && h.stream.interrupted() {
		return errors.Is(context.Cause(h.ctx), errStopped)
	}
	return h.ctx.Err() != nil
}

// send sends the request and returns the response as soon as its head is
// there.
func (p *proxy) send(h *handover, up *upstream) (*http.Response, error) {
	in := h.Head()
	host := in.Host
	if host == "" { // HTTP/1.0 may leave it out
		host = localAddress(in)
	}
	out := &http.Request{
		Method: in.Method, URL: target(in.URL), Host: host, Header: h.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	switch {
	case h.body != nil:
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(h.body)), int64(len(h.body))
	case h.stream != nil:
		out.Body, out.ContentLength, out.Trailer = h.stream, in.ContentLength, in.Trailer
		// When the worker dies, its connection is closed; a Read that waits
		// for the client must not hold up the answer.
		interrupt := h.stream.interrupt
		up.data.onClose.Store(&interrupt)
		defer up.data.onClose.Store(nil)
	}
	relay := &interim{turn: h.turn}
	defer relay.end()
	trace := &httptrace.ClientTrace{Got1xxResponse: relay.got}
	return up.RoundTrip(out.WithContext(httptrace.WithClientTrace(h.ctx, trace)))
}

// localAddress is the address at which the client reached us.
func localAddress(r *http.Request) string {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return a.String()
	}
	return "localhost"
}

// interim passes informational responses on while send waits. The transport
// may call got after RoundTrip returned.
type interim struct {
	turn *turn
	mu   sync.Mutex
	over bool
}

func (i *interim) got(status int, h textproto.MIMEHeader) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.over && status != http.StatusContinue { // reading the body sends that
		responseHeader(http.Header(h))
		i.turn.Inform(status, http.Header(h))
	}
	return nil
}

func (i *interim) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
}
