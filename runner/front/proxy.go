package front

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"slices"
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
	upload   *upload     // of stream, to the worker tried last
	attempts attempts
	tried    []*worker
	fresh    bool      // an idle connection had ended; use new ones only
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
		if slices.Contains(h.tried, w) {
			w.settle(h.ctx)
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
	h.attempts.whole = true
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
	up, err := w.pool.get(h.ctx, h.fresh)
	if err != nil {
		if errors.Is(err, wire.ErrGone) {
			w.lose() // never picked again, so this try is free
		} else {
			h.attempts.tries++
		}
		return p.failed(h, w, unreachable)
	}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	watch := newWatch(p.limits.answer, cancel)
	sent, received := up.data.sent.Load(), up.data.received.Load()
	resp, err := p.send(ctx, h, up, watch)
	if err == nil && p.holdBack(h, resp) {
		err = p.readWhole(resp)
	}
	if err == nil {
		w.trust()
		p.relay(h, resp, up)
		w.pool.put(up)
		return false
	}
	up.Close()
	if h.stream != nil {
		h.attempts.whole = h.upload.interrupt()
	}
	switch {
	case errors.Is(err, errLate):
		h.attempts.tries++
		return p.failed(h, w, late)
	case up.data.sent.Load() == sent,
		// On a unix socket a reset means that the worker did not read all we
		// sent, and if this was one head, no handler has seen it.
		up.data.reset.Load() && up.data.received.Load() == received && h.body == nil && h.stream == nil:
		p.countUnsent(h, w, up)
		return p.failed(h, w, unsent)
	}
	h.attempts.tries++
	h.attempts.deaths++
	return p.failed(h, w, lost)
}

// countUnsent counts a try, unless the connection had been idle: then its end
// is the worker's and says nothing of this request. The worker's other idle
// connections have ended too, and each would cost a try.
func (p *proxy) countUnsent(h *handover, w *worker, up *upstream) {
	if !up.used {
		h.attempts.tries++
		return
	}
	w.pool.drop()
	h.fresh = true // so that this happens once for each request
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
		w.suspect()
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

// errLate means that the worker did not begin its response in time.
var errLate = errors.New("front: no response in time")

// send sends the request and returns the response as soon as its head is
// there. ctx must live until its body was read.
func (p *proxy) send(ctx context.Context, h *handover, up *upstream, watch *watch) (*http.Response, error) {
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
		out.ContentLength, out.Trailer = in.ContentLength, announcedTrailer(in)
		h.upload = &upload{clientBody: h.stream, watch: watch, request: in, trailer: out.Trailer}
		out.Body = h.upload
		// When the worker dies, its connection is closed; a Read that waits
		// for the client must not hold up the answer.
		interrupt := func() { h.upload.interrupt() }
		up.data.onClose.Store(&interrupt)
		defer up.data.onClose.Store(nil)
	}
	relay := &interim{turn: h.turn}
	defer relay.end()
	trace := &httptrace.ClientTrace{Got1xxResponse: relay.got}
	resp, err := up.RoundTrip(out.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if !watch.stop() {
		return resp, err
	}
	if err == nil {
		resp.Body.Close()
	}
	return nil, errLate
}

// localAddress is the address at which the client reached us.
func localAddress(r *http.Request) string {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return a.String()
	}
	return "localhost"
}
