package front

import (
	"sync/atomic"
	"time"
)

// crowd decides whether requests to a worker go by message. Messages share
// system calls, which saves a fifth of the work when many requests are under
// way at once; when few are, there is nothing to share, and the goroutines in
// between cost more than they save.
type crowd struct {
	until atomic.Int64 // nanoseconds since the worker's beginning
}

const (
	// crowdLasts is how long it goes on after so many were seen: their number
	// goes up and down all the time.
	crowdLasts = 100 * time.Millisecond
	// crowdNoted is how exactly that is known, so that not every request has to
	// note it.
	crowdNoted = 10 * time.Millisecond
)

// many reports whether there are, or were lately, at least so many requests:
// load are under way now.
func (c *crowd) many(load, many int64, now time.Duration) bool {
	until := time.Duration(c.until.Load())
	if load >= many {
		if until < now+crowdLasts-crowdNoted {
			c.until.Store(int64(now + crowdLasts))
		}
		return true
	}
	return now < until
}
