package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gate lets as many transactions of this process write at a time as there are
// write connections, in the order of arrival, and knows who is inside. It
// stands before the pool, where waiting would be blind.
type gate struct {
	slots   chan struct{} // holds a token for each one inside
	mu      sync.Mutex
	holders []*stack // where those inside came from, as far as known
}

// newGate makes a gate that lets n in.
func newGate(n int) *gate { return &gate{slots: make(chan struct{}, n)} }

// try enters if there is room.
func (g *gate) try() bool {
	select {
	case g.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// drain waits until nobody is inside and keeps it so until [gate.reopen], or
// gives up when ctx ends.
func (g *gate) drain(ctx context.Context) error {
	for taken := range cap(g.slots) {
		select {
		case g.slots <- struct{}{}:
		case <-ctx.Done():
			for range taken {
				<-g.slots
			}
			return ctx.Err()
		}
	}
	return nil
}

// reopen ends a drain.
func (g *gate) reopen() {
	for range cap(g.slots) {
		<-g.slots
	}
}

// enter waits for room on behalf of the call captured in here. It fails at
// once when that call happens inside a transaction that is in: with one write
// connection it would wait for itself, with several it would at best not see
// what that transaction wrote. After patience it fails with a [BusyError];
// prolong may grant another patience.
func (g *gate) enter(ctx context.Context, here *stack, patience time.Duration, prolong func() bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if holder := g.around(); holder != nil {
		return &HeldError{Caller: here.String(), Holder: holder.String(), text: heldByWrite}
	}
	if !g.try() {
		if err := g.queue(ctx, here, patience, prolong); err != nil {
			return err
		}
	}
	g.mu.Lock()
	g.holders = append(g.holders, here)
	g.mu.Unlock()
	return nil
}

// leave makes room for the next; here is what entered, nil after [gate.try].
func (g *gate) leave(here *stack) {
	if here != nil {
		g.mu.Lock()
		i := slices.Index(g.holders, here)
		g.holders = slices.Delete(g.holders, i, i+1)
		g.mu.Unlock()
	}
	<-g.slots
}

// around returns the transaction inside of which the caller runs, or nil.
func (g *gate) around() *stack {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.holders) == 0 {
		return nil
	}
	mine := callers()
	for _, holder := range g.holders {
		if holder.within(mine) {
			return holder
		}
	}
	return nil
}

func (g *gate) queue(ctx context.Context, here *stack, patience time.Duration, prolong func() bool) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for start := time.Now(); ; timer.Reset(patience) {
		select {
		case g.slots <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			if !prolong() {
				return fmt.Errorf("%s: %w", here, &BusyError{Waited: time.Since(start), Holder: g.names()})
			}
		}
	}
}

// names says who is inside.
func (g *gate) names() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var sites []string
	for _, holder := range g.holders {
		if site := holder.String(); !slices.Contains(sites, site) {
			sites = append(sites, site)
		}
	}
	switch len(sites) {
	case 0:
		return "another transaction of this process"
	case 1:
		return "the transaction begun at " + sites[0]
	}
	slices.Sort(sites)
	return "the transactions begun at " + strings.Join(sites, ", ")
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
	mine := callers()
	for s := range r.open {
		if s.begun.within(mine) {
			return &HeldError{Caller: caller(), Holder: s.begun.String(), text: heldByRead}
		}
	}
	return nil
}
