package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// The pauses before a transaction is run again. They are uneven, so that those
// who met once do not meet again, and they stay short, because a conflict means
// that somebody else has got on.
const (
	shortestPause = time.Millisecond
	longestPause  = 32 * time.Millisecond
)

// repeat runs a transaction, again and again as long as the database asks for
// that, but not longer than database.busy_timeout.
func (d *DB) repeat(ctx context.Context, begun *stack, run func() (conflict bool, err error)) error {
	start := time.Now()
	for delay := shortestPause; ; delay = min(2*delay, longestPause) {
		conflict, err := run()
		if err == nil || !conflict {
			return err
		}
		if waited := time.Since(start); waited >= d.conf.Database.BusyTimeout {
			return fmt.Errorf("%s: %w", begun, &BusyError{Waited: waited, Holder: "others that change the same rows", Err: err})
		}
		if pause(ctx, delay/2+rand.N(delay)) != nil {
			return ctx.Err()
		}
	}
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errConflict = errors.New("a statement met another transaction")

// failed notes whether the transaction is worth another try, and explains err.
// The note is made where the error comes from the database, because what the
// app's function makes of it may hide it.
func (s *scope) failed(ctx context.Context, err error) error {
	if s.db.engine.Retry(err) {
		top := s
		for top.parent != nil {
			top = top.parent
		}
		top.conflict.Store(true)
	}
	return s.db.explain(ctx, err)
}
