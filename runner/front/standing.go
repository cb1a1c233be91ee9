package front

import "time"

// standing is what is known of an origin, and the policy that follows from it.
// It has no lock and no clock.
//
// Two things take an origin out. Checks, where they are configured: fall bad
// ones in a row; rise good ones bring it back. And ejection: it took no
// connection, or maxFails requests in a row failed at it. An ejected origin is
// tried again by a check, or by nothing but a connection where none is
// configured, after a pause that doubles from one ejection to the next.
type standing struct {
	rules
	down   bool // as checks say
	streak int  // checks in a row that say the opposite of down
	fails  int  // requests in a row that failed

	ejected bool
	fatal   bool      // it took no connection: it is not running
	again   time.Time // when an ejected origin is tried
	pauses  int       // that follow one another
	back    time.Time // when it came back; zero: it was never away
	why     string    // the last failure
}

// rules are the numbers of the policy.
type rules struct {
	maxFails, rise, fall int
	slowStart            time.Duration
	checked              bool // checks are configured
}

const (
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	// A machine that is being restarted is worth more frequent trials: they cost
	// a connection, and requests wait meanwhile.
	longestRestart = 2 * time.Second
	// calm is how long an origin must serve until its pauses begin anew.
	calm = time.Minute
)

// usable reports that requests may go there.
func (s *standing) usable() bool { return !s.down && !s.ejected }

// failed notes a request that failed. alone says that no other origin is
// usable: then one that at least takes connections is kept, for one page that
// fails must not take all others with it.
func (s *standing) failed(f failure, why string, alone bool, now time.Time) {
	s.why = why
	s.fails++
	if s.ejected || f != unreachable && (alone || s.fails < s.maxFails) {
		return
	}
	s.ejected, s.fatal, s.fails = true, f == unreachable, 0
	if now.Sub(s.back) > calm {
		s.pauses = 0
	}
	s.pause(now)
}

// pause puts off the next trial.
func (s *standing) pause(now time.Time) {
	longest := longestPause
	if s.fatal {
		longest = longestRestart
	}
	s.again = now.Add(min(firstPause<<min(s.pauses, 10), longest))
	s.pauses++
}

// answered notes a request that was answered.
func (s *standing) answered() { s.fails = 0 }

// tried notes what a check, or the trial of an ejected origin, has found.
func (s *standing) tried(err error, now time.Time) {
	was := s.usable()
	if err != nil {
		s.why = err.Error()
	}
	if s.checked {
		s.count(err == nil)
	}
	switch {
	case !s.ejected:
	case err == nil:
		s.ejected = false
	case !now.Before(s.again):
		s.pause(now)
	}
	if !was && s.usable() {
		s.back = now
	}
}

// count is the rule of rise and fall.
func (s *standing) count(good bool) {
	if good == !s.down {
		s.streak = 0
		return
	}
	s.streak++
	if s.down && s.streak >= s.rise || !s.down && s.streak >= s.fall {
		s.down, s.streak = !s.down, 0
	}
}

// share is the part of its requests that an origin shall get: less than 1 for
// a while after it came back, with empty caches and cold code.
func (s *standing) share(now time.Time) float64 {
	served := now.Sub(s.back)
	if s.back.IsZero() || served >= s.slowStart {
		return 1
	}
	return max(0.1, float64(served)/float64(s.slowStart))
}
