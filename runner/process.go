package runner

import (
	"fmt"
	"slices"
	"time"
)

// phase is where a worker or a front stands in its life.
type phase string

const (
	starting phase = "starting" // runs, has not said READY
	ready    phase = "ready"    // serves
	draining phase = "draining" // finishes what fronts still have there
	stopping phase = "stopping" // was told to end
	ended    phase = "ended"    // its process is gone
)

// steps lists where a process may go from each phase.
var steps = map[phase][]phase{
	starting: {ready, stopping, ended},
	ready:    {draining, stopping, ended},
	draining: {stopping, ended},
	stopping: {ended},
	ended:    nil,
}

// process is what the supervisor knows of one child. It holds no handles: the
// policy works on it alone.
type process struct {
	ID         int // of a worker; never used again. Of a front: its number
	Slot       int // the place it fills, 1 to N; 0 for the front
	Generation int
	PID        int
	Phase      phase
	Since      time.Time // begin of the phase
	Until      time.Time // when the phase has lasted too long; zero: never
	Killed     bool      // SIGKILL is on its way
	Reason     string    // why we ended it, when we did

	// removed is the first table revision that gives this worker no new
	// requests, and when it was sent; 0 before.
	removed   uint64
	removedAt time.Time
}

// move goes to the next phase. An illegal step is a defect of the supervisor
// and changes nothing.
func (p *process) move(to phase, now, until time.Time) error {
	if !slices.Contains(steps[p.Phase], to) {
		return fmt.Errorf("%s cannot go from %s to %s", p, p.Phase, to)
	}
	p.Phase, p.Since, p.Until = to, now, until
	return nil
}

// number is what an action calls a process by: a worker's number, 0 for the
// front.
func (p *process) number() int {
	if p.Slot == 0 {
		return 0
	}
	return p.ID
}

// String names a process as logs, titles and status do.
func (p process) String() string {
	if p.Slot == 0 {
		return "front"
	}
	return fmt.Sprintf("worker %d", p.ID)
}

// slot is a place that one process at a time fills; it remembers how often
// its processes died.
type slot struct {
	failures int       // deaths in a row without healthyAfter between
	restarts int       // all of them, for status
	diedAt   time.Time // the last one
	notAt    time.Time // no new process before
}

const (
	firstDelay   = 100 * time.Millisecond
	longestDelay = 30 * time.Second
	// longestOutage bounds the pause while no worker at all is ready. It is
	// below the time for which a front holds requests, 10 s, so that these can
	// still be answered.
	longestOutage = 5 * time.Second
	// longestFront bounds the pause of a front, without which nobody is served.
	longestFront = time.Second
	// healthyAfter is how long a process must have served for its death to
	// count as the first one again.
	healthyAfter = 60 * time.Second
)

// backoff is the pause after a number of deaths in a row (0 gives none):
// 0.1 s, 0.2 s, 0.4 s … 30 s, each ± 20 % as jitter, which lies in [0, 1),
// says. Without the spread, processes that fail together would also try again
// together.
func backoff(deaths int, jitter float64) time.Duration {
	if deaths <= 0 {
		return 0
	}
	delay := longestDelay
	if shift := deaths - 1; shift < 9 { // 0.1 s × 2⁹ is beyond the longest
		delay = min(firstDelay<<shift, longestDelay)
	}
	return time.Duration(float64(delay) * (0.8 + 0.4*jitter))
}

// died records the death of the slot's process, which had served since ready
// (zero: never).
func (s *slot) died(now, servedSince time.Time, jitter float64) {
	if !servedSince.IsZero() && now.Sub(servedSince) >= healthyAfter {
		s.failures = 0
	}
	s.failures++
	s.restarts++
	s.diedAt = now
	s.notAt = now.Add(backoff(s.failures, jitter))
}

// frontDied is died for the front's place: its first death costs no pause,
// the following ones a short one.
func (s *slot) frontDied(now, servedSince time.Time, jitter float64) {
	s.died(now, servedSince, jitter)
	s.notAt = now.Add(min(backoff(s.failures-1, jitter), longestFront))
}
