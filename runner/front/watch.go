package front

import (
	"sync"
	"time"
)

// watch ends an attempt when the worker does not begin its response in time.
// The time runs from the start, whether or not the worker reads the request,
// and anew from each part of a body that it has taken; while the next part is
// awaited from the client it stands still. A watch is used for one attempt
// after the other, so that most of them touch no timer.
type watch struct {
	cancel func()

	mu    sync.Mutex
	limit time.Duration
	due   time.Time // zero: the time stands still, or there is no limit
	over  bool      // the response has begun, or is no longer awaited
	fired bool

	timer *time.Timer
	alarm time.Time // when the timer goes off, early perhaps; zero when it is not set
}

// newWatch returns a watch that calls cancel when the time is over.
func newWatch(cancel func()) *watch { return &watch{cancel: cancel, over: true} }

// start begins an attempt, which may take limit; 0 is any time.
func (w *watch) start(limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit, w.over, w.fired = limit, false, false
	w.run()
}

// run lets the time begin; the lock is held.
func (w *watch) run() {
	if w.limit <= 0 || w.over {
		return
	}
	now := time.Now()
	w.due = now.Add(w.limit)
	if w.alarm.IsZero() || w.due.Before(w.alarm) {
		w.set(w.due, w.limit)
	}
}

func (w *watch) set(at time.Time, in time.Duration) {
	w.alarm = at
	if w.timer == nil {
		w.timer = time.AfterFunc(in, w.expire)
	} else {
		w.timer.Reset(in)
	}
}

// expire is called by the timer.
func (w *watch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarm = time.Time{}
	if w.over || w.due.IsZero() {
		return
	}
	if left := time.Until(w.due); left > 0 {
		w.set(w.due, left)
		return
	}
	w.over, w.fired = true, true
	go w.cancel()
}

// pause stops the time.
func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = time.Time{}
}

// resume starts the time anew.
func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run()
}

// stop ends an attempt and reports whether the time had run out.
func (w *watch) stop() (late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over, w.due = true, time.Time{}
	return w.fired
}

// close ends the use of the watch.
func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
