package cache

import (
	"errors"
	"time"
)

// Flight is a request to the app for whose answer others wait.
type Flight struct {
	done chan struct{}
}

// The errors of Wait.
var (
	ErrLate = errors.New("cache: another request for the same page takes too long")
	ErrGone = errors.New("cache: the client that waits is gone")
)

// Deadline is until when a request that begins to wait now may do so.
func (c *Cache) Deadline() time.Time { return time.Now().Add(c.options.Patience) }

// Wait waits until it is worth to Begin again: then its error is nil. Otherwise
// it is ErrLate, or ErrGone when gone is closed, which is the end of nobody
// else's request.
func (c *Cache) Wait(gone <-chan struct{}, f *Flight, deadline time.Time) error {
	c.figures.collapsed.Add(1)
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-f.done:
		return nil
	case <-gone:
		return ErrGone
	case <-timer.C:
		return ErrLate
	}
}
