package roster

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Roster is a set of connections. The zero value is empty and open.
type Roster[C comparable] struct {
	cause atomic.Pointer[error] // of Interrupt

	mu    sync.Mutex
	conns map[C]struct{}
	none  chan struct{} // closed when there are none, nil while nobody asked
	shut  bool
	work  sync.WaitGroup
}

// Add notes a connection, unless the roster is closed.
func (r *Roster[C]) Add(c C) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut {
		return false
	}
	if r.conns == nil {
		r.conns = make(map[C]struct{})
	}
	r.conns[c] = struct{}{}
	return true
}

// Remove forgets a connection that was closed.
func (r *Roster[C]) Remove(c C) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	r.tellNone()
}

// Go runs f in a goroutine that Close waits for, unless the roster is closed.
func (r *Roster[C]) Go(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.shut {
		r.work.Go(f)
	}
	return !r.shut
}

// All returns the connections.
func (r *Roster[C]) All() []C { return r.some(math.MaxInt) }

// some returns up to n connections, others each time.
func (r *Roster[C]) some(n int) []C {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]C, 0, min(n, len(r.conns)))
	for c := range r.conns { // in no order
		if len(list) == n {
			break
		}
		list = append(list, c)
	}
	return list
}

// Few is how many connections Longest returns at most.
const Few = 8

// sample is how many connections Longest looks at.
const sample = 128

// Longest returns a few connections that have rested for this long at least: of
// as many as can be looked at quickly, those that have rested longest. Since
// when a connection rests is what the function says; zero: it does not.
func (r *Roster[C]) Longest(least time.Duration, since func(C) time.Time) []C {
	type resting struct {
		conn  C
		since time.Time
	}
	var list []resting
	for _, c := range r.some(sample) {
		if at := since(c); !at.IsZero() && time.Since(at) >= least {
			list = append(list, resting{c, at})
		}
	}
	slices.SortFunc(list, func(a, b resting) int { return a.since.Compare(b.since) })
	var longest []C
	for _, rests := range list[:min(len(list), Few)] {
		longest = append(longest, rests.conn)
	}
	return longest
}

// Interrupt keeps the cause for which all requests end, and calls end for each
// connection. Cause returns it to those that come later.
func (r *Roster[C]) Interrupt(cause error, end func(C, error)) {
	r.cause.Store(&cause)
	for _, c := range r.All() {
		end(c, cause)
	}
}

// Cause is that of Interrupt, nil before it.
func (r *Roster[C]) Cause() error {
	if cause := r.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// Wait returns when there is no connection, or the error of ctx when it ends
// before.
func (r *Roster[C]) Wait(ctx context.Context) error {
	select {
	case <-r.empty():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// empty returns a channel that is closed when there is no connection.
func (r *Roster[C]) empty() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.none == nil {
		r.none = make(chan struct{})
	}
	none := r.none
	r.tellNone()
	return none
}

// tellNone wakes Wait when there is no connection; the lock is held.
func (r *Roster[C]) tellNone() {
	if len(r.conns) == 0 && r.none != nil {
		close(r.none)
		r.none = nil
	}
}

// Close lets nobody in any more, interrupts with a cause unless there was one,
// calls cut for each connection and waits for the goroutines. It reports false,
// at once, to all but the first who call it.
func (r *Roster[C]) Close(cause error, interrupt func(C, error), cut func(C)) bool {
	r.mu.Lock()
	first := !r.shut
	r.shut = true
	r.mu.Unlock()
	if !first {
		return false
	}
	if r.Cause() == nil {
		r.Interrupt(cause, interrupt)
	}
	for _, c := range r.All() {
		cut(c)
	}
	r.work.Wait()
	return true
}
