package webtest

import (
	"sync"
	"time"
)

// Clock is the clock of an app under test. It runs as the real one does, so
// that one thing is later than another, but a test can set it forward.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now returns the time of the app. It is the app's config.Config.Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Advance sets the clock forward: site.Clock.Advance(time.Hour).
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
