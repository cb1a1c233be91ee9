package front

import (
	"sync"
	"time"
)

// parting is how a front ends.
type parting struct {
	// grace is for requests in flight; after that they are cut.
	grace time.Duration
	// linger is how long idle clients stay for the goodbye in the response to
	// their next request. It comes before the grace. Without one they have
	// limits.parting, within the grace.
	linger time.Duration
	// last says that nobody will accept on our listeners after us.
	last bool
	why  error // what run returns
}

// stop begins the end, once: nobody is accepted any more, each response says
// goodbye, and drained is closed when nothing is left to do or the time is
// over. A second call ends the lingering.
func (f *front) stop(p parting) {
	if f.stopping.Swap(true) {
		if p.linger == 0 {
			f.hurry()
		}
		return
	}
	f.result = p.why
	f.engine.goodbye()
	for _, l := range f.listeners {
		l.retire(p.last && !f.shared, f.live.Load().handshake)
	}
	f.drained = make(chan struct{})
	hurried := make(chan struct{})
	f.hurry = sync.OnceFunc(func() { close(hurried) })
	listeners := f.listeners
	go func() {
		defer close(f.drained)
		over := time.Now().Add(p.grace)
		if p.linger > 0 {
			f.entrance.await(p.linger, hurried)
			over = time.Now().Add(p.grace)
		}
		f.entrance.await(min(f.live.Load().parting, p.grace), nil)
		for _, l := range listeners {
			l.Close() // whoever still waits there for a place
		}
		f.finish(time.Until(over), p.grace)
	}()
}

// finish waits for the requests in flight.
func (f *front) finish(left, grace time.Duration) {
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-f.inFlight.zero():
	case <-timer.C:
		select {
		case <-f.inFlight.zero(): // both at once: nothing is cut
			return
		default:
		}
		f.log.Warn("requests cut that did not end in time", "grace", grace)
	}
}

// lastCall is the time for requests that arrive while idle connections are
// being closed.
const lastCall = 500 * time.Millisecond

// end closes what is left. No request is running when it returns.
func (f *front) end() {
	f.stopping.Store(true)
	for _, l := range f.listeners {
		l.Close()
	}
	select {
	case <-f.inFlight.zero():
		f.engine.farewell(lastCall)
	default:
		f.cancel(errStopped) // grace is over
		f.engine.farewell(0)
	}
	f.cancel(errStopped)
	<-f.inFlight.zero()
	f.serving.Wait()
	f.table.reset()
	f.table.wiring.close()
	f.static.close()
	f.listenMetrics(nil)
	if f.master != nil {
		f.sayFigures(f.master, 0)
	}
	f.access.close()
	f.closeApps()
}
