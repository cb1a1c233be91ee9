package devserver

import (
	"context"
	"errors"
	"time"
)

const (
	// pollInterval is how often the poller looks when it is alone.
	pollInterval = 200 * time.Millisecond
	// safetyInterval is how often it looks beside a watcher that works:
	// systems drop events, above all for a file in a directory that is new.
	safetyInterval = 2 * time.Second
)

// watcher tells that files may have changed. What changed, if anything, the
// loop finds out by itself.
type watcher interface {
	// watch calls poke, which does not block, once when it is ready and then
	// for each change, until ctx ends or until it cannot go on: then it says
	// why.
	watch(ctx context.Context, poke func()) error
}

// errUnused says that a watcher is not wanted, which is nothing to report.
var errUnused = errors.New("not used")

// watchFiles pokes until ctx ends and every watcher has ended: by a poller,
// which slows down when the better watcher works, and is fast again if it dies.
func watchFiles(ctx context.Context, better watcher, poke func(), log *console) {
	working, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- better.watch(ctx, func() {
			select {
			case working <- struct{}{}:
			default:
			}
			poke()
		})
	}()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for alive := true; alive || ctx.Err() == nil; {
		done := ctx.Done()
		if alive {
			done = nil // it ends with ctx, and is waited for
		}
		select {
		case <-done:
		case <-ticker.C:
			poke()
		case <-working:
			ticker.Reset(safetyInterval)
		case err := <-ended:
			alive = false
			ticker.Reset(pollInterval)
			if ctx.Err() == nil && !errors.Is(err, errUnused) {
				log.say(toneBusy, "watch", "by polling, not by air: "+err.Error())
			}
		}
	}
}
