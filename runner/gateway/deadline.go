package gateway

import (
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// SetReadDeadline is for http.ResponseController.
func (w *response) SetReadDeadline(t time.Time) error {
	c, err := w.timed()
	if err != nil {
		return err
	}
	return c.SetReadDeadline(t)
}

// SetWriteDeadline is for http.ResponseController.
func (w *response) SetWriteDeadline(t time.Time) error {
	c, err := w.timed()
	if err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// timed is the connection for a deadline.
func (w *response) timed() (*wire.Conn, error) {
	if w.over.Load() {
		return nil, errEnded
	}
	w.deadlines.Store(true)
	return w.x.conn.stream()
}

// resetDeadlines makes the connection fit for the next exchange.
func (w *response) resetDeadlines() error {
	c := w.x.conn.wire
	if c == nil { // it went by message after all
		return nil
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return c.SetWriteDeadline(time.Time{})
}
