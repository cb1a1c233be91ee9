package tempo

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// brisk and calm are the requests a second from which on, and below which,
	// the process changes.
	brisk = 4000
	calm  = 3000
	// sample is how many requests are counted to know how many there are.
	sample = 512
	// check is how often a brisk process looks whether it still is.
	check = 250 * time.Millisecond
)

// Tempo watches how many requests a process answers. There should be one in a
// process.
type Tempo struct {
	apply func(batch bool) error // changes the policy of the process

	count atomic.Uint64
	fast  atomic.Bool

	mu    sync.Mutex
	since time.Time // when rate was asked last
	from  uint64    // count then
	timer *time.Timer
	ended bool
}

// New returns the tempo of this process, which counts nothing yet. End must be
// called in the end.
func New() *Tempo {
	if !usual() {
		return newTempo(nil)
	}
	return newTempo(setBatch)
}

func newTempo(apply func(bool) error) *Tempo {
	return &Tempo{apply: apply, since: time.Now(), ended: apply == nil}
}

// Step counts a request. A nil Tempo counts nothing.
func (t *Tempo) Step() {
	if t == nil {
		return
	}
	if n := t.count.Add(1); n%sample == 0 && !t.fast.Load() {
		t.look()
	}
}

// look hurries if the last sample has taken little time.
func (t *Tempo) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || t.fast.Load() {
		return
	}
	if t.rate() < brisk {
		return
	}
	if t.apply(true) != nil {
		t.ended = true // it is not allowed, and will not be
		return
	}
	t.fast.Store(true)
	t.timer = time.AfterFunc(check, t.review)
}

// review slows down when requests have become few.
func (t *Tempo) review() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || !t.fast.Load() {
		return
	}
	if t.rate() < calm {
		t.slow()
	} else {
		t.timer.Reset(check)
	}
}

// rate is how many requests there were a second since it was asked before; the
// lock is held.
func (t *Tempo) rate() float64 {
	now, n := time.Now(), t.count.Load()
	rate := float64(n-t.from) / max(now.Sub(t.since), time.Microsecond).Seconds()
	t.since, t.from = now, n
	return rate
}

// slow goes back to the usual policy; the lock is held.
func (t *Tempo) slow() {
	if t.apply(false) != nil {
		t.ended = true
	}
	t.fast.Store(false)
}

// End goes back to the usual policy for good.
func (t *Tempo) End() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.fast.Load() {
		t.slow()
	}
	t.ended = true
}
