package runner

import (
	"fmt"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// rollout is a generation on its way.
//
// At the first start all its workers begin at once and have one try each.
// Later they come one by one: the first is the canary. Each is probed through
// the fronts, takes its place in the table, and only then does the older
// worker of that place drain. When all are there they must prove themselves
// for a while, the soak, and then the generation is committed. Until then
// whatever goes wrong brings the older workers back, by the same steps.
type rollout struct {
	Generation int
	Target     int
	First      bool // there is no older generation to fall back on
	Upgrade    bool // the front is replaced too
	Starting   bool // prepared: its workers may be started
	Failed     string

	failedAt     time.Time
	started      map[int]bool // slots that had their one try
	frontStarted bool
	canary       bool      // the first worker serves
	soaking      time.Time // since when all workers serve
	deaths       int       // of its serving workers
}

// beginRollout announces a generation. Its workers wait for startRollout.
func (s *state) beginRollout(generation int, upgrade bool) {
	s.rollout = &rollout{Generation: generation, First: s.generation == 0, Upgrade: upgrade, started: map[int]bool{}}
}

// goodbye is what is left to the workers of a generation that still drains
// when the next but one comes: two generations are enough. Requests that are in
// the middle of something when one deployment follows another still end, and
// the new one does not wait for them.
const goodbye = 5 * time.Second

// startRollout lets the workers of the coming generation start.
func (s *state) startRollout(target int, now time.Time) {
	s.rollout.Target, s.rollout.Starting = target, true
	for _, w := range s.workers {
		switch {
		case !s.superseded(w):
		case w.Phase == draining:
			w.Until = earlier(w.Until, now.Add(goodbye))
		case w.Phase == stopping:
			w.Until = earlier(w.Until, now.Add(goodbye+killAfter))
		}
	}
}

// superseded reports that a worker belongs to neither the serving generation
// nor the coming one.
func (s *state) superseded(w *process) bool {
	return w.Generation != s.generation && (s.rollout == nil || w.Generation != s.rollout.Generation)
}

// failRollout gives the coming generation up; the first reason stays.
func (s *state) failRollout(reason string) {
	if r := s.rollout; r != nil && r.Failed == "" {
		r.Failed = reason
	}
}

// noteFailure starts the clock of the way back.
func (s *state) noteFailure(now time.Time) {
	r := s.rollout
	r.failedAt = now
	for _, f := range s.fronts {
		if r.Upgrade && f.Generation == r.Generation {
			f.Retire = "its generation was rolled back"
		}
	}
}

// comingEnded records the death of a worker of the coming generation. One that
// had not served yet, or that dies where the older workers did not, calls the
// generation off.
func (s *state) comingEnded(p process, reason string, now time.Time, jitter float64) {
	r := s.rollout
	r.deaths++
	if r.First || p.Served.IsZero() || r.deaths > s.crashesSince(now.Add(-healthyAfter)) {
		s.failRollout(reason)
		return
	}
	s.slot(p.Slot).died(now, p.Served, jitter)
	delete(r.started, p.Slot)
}

// crashesSince counts the deaths of serving workers.
func (s *state) crashesSince(begin time.Time) (n int) {
	for _, at := range s.crashes {
		if at.After(begin) {
			n++
		}
	}
	return n
}

// tally is what a generation has answered.
type tally struct{ Done, Failed uint64 }

func (t tally) plus(p control.Pulse) tally { return tally{t.Done + p.Done, t.Failed + p.Failed} }

func (t tally) rate() float64 {
	if t.Done == 0 {
		return 0
	}
	return float64(t.Failed) / float64(t.Done)
}

// tallyOf adds up what the workers of a generation, dead ones included, have
// answered.
func (s *state) tallyOf(generation int) tally {
	t := s.tallies[generation]
	for _, w := range s.workers {
		if w.Generation == generation {
			t = t.plus(w.Pulse)
		}
	}
	return t
}

const (
	// fewFailures is what says nothing about a generation.
	fewFailures = 5
	// worseBy is how much larger a part of its requests a generation may fail
	// than the one before.
	worseBy = 0.05
)

// regression says how much worse the coming generation answers than the one
// it replaces, "" when it does not: more of its answers are 500 and above, by
// a margin and at least twice as many.
func regression(before, now tally) string {
	if now.Failed < fewFailures || now.rate() < before.rate()+worseBy || now.rate() < 2*before.rate() {
		return ""
	}
	return fmt.Sprintf("%d of %d requests failed (500 and above), that is %.0f %%; before it were %.0f %%",
		now.Failed, now.Done, 100*now.rate(), 100*before.rate())
}

// commit makes the coming generation the serving one.
func (s *state) commit() {
	r := s.rollout
	for _, f := range s.fronts {
		if r.Upgrade && f.Generation != r.Generation {
			f.Retire = "it was upgraded"
		}
	}
	s.generation, s.target, s.rollout = r.Generation, r.Target, nil
	s.slots = map[int]*slot{}
	s.crashes = nil
	for n := range s.tallies {
		if n != s.generation {
			delete(s.tallies, n)
		}
	}
}
