package runner

import "time"

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
	// tripAfter deaths in a row in every place, with no worker left, trip the
	// breaker: the app is broken, and starting it again and again only burns
	// the machine. Then one worker is tried every longestDelay.
	tripAfter = 5
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

// tripped reports that the breaker is open.
func (s *state) tripped() bool {
	if s.generation == 0 || s.target == 0 || s.serves() {
		return false
	}
	for n := 1; n <= s.target; n++ {
		if slot := s.slots[n]; slot == nil || slot.failures < tripAfter {
			return false
		}
	}
	return true
}

// notAt is when a slot may get its next process: later after each death, but
// not much while nobody is served, unless that is hopeless.
func (s *state) notAt(n int) time.Time {
	slot := s.slots[n]
	switch {
	case slot == nil:
		return time.Time{}
	case s.tripped():
		return s.trialAt(n)
	case s.serves():
		return slot.notAt
	}
	return earlier(slot.notAt, slot.diedAt.Add(longestOutage))
}

// never is later than everything that is planned.
var never = time.Unix(1<<40, 0)

// trialAt is when a slot has its trial under an open breaker: the one whose
// death is the longest ago goes next, alone, longestDelay after the last one.
func (s *state) trialAt(n int) time.Time {
	var last time.Time
	next := 0
	for i := 1; i <= s.target; i++ {
		for _, w := range s.workers {
			if w.Slot == i && w.Generation == s.generation && w.alive() {
				return never // one is under way
			}
		}
		if died := s.slots[i].diedAt; next == 0 || died.Before(s.slots[next].diedAt) {
			next = i
		}
		if died := s.slots[i].diedAt; died.After(last) {
			last = died
		}
	}
	if n != next {
		return never
	}
	return last.Add(longestDelay)
}
