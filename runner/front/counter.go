package front

import "sync"

// counter counts requests in flight.
type counter struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n becomes 0; nil when nobody waits
}

func (c *counter) enter() {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

// now is how many are in flight.
func (c *counter) now() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counter) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.n == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// zero returns a channel that is closed when nothing is in flight.
func (c *counter) zero() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		now := make(chan struct{})
		close(now)
		return now
	}
	if c.none == nil {
		c.none = make(chan struct{})
	}
	return c.none
}
