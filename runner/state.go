package runner

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// stopMode is how the whole tree is ending.
type stopMode int

const (
	serving  stopMode = iota
	graceful          // requests in flight may finish
	quick             // they may not
)

// limits are the times and amounts that the policy keeps.
type limits struct {
	Boot      time.Duration // from the start of a process to its READY
	Graceful  time.Duration // for requests in flight of a process that ends
	Linger    time.Duration // for idle clients of a front that was replaced
	Soak      time.Duration // from the last new worker's first request to the commit
	Heartbeat time.Duration // from one beat of a worker to the suspicion that it hangs

	// When a worker is replaced by a fresh one; 0: never.
	MaxRequests uint64
	MaxAge      time.Duration
	MaxRSS      int64 // bytes
	MaxStuck    int   // requests that ignore the end of their context
}

// killAfter is how long a process may take to end beyond its grace.
const killAfter = 5 * time.Second

// state is all that the supervisor decides by. Events change it through the
// methods here, which do nothing else; [state.decide] says what to do about it.
type state struct {
	limits  limits
	stop    stopMode
	quickAt time.Time // when stop became quick

	draining bool      // fronts send clients elsewhere; the stop follows
	drainEnd time.Time // when

	maintenance *control.Maintenance // never changed in place; nil: the site is open

	generation int // the one that serves; 0 before the first
	target     int // workers of it
	workers    map[int]*process
	slots      map[int]*slot
	lastWorker int         // the highest worker number given out
	crashes    []time.Time // deaths of serving workers within healthyAfter
	tallies    map[int]tally

	wantFront bool             // this tree has a front of its own
	fronts    map[int]*process // our own, by number
	frontSlot slot
	lastFront int

	peers    map[int]*peerState // connected fronts, by number
	table    tableState
	revision uint64

	publishedAt time.Time // when the table was last sent; zero: never

	rollout *rollout
}

func newState(l limits, wantFront bool) *state {
	return &state{
		limits: l, workers: map[int]*process{}, slots: map[int]*slot{}, tallies: map[int]tally{},
		fronts: map[int]*process{}, peers: map[int]*peerState{}, wantFront: wantFront,
	}
}

// sortedWorkers are all workers in the order of their numbers, so that what
// is decided does not depend on the order of a map.
func (s *state) sortedWorkers() []*process { return sorted(s.workers) }

func (s *state) sortedFronts() []*process { return sorted(s.fronts) }

func sorted(all map[int]*process) []*process {
	return slices.SortedFunc(maps.Values(all), func(a, b *process) int { return cmp.Compare(a.ID, b.ID) })
}

func (s *state) slot(n int) *slot {
	if s.slots[n] == nil {
		s.slots[n] = &slot{}
	}
	return s.slots[n]
}

// occupant returns a worker of a generation in a slot for which is holds.
func (s *state) occupant(n, generation int, is func(*process) bool) *process {
	for _, w := range s.sortedWorkers() {
		if w.Slot == n && w.Generation == generation && is(w) {
			return w
		}
	}
	return nil
}

// serves reports whether there is a worker for requests.
func (s *state) serves() bool {
	for _, w := range s.workers {
		if w.serves() {
			return true
		}
	}
	return false
}

// front is our own front that is to stay, nil when there is none.
func (s *state) front() *process {
	for _, f := range s.sortedFronts() {
		if f.Retire == "" && f.alive() {
			return f
		}
	}
	return nil
}

// over reports that nothing is left of the tree.
func (s *state) over() bool {
	return s.stop != serving && len(s.workers) == 0 && len(s.fronts) == 0
}

// beginDrain announces a stop to those who send clients here.
func (s *state) beginDrain(now time.Time, delay time.Duration) {
	if !s.draining {
		s.draining, s.drainEnd = true, now.Add(delay)
	}
}

// beginStop ends the tree; a second time it can only become quicker.
func (s *state) beginStop(mode stopMode, now time.Time) {
	if mode == quick && s.stop != quick {
		s.quickAt = now
	}
	s.stop = max(s.stop, mode)
}

// scale changes how many workers serve, until the next reload.
func (s *state) scale(target int) { s.target = target }

func (s *state) workerStarted(p process, now time.Time) {
	p.Phase, p.Started, p.Since, p.Until, p.BeatAt = starting, now, now, now.Add(s.limits.Boot), now
	s.workers[p.ID] = &p
	if r := s.rollout; r != nil && p.Generation == r.Generation {
		r.started[p.Slot] = true
	}
}

// workerReady records READY. The worker of a coming generation is probed
// before it serves, unless there is no older one to fall back on.
func (s *state) workerReady(id int, now time.Time) error {
	w := s.workers[id]
	if w == nil || w.Phase != starting {
		return nil // it was told to end in the meantime
	}
	w.BeatAt = now
	if r := s.rollout; r != nil && !r.First && w.Generation == r.Generation {
		s.askForProbe(w, now)
		return w.move(probing, now, time.Time{})
	}
	return w.move(ready, now, time.Time{})
}

// workerBeat records what a worker said of itself.
func (s *state) workerBeat(id int, pulse control.Pulse, rss int64, now time.Time) error {
	w := s.workers[id]
	if w == nil {
		return nil
	}
	w.Pulse, w.RSS, w.BeatAt = pulse, rss, now
	if w.Phase == suspect {
		return s.trust(w, now)
	}
	return nil
}

// workerEnded records that a worker's process is gone, or never came to be.
func (s *state) workerEnded(p process, reason string, now time.Time, jitter float64) {
	delete(s.workers, p.ID)
	s.tallies[p.Generation] = s.tallies[p.Generation].plus(p.Pulse)
	for _, peer := range s.peers {
		delete(peer.links, p.ID)
		delete(peer.idle, p.ID)
		delete(peer.probed, p.ID)
	}
	r := s.rollout
	switch {
	case wasToGo(p):
	case r != nil && p.Generation == r.Generation:
		s.comingEnded(p, reason, now, jitter)
	case p.Generation == s.generation:
		s.crashed(now)
		s.slot(p.Slot).died(now, p.Served, jitter)
	}
}

// wasToGo reports that the end of a process is no fault.
func wasToGo(p process) bool {
	return p.Phase == draining || (p.Phase == stopping || p.Phase == killing) && p.Reason == ""
}

// crashed notes the death of a worker that served.
func (s *state) crashed(now time.Time) {
	s.crashes = slices.DeleteFunc(s.crashes, func(at time.Time) bool { return now.Sub(at) >= healthyAfter })
	s.crashes = append(s.crashes, now)
}

func (s *state) frontStarted(p process, now time.Time) {
	p.Phase, p.Started, p.Since, p.Until = starting, now, now, now.Add(s.limits.Boot)
	s.fronts[p.ID] = &p
	if r := s.rollout; r != nil && p.Generation == r.Generation {
		r.frontStarted = true
	}
}

func (s *state) frontReady(id int, now time.Time) error {
	f := s.fronts[id]
	if f == nil || f.Phase != starting {
		return nil
	}
	return f.move(ready, now, time.Time{})
}

// frontEnded records the end of our own front's process. Without a front
// nobody is served, so its first death costs no pause.
func (s *state) frontEnded(p process, reason string, now time.Time, jitter float64) {
	delete(s.fronts, p.ID)
	if wasToGo(p) || p.Retire != "" {
		return
	}
	if r := s.rollout; r != nil && r.Failed == "" && (r.First || r.Upgrade && p.Generation == r.Generation) {
		s.failRollout(reason)
		return
	}
	s.frontSlot.frontDied(now, p.Served, jitter)
}

// forgive takes a pause of the supervisor itself out of everybody's time: who
// stopped us (SIGSTOP, a suspended machine) has most likely stopped all.
func (s *state) forgive(gap time.Duration) {
	shift := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
	for _, p := range append(s.sortedWorkers(), s.sortedFronts()...) {
		shift(&p.Until)
		shift(&p.BeatAt)
		shift(&p.probeAt)
		shift(&p.dumpAt)
		shift(&p.removedAt)
	}
	if r := s.rollout; r != nil {
		shift(&r.soaking)
		shift(&r.failedAt)
	}
	for _, peer := range s.peers {
		shift(&peer.owed)
		shift(&peer.askedAt)
	}
}
