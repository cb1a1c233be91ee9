package db

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// gate lets one transaction of this process at a time write, in the order of
// arrival, and knows who is inside. It stands before the pool of one
// connection, where waiting would be blind.
type gate struct {
	slot   chan struct{} // holds one token while somebody is inside
	mu     sync.Mutex
	holder *stack // where the one inside came from, nil if unknown
}

// try enters if nobody is inside.
func (g *gate) try() bool {
	select {
	case g.slot <- struct{}{}:
		return true
	default:
		return false
	}
}

// wait enters, or gives up when ctx ends.
func (g *gate) wait(ctx context.Context) error {
	select {
	case g.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave makes room for the next.
func (g *gate) leave() {
	g.setHolder(nil)
	<-g.slot
}

func (g *gate) setHolder(s *stack) {
	g.mu.Lock()
	g.holder = s
	g.mu.Unlock()
}

// inside returns a copy of the holder's stack.
func (g *gate) inside() (stack, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holder == nil {
		return stack{}, false
	}
	return *g.holder, true
}

// enter waits for the gate on behalf of the call captured in here. It fails at
// once when that call happens inside the transaction that it would wait for,
// and after patience with a [BusyError]; prolong may grant another patience.
func (g *gate) enter(ctx context.Context, here *stack, patience time.Duration, prolong func() bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !g.try() {
		if err := g.queue(ctx, here, patience, prolong); err != nil {
			return err
		}
	}
	g.setHolder(here)
	return nil
}

func (g *gate) queue(ctx context.Context, here *stack, patience time.Duration, prolong func() bool) error {
	if holder, known := g.inside(); known && holder.within() {
		return &HeldError{Caller: here.String(), Holder: holder.String(), text: heldByWrite}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for start := time.Now(); ; timer.Reset(patience) {
		select {
		case g.slot <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			if !prolong() {
				return g.busy(here, time.Since(start))
			}
		}
	}
}

func (g *gate) busy(here *stack, waited time.Duration) error {
	who := "another transaction of this process"
	if holder, known := g.inside(); known {
		who = "the transaction begun at " + holder.String()
	}
	return fmt.Errorf("%s: %w", here, &BusyError{Waited: waited, Holder: who})
}

// reads knows the open snapshots of [DB.Read]. Each holds a read connection, so
// when they hold them all, a query from inside of one that asks for a further
// connection would wait for itself.
type reads struct {
	count atomic.Int64
	mu    sync.Mutex
	open  map[*scope]struct{}
}

func (r *reads) add(s *scope) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[*scope]struct{}{}
	}
	r.open[s] = struct{}{}
	r.count.Store(int64(len(r.open)))
}

func (r *reads) remove(s *scope) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, s)
	r.count.Store(int64(len(r.open)))
}

// check fails if all connections are held by snapshots and the running
// function was called inside one of them.
func (r *reads) check(connections int) error {
	if r.count.Load() < int64(connections) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.open {
		if s.begun.within() {
			return &HeldError{Caller: caller(), Holder: s.begun.String(), text: heldByRead}
		}
	}
	return nil
}
