package front

import (
	"sync/atomic"

	"github.com/dram-go/dram/runner/wire"
)

// closing is added to a worker's load when it shall get no more requests. It
// is far above any number of requests.
const closing = 1 << 40

// worker is a worker as the front uses it: a link, its connections, and the
// number of requests there.
type worker struct {
	id      int
	pool    *pool
	load    atomic.Int64 // requests in flight, plus closing
	suspect atomic.Bool  // a connection ended unexpectedly: better use another
	gone    atomic.Bool  // its link has ended: it will never take a request
	onIdle  func(*worker)
}

// newWorker takes over the link. onIdle is called once, after retire and the
// end of the last request.
func newWorker(id int, link *wire.Link, l limits, onIdle func(*worker)) *worker {
	w := &worker{id: id, onIdle: onIdle}
	w.pool = newPool(link, l, func() { w.suspect.Store(true) })
	return w
}

// acquire counts a new request in, unless the worker takes no more. After
// close returned, acquire never succeeds again: this is what an ACK promises.
func (w *worker) acquire() bool {
	for {
		n := w.load.Load()
		if n >= closing {
			return false
		}
		if w.load.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release counts a request out.
func (w *worker) release() {
	if w.load.Add(-1) == closing {
		w.onIdle(w)
	}
}

// close ends the taking of requests. The caller holds a count of its own,
// which it releases when idleness may be told.
func (w *worker) close() { w.load.Add(1 + closing) }

// closed reports that close was called.
func (w *worker) closed() bool { return w.load.Load() >= closing }
