package front

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// closing is added to a worker's load when it shall get no more requests. It
// is far above any number of requests.
const closing = 1 << 40

// worker is a worker as the front uses it: a link, its connections, and the
// number of requests there.
type worker struct {
	id       int
	pool     *pool
	messages *messages
	crowd    crowd
	live     *live
	begun    time.Time
	load     atomic.Int64 // requests in flight, plus closing
	doubt    atomic.Int64 // until when better use another, nanoseconds since begun; 0 for no doubt
	gone     atomic.Bool  // its link has ended: it will never take a request
	probed   int          // the last probe that was begun; belongs to the table
	onIdle   func(*worker)
}

// newWorker takes over the link. onIdle is called once, after close and the end of the last request.
func newWorker(id int, link *wire.Link, l *live, wiring *wiring, onIdle func(*worker)) *worker {
	w := &worker{id: id, live: l, begun: time.Now(), onIdle: onIdle}
	w.pool = newPool(id, link, l, wiring, w.suspect)
	w.messages = &messages{pool: w.pool}
	go w.attend()
	return w
}

// attend waits for the end of the worker, which its link tells.
func (w *worker) attend() {
	<-w.pool.link.Gone()
	w.lose()
}

// lose notes that the worker has ended. Requests there may still get a
// response: a worker that ends in order finishes them first.
func (w *worker) lose() {
	w.gone.Store(true)
	w.pool.discard()
}

// suspect makes others preferable for a moment: a connection ended although
// the link has not. If that was a death, the link will tell soon; if a handler
// gave up, the worker is as good as before.
func (w *worker) suspect() { w.doubt.Store(int64(time.Since(w.begun) + w.live.Load().doubt)) }

// trust ends a suspicion.
func (w *worker) trust() {
	if w.doubt.Load() != 0 {
		w.doubt.Store(0)
	}
}

// suspected reports that another worker is preferable.
func (w *worker) suspected() bool {
	until := w.doubt.Load()
	return until != 0 && int64(time.Since(w.begun)) < until
}

// settle waits a moment for the end of a worker that has just failed. When
// one dies, its connections may end before its link does, and requests would
// waste their tries in between.
func (w *worker) settle(ctx context.Context) {
	timer := time.NewTimer(w.live.Load().settle)
	defer timer.Stop()
	select {
	case <-w.pool.link.Gone():
	case <-timer.C:
	case <-ctx.Done():
	}
}

// crowded reports that many requests are under way here.
func (w *worker) crowded(now time.Time) bool {
	return w.crowd.many(w.load.Load(), int64(w.live.Load().crowd), now.Sub(w.begun))
}

// shut closes all connections and the link.
func (w *worker) shut() {
	w.messages.close()
	w.pool.close()
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
