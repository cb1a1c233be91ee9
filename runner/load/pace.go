package load

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"
)

// refusedPause is how long a client waits after a connection was refused.
const refusedPause = 10 * time.Millisecond

// pace says when the next request is due, and when there are no more.
type pace struct {
	limit int64        // requests in all; 0: no limit
	taken atomic.Int64 // numbers given out

	due  chan time.Time // open model: moments that nobody has taken yet
	owed atomic.Int64   // open model: moments that came

	over context.Context // its end is the end of the pace
	stop func()          // ends it: no further request begins
}

// slot is one request that may be sent now.
type slot struct {
	n   int64
	due time.Time
}

func newPace(limit int64) *pace {
	over, stop := context.WithCancel(context.Background())
	return &pace{limit: limit, over: over, stop: stop}
}

// next waits for the next request that is due; false: there are no more.
func (p *pace) next() (slot, bool) {
	if p.over.Err() != nil {
		return slot{}, false
	}
	var s slot
	if p.due != nil {
		select {
		case <-p.over.Done():
			return slot{}, false
		case due, more := <-p.due:
			if !more {
				return slot{}, false
			}
			s.due = due
		}
	} else {
		s.due = time.Now()
	}
	s.n = p.taken.Add(1) - 1
	if p.limit > 0 && s.n >= p.limit {
		p.taken.Add(-1)
		p.stop()
		return slot{}, false
	}
	return s, true
}

// wait waits; false: it is over.
func (p *pace) wait(d time.Duration) bool {
	if d <= 0 {
		return true // next looks whether it is over
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.over.Done():
		return false
	case <-timer.C:
		return true
	}
}

// backlog is how many moments may wait for a client.
const backlog = 1 << 16

// open makes it the open model: moments come by the clock alone. When the
// backlog is full they are late, but stay what they are.
func (p *pace) open(rate float64) {
	defer close(p.due)
	begin := time.Now()
	for k := int64(0); p.limit == 0 || k < p.limit; k++ {
		due := begin.Add(time.Duration(float64(k) / rate * float64(time.Second)))
		if !p.sleepUntil(due) {
			return
		}
		p.owed.Add(1)
		select {
		case <-p.over.Done():
			return
		case p.due <- due:
		}
	}
}

// sleepUntil is exact to about 0.1 ms: a timer of the runtime may be 1 ms late
// while nothing else happens, which would be the greater part of a latency.
func (p *pace) sleepUntil(t time.Time) bool {
	for {
		left := time.Until(t)
		if left <= 0 {
			return true
		}
		if left > 50*time.Millisecond {
			if !p.wait(left - 20*time.Millisecond) {
				return false
			}
			continue
		}
		ts := syscall.NsecToTimespec(left.Nanoseconds())
		syscall.Nanosleep(&ts, nil) // an interrupt only means one more round
	}
}
