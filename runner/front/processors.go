package front

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/nonblock"
)

// processors keeps the process to one processor while that is more than enough.
// With more of them the scheduler wakes another thread for nearly every request
// that comes alone, only for it to find no work.
//
// Requests look whether that is still so, hence an idle process does nothing.
type processors struct {
	used func() time.Duration // processor time of the process
	take func(all bool)       // makes Go run on one, or on all it would take by itself

	next atomic.Int64 // when to look again, in Unix nanoseconds

	mu    sync.Mutex
	all   bool
	since time.Time // of the last look
	spent time.Duration
}

// newProcessors returns nil, which does nothing, where there is but one.
func newProcessors() *processors {
	if runtime.GOMAXPROCS(0) == 1 {
		return nil
	}
	return &processors{used: nonblock.ProcessorTime, take: takeProcessors, all: true}
}

func takeProcessors(all bool) {
	if all {
		runtime.SetDefaultGOMAXPROCS()
	} else {
		runtime.GOMAXPROCS(1)
	}
}

// Who has one processor must not notice it when more is to be done; who has all
// of them gives them back once that has lasted.
const (
	lookOne = 20 * time.Millisecond
	lookAll = 2 * time.Second
)

// needsAll decides by the share of one processor that was used lately.
func needsAll(share float64, all bool) bool {
	if all {
		return share > 0.15
	}
	return share > 0.3
}

// look takes or gives back processors, if it is time to.
func (p *processors) look(now time.Time) {
	if p == nil {
		return
	}
	next := p.next.Load()
	if now.UnixNano() < next || !p.next.CompareAndSwap(next, now.Add(lookAll).UnixNano()) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	spent := p.used()
	took := now.Sub(p.since)
	share := float64(spent-p.spent) / float64(took)
	first := p.since.IsZero()
	p.since, p.spent = now, spent
	if all := needsAll(share, p.all); all != p.all && !first {
		p.all = all
		p.take(all)
	}
	if !p.all {
		p.next.Store(now.Add(lookOne).UnixNano())
	}
}
