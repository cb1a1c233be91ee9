package front

import (
	"errors"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// ride is what a request that goes by message needs beside the message. A
// handover keeps it for the next.
type ride struct {
	watch   *watch
	abandon func()

	mu      sync.Mutex
	message *wire.Message
}

func newRide() *ride {
	r := new(ride)
	r.abandon = r.leave
	r.watch = newWatch(r.abandon)
	return r
}

func (r *ride) begin(m *wire.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.message = m
}

// leave ends the waiting for the response.
func (r *ride) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.message != nil {
		r.message.Abandon()
	}
}

func (r *ride) end() {
	r.mu.Lock()
	m := r.message
	r.message = nil
	r.mu.Unlock()
	m.End()
}

// light reports a request that may go by message. It can be repeated: when a
// connection with many on it ends, nobody knows which of them were read.
func (h *handover) light() bool {
	return h.attempts.repeatable && h.stream == nil && h.body == nil && h.upgrade == "" && h.tries == 1 &&
		len(h.fields)+len(h.target())+len(h.host)+len(h.settings.static.files) <= wire.MaxAsk/2
}

// attemptByMessage is attempt by message. It has not done it when the request
// was not sent, or the response comes by a connection of its own: then h has
// moved.
func (p *proxy) attemptByMessage(h *handover, w *worker, m *wire.Message, begun time.Time) (done, again bool) {
	if h.ride == nil {
		h.ride = newRide()
	}
	h.byMessage = true
	r := h.ride
	r.begin(m)
	defer r.end()
	r.watch.start(h.settings.answer)
	h.Watch(r.abandon)
	sent, err := m.Ask(p.request(h))
	tooLate := r.watch.stop()
	h.upstream += time.Since(begun)
	if err == nil {
		p.relayMessage(h, w, m)
	}
	if !h.Unwatch() || tooLate {
		h.ride = nil // abandon may still be called
	}
	switch {
	case err == nil:
		return true, false
	case errors.As(err, &h.moved) && tooLate:
		h.moved.Refuse()
	case h.moved != nil, !sent && !tooLate && h.Gone() == nil:
		return false, false
	}
	return true, p.failed(h, w, p.classifyMessage(h, w, tooLate, err))
}

// relayMessage sends a response that came by message to the client.
func (p *proxy) relayMessage(h *handover, w *worker, m *wire.Message) {
	h.response = response{Response: m.Response, whole: m.Body}
	if m.Response.Last {
		w.messages.retire()
	}
	w.trust()
	if p.deaths.any() {
		p.deaths.answered(pathOf(h))
	}
	p.relay(h, &h.response, nil)
}

// classifyMessage says how an attempt by message failed and counts it. What
// the worker did wrong is logged once for the connection.
func (p *proxy) classifyMessage(h *handover, w *worker, tooLate bool, err error) failure {
	var broken *wire.ProtocolError
	var abort *wire.Abort
	switch {
	case tooLate:
		h.attempts.tries++
		return late
	case errors.As(err, &broken), errors.As(err, &abort):
		h.attempts.tries++
		h.attempts.ends++
		return garbled
	}
	return p.lost(h, w)
}
