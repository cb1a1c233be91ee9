package devserver

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fakeWatcher pokes and dies when the test says so.
type fakeWatcher struct {
	events chan struct{}
	death  chan error
}

func (w fakeWatcher) watch(ctx context.Context, poke func()) error {
	for {
		select {
		case <-w.events:
			poke()
		case err := <-w.death:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// The poller is fast until the other watcher works, slow beside it, and fast
// again when that dies.
func TestWatchFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pokes atomic.Int64
		within := func(d time.Duration) int64 {
			before := pokes.Load()
			time.Sleep(d)
			synctest.Wait()
			return pokes.Load() - before
		}
		other := fakeWatcher{make(chan struct{}), make(chan error)}
		said := newSyncBuffer()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			watchFiles(ctx, other, func() { pokes.Add(1) }, newConsole(said))
			close(done)
		}()
		if n := within(10 * time.Second); n != 50 {
			t.Errorf("alone: %d looks in ten seconds", n)
		}
		other.events <- struct{}{}
		if n := within(10 * time.Second); n != 1+5 {
			t.Errorf("beside a watcher that poked once: %d looks", n)
		}
		other.death <- errors.New("worn out")
		if n := within(10 * time.Second); n != 50 {
			t.Errorf("alone again: %d looks", n)
		}
		if strings.Count(said.String(), "worn out") != 1 {
			t.Errorf("said %q", said)
		}
		cancel()
		<-done
	})
}
