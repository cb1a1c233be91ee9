package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// The errors of table.acquire beside those of the context.
var (
	errNoWorker = errors.New("no worker ready")
	errCrowded  = errors.New("too many requests wait for a worker")
)

// table is the list of workers that the master has given us.
type table struct {
	live  *live
	log   *slog.Logger
	now   func() time.Time
	epoch time.Time

	current atomic.Pointer[snapshot]
	turn    atomic.Uint64
	heard   atomic.Int64 // when the master last spoke, nanoseconds since epoch
	waiting atomic.Int64 // requests that wait for a worker
	wiring  *wiring      // to all workers

	mu      sync.Mutex
	workers map[int]*worker // every one that has not been told idle
	tell    func(kind control.Kind, body any)
}

// snapshot is what requests see of a table. It never changes.
type snapshot struct {
	ready   []*worker
	wanted  int           // workers that the master keeps; 0: it does not say
	changed chan struct{} // closed when there is a newer one
}

func newTable(l *live, log *slog.Logger, now func() time.Time) *table {
	t := &table{live: l, log: log, now: now, epoch: now(), wiring: newWiring(log), workers: make(map[int]*worker)}
	t.current.Store(&snapshot{changed: make(chan struct{})})
	return t
}

// apply makes m the current table and takes over the files, which are its new
// links. It tells the master ACK, and IDLE for each worker that has become
// superfluous, at once or when its last request ends. tell must not block for
// long.
func (t *table) apply(m control.Table, files []*os.File, tell func(control.Kind, any)) {
	t.mu.Lock()
	t.tell = tell
	ending := t.link(m, files)
	var ready []*worker
	listed := make(map[int]bool, len(m.Workers))
	var unknown []int // draining, and we never had a link
	var probes []func()
	for _, row := range m.Workers {
		listed[row.ID] = true
		w := t.workers[row.ID]
		switch {
		case w == nil && row.State != control.WorkerDraining:
			t.log.Error("table names a worker without a link", "worker", row.ID, "revision", m.Revision)
		case w == nil:
			unknown = append(unknown, row.ID)
		case row.State == control.WorkerProbing && !w.closed():
			probes = t.probes(probes, w, row.Probe, m.ProbePath, tell)
		case row.State == control.WorkerReady && !w.closed():
			w.trust()
			ready = append(ready, w)
			probes = t.probes(probes, w, row.Probe, m.ProbePath, tell)
		case !w.closed():
			ending = append(ending, w)
		}
	}
	for id, w := range t.workers {
		if !listed[id] && !w.closed() {
			ending = append(ending, w)
		}
	}
	// First the new snapshot, so that a request that is refused by a worker
	// finds it; then the refusal, so that one with the old snapshot is refused.
	t.publish(ready, m.Wanted)
	for _, w := range ending {
		w.close()
	}
	t.mu.Unlock()

	t.renew()
	tell(control.KindAck, control.Ack{Revision: m.Revision})
	for _, w := range ending {
		w.release()
	}
	for _, probe := range probes {
		go probe()
	}
	for _, id := range unknown {
		tell(control.KindIdle, control.Idle{Worker: id})
	}
}

// link makes a worker of each new link and returns those that it replaces,
// which end without a word: an IDLE would be taken for the new one's.
func (t *table) link(m control.Table, files []*os.File) (replaced []*worker) {
	for _, row := range m.Workers {
		if !row.NewLink || len(files) == 0 {
			continue
		}
		l, err := wire.NewLink(files[0])
		files = files[1:]
		if err != nil {
			t.log.Error("link of a worker", "worker", row.ID, "err", err)
			continue
		}
		if old := t.workers[row.ID]; old != nil && !old.closed() {
			replaced = append(replaced, old)
		}
		t.workers[row.ID] = newWorker(row.ID, l, t.live, t.wiring, t.idle)
	}
	for _, f := range files {
		t.log.Error("file without a worker in a table", "revision", m.Revision)
		f.Close()
	}
	return replaced
}

// publish makes ready the workers that requests may use, and wakes those that
// wait.
func (t *table) publish(ready []*worker, wanted int) {
	old := t.current.Swap(&snapshot{ready: ready, wanted: wanted, changed: make(chan struct{})})
	close(old.changed)
}

// idle is called when a worker that takes no more requests has none left.
func (t *table) idle(w *worker) {
	w.shut()
	t.mu.Lock()
	known := t.workers[w.id] == w
	if known {
		delete(t.workers, w.id)
	}
	tell := t.tell
	t.mu.Unlock()
	if known {
		tell(control.KindIdle, control.Idle{Worker: w.id})
	}
}

// reset forgets all workers because the master that named them is gone.
// Requests there may end.
func (t *table) reset() {
	t.mu.Lock()
	t.publish(nil, 0)
	var ending []*worker
	for _, w := range t.workers {
		if !w.closed() {
			w.close()
			ending = append(ending, w)
		}
	}
	clear(t.workers) // nobody is left to be told
	t.mu.Unlock()
	for _, w := range ending {
		w.release()
	}
}

// renew notes that the master has spoken.
func (t *table) renew() {
	expired := t.expired()
	t.heard.Store(int64(t.now().Sub(t.epoch)))
	if expired {
		t.mu.Lock()
		now := t.current.Load()
		t.publish(now.ready, now.wanted)
		t.mu.Unlock()
	}
}

// outlive makes the lease endless: the master is gone, so nobody can take a
// worker away, and workers stay as long as their links.
func (t *table) outlive() {
	t.heard.Store(math.MaxInt64)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.current.Load()
	t.publish(now.ready, now.wanted)
}

// expired reports that the lease of the table has run out.
func (t *table) expired() bool {
	return t.now().Sub(t.epoch)-time.Duration(t.heard.Load()) > t.live.Load().lease
}

// waiting is how long a request may wait for a worker.
type waiting struct {
	until time.Time // then it is answered 503; zero before it has begun to wait
	room  time.Time // until then for one that takes new connections; zero before it has begun to
	leave time.Time // before that it does not take the last worker; zero unless one died at it
}

// spares reports that the workers of a snapshot are enough for a request at
// which others, those tried, have died: if it was the cause, it takes the next
// one too, and another must be there beside that. An app of one worker takes
// the risk.
func (s *snapshot) spares(tried []*worker) bool {
	left := 0
	for _, w := range s.ready {
		if !w.gone.Load() && !slices.Contains(tried, w) {
			left++
		}
	}
	return left >= min(2, s.wanted)
}

// acquire picks a worker, preferably none of those tried, and counts the
// request in there; the caller releases it. While none is ready it waits.
func (t *table) acquire(ctx context.Context, tried []*worker, wait *waiting) (*worker, error) {
	for {
		now := t.current.Load()
		if left := wait.leave.Sub(t.now()); left > 0 && !now.spares(tried) {
			if err := t.wait(ctx, now.changed, left); err != nil && !errors.Is(err, errNoWorker) {
				return nil, err
			}
			continue
		}
		if w := t.choose(now.ready, tried); w != nil {
			if w.acquire() {
				return w, nil
			}
			continue // it is closing, so there is a newer snapshot
		}
		if wait.until.IsZero() {
			wait.until = t.now().Add(t.live.Load().hold)
		}
		if err := t.wait(ctx, now.changed, wait.until.Sub(t.now())); err != nil {
			return nil, err
		}
	}
}

// choose returns the best worker, nil when none may be used.
func (t *table) choose(ready, tried []*worker) *worker {
	if len(ready) == 0 || t.expired() {
		return nil
	}
	var array [32]candidate
	candidates := array[:0]
	usable := ready
	if slices.ContainsFunc(ready, isGone) {
		usable = slices.DeleteFunc(slices.Clone(ready), isGone)
	}
	for _, w := range usable {
		c := candidate{load: w.load.Load()}
		if w.suspected() {
			c.rank++
		}
		if slices.Contains(tried, w) {
			c.rank += 2
		}
		candidates = append(candidates, c)
	}
	at := pick(candidates, t.turn.Add(1))
	if at < 0 {
		return nil
	}
	return usable[at]
}

func isGone(w *worker) bool { return w.gone.Load() }

// wait waits for a newer snapshot; errNoWorker when none has come in time.
func (t *table) wait(ctx context.Context, changed <-chan struct{}, limit time.Duration) error {
	if limit <= 0 {
		return errNoWorker
	}
	if t.waiting.Add(1) > int64(t.live.Load().holders) {
		t.waiting.Add(-1)
		return errCrowded
	}
	defer t.waiting.Add(-1)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-changed:
		return nil
	case <-timer.C:
		return errNoWorker
	case <-ctx.Done():
		return fmt.Errorf("while waiting for a worker: %w", context.Cause(ctx))
	}
}
