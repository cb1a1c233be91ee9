package devserver

import (
	"net/http"
	"sync"
	"time"
)

// drainGrace is the time that a process which was replaced is kept for the
// requests that it has not answered; streams do not count.
const drainGrace = 10 * time.Second

// app is one running process of the app.
type app struct {
	pid       int
	transport http.RoundTripper
	done      <-chan struct{} // closed when the process has ended
	crash     func() *problem // what it left behind; valid once done is closed
	stop      func()          // TERM, then KILL; waits for the end

	mu      sync.Mutex
	using   int  // requests that have it
	retired bool // no more requests may have it
	idle    chan struct{}
}

// acquire lets a request use the app; false when it was replaced meanwhile.
func (a *app) acquire() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.retired {
		return false
	}
	a.using++
	return true
}

// release ends what a successful acquire began.
func (a *app) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.using--
	if a.using == 0 && a.retired {
		close(a.idle)
	}
}

// retire stops an app that was replaced. The requests that have chosen it are
// still answered by it, so the signal waits until nobody uses it; a request
// that takes longer than drainGrace is for the app's own way of stopping.
func (a *app) retire() {
	a.mu.Lock()
	a.retired, a.idle = true, make(chan struct{})
	if a.using == 0 {
		close(a.idle)
	}
	a.mu.Unlock()
	timer := time.NewTimer(drainGrace)
	defer timer.Stop()
	select {
	case <-a.idle:
	case <-timer.C:
	case <-a.done:
	}
	a.stop()
}
