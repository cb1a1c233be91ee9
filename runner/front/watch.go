package front

import (
	"sync"
	"time"
)

// watch ends an attempt when the worker does not begin its response in time.
// The time runs from the start, whether or not the worker reads the request,
// and anew from each part of a body that it has taken; while the next part is
// awaited from the client it stands still.
type watch struct {
	limit time.Duration
	timer *time.Timer // nil without a limit

	mu    sync.Mutex
	over  bool // the response has begun, or is no longer awaited
	fired bool
}

func newWatch(limit time.Duration, cancel func()) *watch {
	w := &watch{limit: limit}
	if limit > 0 {
		w.mu.Lock() // until there is a timer
		defer w.mu.Unlock()
		w.timer = time.AfterFunc(limit, func() {
			if w.fire() {
				cancel()
			}
		})
	}
	return w
}

func (w *watch) fire() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.over, w.fired = true, true
	return true
}

// pause stops the time.
func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// resume starts the time anew.
func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.over {
		w.timer.Reset(w.limit)
	}
}

// stop ends the watch and reports whether the time had run out.
func (w *watch) stop() (late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
	return w.fired
}
