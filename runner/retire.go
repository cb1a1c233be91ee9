package runner

import (
	"fmt"
	"time"
)

// decideRetirement replaces workers that have done enough, one at a time: a
// fresh one starts in the same place, and when it serves the old one drains.
func (s *state) decideRetirement(p *plan) {
	if s.rollout != nil {
		return
	}
	for _, w := range s.sortedWorkers() {
		if w.Retire != "" {
			s.succeed(p, w)
			return
		}
	}
	if !s.whole() {
		return // first what died is replaced
	}
	for _, w := range s.sortedWorkers() {
		if why := s.worn(p, w); why != "" {
			p.add(action{Do: doRetire, Worker: w.ID, Why: why})
			return
		}
	}
}

// succeed brings up the successor of a worker and lets it go.
func (s *state) succeed(p *plan, w *process) {
	if !w.serves() {
		return
	}
	next := s.occupant(w.Slot, s.generation, func(other *process) bool { return other.ID > w.ID && other.alive() })
	switch {
	case next == nil && p.due(s.notAt(w.Slot)):
		p.add(action{Do: doStart, Slot: w.Slot, Generation: s.generation})
	case next != nil && next.serves():
		p.add(action{Do: doDrain, Worker: w.ID})
	}
}

// whole reports that every place is filled by a worker that serves.
func (s *state) whole() bool {
	for n := 1; n <= s.target; n++ {
		if s.occupant(n, s.generation, (*process).serves) == nil {
			return false
		}
	}
	return true
}

// worn says why a worker shall be replaced, "" if it shall not.
func (s *state) worn(p *plan, w *process) string {
	l := s.limits
	if w.Phase != ready {
		return ""
	}
	switch {
	case l.MaxRSS > 0 && w.RSS > l.MaxRSS:
		return fmt.Sprintf("it uses %d MiB (workers.max_rss is %d MiB)", w.RSS>>20, l.MaxRSS>>20)
	case l.MaxStuck > 0 && w.Pulse.Stuck >= l.MaxStuck:
		return fmt.Sprintf("%d of its requests ignore that their context has ended", w.Pulse.Stuck)
	case l.MaxRequests > 0 && float64(w.Pulse.Done) >= float64(l.MaxRequests)*w.Jitter:
		return fmt.Sprintf("it has answered %d requests (workers.max_requests)", w.Pulse.Done)
	case l.MaxAge > 0 && p.due(w.Served.Add(time.Duration(float64(l.MaxAge)*w.Jitter))):
		return fmt.Sprintf("it has served for %s (workers.max_age)", p.now.Sub(w.Served).Round(time.Second))
	}
	return ""
}

// retire marks a worker that another one shall replace.
func (s *state) retire(id int, why string) {
	if w := s.workers[id]; w != nil && w.Retire == "" {
		w.Retire = why
	}
}
