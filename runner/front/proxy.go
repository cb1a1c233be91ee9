package front

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// proxy hands requests to workers.
type proxy struct {
	table  *table
	deaths deaths
	budget *budget
	chunks *sync.Pool   // of *[]byte, chunkSize each
	ahead  atomic.Int64 // bytes of responses in files
	held   atomic.Int64 // bytes of responses that were read whole

	handovers sync.Pool
}

// handover is a turn on its way to a worker.
type handover struct {
	*turn
	fields   []byte // for the worker, as wire has them
	request  wire.Request
	response response
	upgrade  string      // protocol to change to, or ""
	body     []byte      // read whole, nil otherwise
	stream   requestBody // to be read while sent, nil otherwise
	upload   *upload     // of stream, to the worker tried last
	attempts attempts
	tried    []*worker
	ride     *ride            // kept for the next turn
	moved    *wire.MovedError // the response to claim, nil for none
	fresh    bool             // an idle connection had ended; use new ones only
	gone     bool             // the context had ended before we interrupted the body
	wait     waiting
}

// serve answers a turn by a worker.
func (p *proxy) serve(t *turn) {
	h := p.handovers.Get().(*handover)
	h.turn = t
	if p.prepare(h) {
		p.deliver(h)
	}
	p.finish(h) // unless something panics, when who knows what still uses it
}

// deliver hands a turn to workers until one has answered it, or nobody will.
func (p *proxy) deliver(h *handover) {
	for {
		w, err := p.acquire(h)
		switch {
		case errors.Is(err, errNoWorker), errors.Is(err, errCrowded):
			h.answer(http.StatusServiceUnavailable, err.Error())
			return
		case err != nil:
			h.leave()
			return
		}
		if slices.Contains(h.tried, w) {
			w.settle(h.context())
		}
		h.worker = w.id
		h.tries++
		again := p.attempt(h, w)
		w.release()
		if !again {
			return
		}
		h.tried = append(h.tried, w)
	}
}

// finish makes h ready for another turn.
func (p *proxy) finish(h *handover) {
	fields, tried := h.fields[:0], h.tried[:0]
	clear(tried[:cap(tried)])
	*h = handover{fields: fields, tried: tried, ride: h.ride}
	p.handovers.Put(h)
}

// acquire picks a worker; only if none is ready it needs a context.
func (p *proxy) acquire(h *handover) (*worker, error) {
	if h.wait.leave.IsZero() {
		if w := p.table.choose(p.table.current.Load().ready, h.tried); w != nil && w.acquire() {
			return w, nil
		}
	}
	return p.table.acquire(h.context(), h.tried, &h.wait)
}

// context ends when the client goes away. Most turns never need it.
func (h *handover) context() context.Context { return h.Head().Context() }

// prepare reads a small body whole and makes the fields for the worker. It
// reports false when the turn has been answered.
func (p *proxy) prepare(h *handover) bool {
	p.budget.put()
	h.stream = h.Content()
	if h.stream == nil {
		h.upgrade = h.turn.upgrade()
	}
	expects := h.Lookup("Expect") != "" // let the worker decide first
	repeat := repeatable(h.Method(), h.stream != nil)
	if n := h.Length(); h.stream != nil && n > 0 && n <= h.settings.small && !expects {
		h.body = make([]byte, n)
		if _, err := io.ReadFull(h.stream, h.body); err != nil {
			p.badBody(h)
			return false
		}
		h.stream = nil
	}
	h.fields = appendRequestFields(h.fields[:0], h.turn, h.upgrade)
	if h.stream != nil {
		h.fields = announce(h.fields, announcedTrailer(h.Head()))
	} else if h.settings.idempotencyKeys && h.Lookup("Idempotency-Key") != "" {
		repeat = true
	}
	h.attempts = attempts{repeatable: repeat, limit: h.settings.tries, whole: true}
	return true
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
	case errors.Is(err, io.ErrUnexpectedEOF), h.Gone() != nil:
		h.leave()
	default:
		h.answer(http.StatusBadRequest, "body malformed") // a bad chunk
	}
	return true
}

// attempt sends the request to one worker and, if it answers, relays the
// response. It reports whether the request shall be sent to another.
func (p *proxy) attempt(h *handover, w *worker) (again bool) {
	begun, limit := time.Now(), h.settings.answer
	h.moved = nil
	if h.light() && w.crowded(begun) {
		if m := w.messages.begin(); m != nil {
			if done, again := p.attemptByMessage(h, w, m, begun); done {
				return again
			}
			if limit > 0 {
				limit = max(limit-time.Since(begun), 1) // the worker's time goes on
			}
			begun = time.Now()
		}
	}
	up, err := p.connect(h, w)
	if err != nil {
		if h.moved != nil {
			h.moved.Refuse()
		}
		return p.unreached(h, w, err)
	}
	up.watch.start(limit)
	h.Watch(up.abandon)
	sent, err := p.send(h, up)
	h.upstream += time.Since(begun)
	resp := &h.response
	if err == nil && resp.Length > 0 {
		resp.whole, _ = up.Whole()
	}
	if err == nil && resp.whole == nil && p.holdBack(h, resp) {
		p.held.Add(resp.Length)
		defer p.held.Add(-resp.Length)
		err = p.readWhole(resp)
	}
	var abort *wire.Abort
	if err == nil || errors.As(err, &abort) && abort.Handler() && resp.Status >= http.StatusOK {
		w.trust()
		if p.deaths.any() {
			p.deaths.answered(pathOf(h))
		}
		p.relay(h, resp, up)
		if h.upload.finish() && h.Unwatch() && !resp.Last {
			w.pool.put(up)
		} else {
			up.Close()
		}
		return false
	}
	h.Unwatch()
	up.Close()
	if h.upload != nil {
		h.gone = h.Gone() != nil // before our interrupt, which may end it too
		h.attempts.whole = h.upload.interrupt()
		h.upload.finish()
	}
	return p.failed(h, w, p.classify(h, w, up, sent, err))
}

// connect takes an idle connection, or else makes one, for which it needs a
// context.
func (p *proxy) connect(h *handover, w *worker) (*upstream, error) {
	if !h.fresh {
		if up := w.pool.reuse(); up != nil {
			return up, nil
		}
	}
	return w.pool.get(h.context(), h.fresh)
}

// unreached goes on after no connection was to be had.
func (p *proxy) unreached(h *handover, w *worker, err error) (again bool) {
	var broken *wire.ProtocolError
	var version *wire.VersionError
	switch {
	case errors.Is(err, wire.ErrGone):
		w.lose()            // never picked again, so this try is free
		if h.moved != nil { // the request was taken before
			return p.failed(h, w, p.lost(h, w))
		}
		return p.failed(h, w, unreachable)
	case errors.As(err, &broken), errors.As(err, &version):
		p.table.log.Error("a worker cannot be used", "worker", w.id, "err", err)
	case errors.Is(err, errNoHello) && p.waitForRoom(h):
		w.suspect()
		return true
	}
	h.attempts.tries++
	return p.failed(h, w, unreachable)
}

// waitForRoom waits a moment when a worker has dropped a new connection, which
// is what the kernel does when the worker has no descriptor for it. It reports
// false when a request has waited for as long as it would for a worker.
func (p *proxy) waitForRoom(h *handover) bool {
	now := time.Now()
	if h.wait.room.IsZero() {
		h.wait.room = now.Add(h.settings.hold)
	}
	pause := min(h.settings.settle, h.wait.room.Sub(now))
	return pause > 0 && errors.Is(p.table.wait(h.context(), nil, pause), errNoWorker)
}

// classify says how an attempt failed and counts it.
func (p *proxy) classify(h *handover, w *worker, up *upstream, sent bool, err error) failure {
	var broken *wire.ProtocolError
	var abort *wire.Abort
	switch {
	case errors.Is(err, errLate):
		h.attempts.tries++
		return late
	case h.moved == nil && (!sent || up.WasReset() && h.stream == nil):
		// Nothing was sent, or it was sent at once and not read whole: then no
		// handler has seen it. The request of a claim was taken before.
		p.countUnsent(h, w, up)
		return unsent
	case errors.As(err, &abort) && abort.Handler():
		return aborted
	case errors.As(err, &abort), errors.As(err, &broken):
		p.table.log.Error("a worker broke the gateway interface; its connection is closed", "worker", w.id, "err", err)
		h.attempts.tries++
		h.attempts.ends++
		return garbled
	}
	return p.lost(h, w)
}

// lost counts an attempt that the death of a worker has ended.
func (p *proxy) lost(h *handover, w *worker) failure {
	p.blame(h, w)
	h.attempts.tries++
	h.attempts.ends++
	return lost
}

// blame notes a death with what was asked, unless the client is why a worker
// has not answered.
func (p *proxy) blame(h *handover, w *worker) {
	if h.Gone() == nil && !h.bodyFailed() {
		h.attempts.guilty = p.deaths.note(pathOf(h), w, time.Now())
		h.wait.leave = time.Now().Add(h.settings.leave)
	}
}

// pathOf is what deaths are counted by.
func pathOf(h *handover) string { return h.Method() + " " + h.logPath() }

// bodyFailed reports that the client is why a body could not be sent.
func (h *handover) bodyFailed() bool {
	if h.stream == nil {
		return false
	}
	err := h.stream.failure()
	return err != nil && err != io.EOF
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
	if f == aborted {
		h.cut("aborted by the app")
		return false
	}
	if f != late {
		w.suspect()
	}
	v := decide(f, h.attempts)
	if v.again && f.twice() && !p.budget.take() {
		v.again, v.reason = false, v.reason+", "+noBudget
	}
	if !v.again {
		h.answer(v.status, v.reason)
	}
	return v.again
}

// twice reports that a handler sees a request again that is repeated after f.
func (f failure) twice() bool { return f == lost || f == garbled }

// left reports that the client has gone, or that the front's grace is over. An
// engine may end the context also after a Read that we have interrupted.
func (h *handover) left() bool {
	if h.stream != nil && h.stream.interrupted() && !h.gone {
		return errors.Is(h.Gone(), errStopped)
	}
	return h.Gone() != nil
}
