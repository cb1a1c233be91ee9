package runner

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// verb is something the master can do.
type verb string

const (
	doStart   verb = "start"   // a worker for Slot of Generation; Slot 0: the front
	doStop    verb = "stop"    // Worker (0: the front) shall end within Grace
	doKill    verb = "kill"    // Worker (0: the front), at once
	doDrain   verb = "drain"   // Worker gets no new requests
	doPublish verb = "publish" // the new table
	doResend  verb = "resend"  // the table, to Front, which has not got it
	doSwap    verb = "swap"    // to the coming generation
	doCommit  verb = "commit"  // the rollout is complete
	doGiveUp  verb = "give up" // the rollout has failed and left nothing behind
)

// action is one thing to do. Carrying it out changes the state, so that it is
// not asked for again.
type action struct {
	Do         verb
	Worker     int
	Front      int
	Slot       int
	Generation int
	Grace      time.Duration
	Why        string
}

// plan is what to do now, and when to look again though nothing happened.
type plan struct {
	now     time.Time
	actions []action
	wake    time.Time // zero: not before the next event
}

func (p *plan) add(a action) { p.actions = append(p.actions, a) }

// due reports whether a time has come, and otherwise plans to look then.
func (p *plan) due(at time.Time) bool {
	if !p.now.Before(at) {
		return true
	}
	if p.wake.IsZero() || at.Before(p.wake) {
		p.wake = at
	}
	return false
}

// decide is the policy of the supervisor: it looks at the state and says what
// to do. It changes nothing.
func (s *state) decide(now time.Time) plan {
	p := plan{now: now}
	s.decideOverdue(&p)
	if s.stop == serving {
		s.decideRollout(&p)
		s.decideFront(&p)
		s.decideWorkers(&p)
	} else {
		s.decideStop(&p)
	}
	s.decideDraining(&p)
	if !slices.Equal(s.table, s.wantTable()) {
		p.add(action{Do: doPublish})
	}
	for _, n := range slices.Sorted(maps.Keys(s.peers)) {
		if peer := s.peers[n]; !peer.owed.IsZero() && p.due(peer.retryAt) {
			p.add(action{Do: doResend, Front: n})
		}
	}
	return p
}

// decideOverdue kills what has not become ready, or has not ended, in time.
func (s *state) decideOverdue(p *plan) {
	all := s.sortedWorkers()
	if s.front != nil {
		all = append(all, s.front)
	}
	for _, c := range all {
		if c.Killed || c.Until.IsZero() {
			continue
		}
		switch c.Phase {
		case starting:
			if p.due(c.Until) {
				p.add(kill(c, fmt.Sprintf("it did not become ready within %s (workers.boot_timeout)", s.limits.Boot)))
			}
		case stopping:
			until := c.Until
			if s.stop == quick {
				until = earlier(until, s.quickAt.Add(time.Second))
			}
			if p.due(until) {
				p.add(kill(c, c.Reason))
			}
		}
	}
}

// decideRollout brings the coming generation up: all its workers at once,
// nothing but waiting until they are ready, then the swap; it is complete
// when nothing of the older generations is left.
func (s *state) decideRollout(p *plan) {
	r := s.rollout
	if r == nil {
		return
	}
	if r.Failed != "" {
		s.abandon(p, r)
		return
	}
	if !r.Starting {
		return
	}
	if r.Swapped {
		if s.onlyGeneration(r.Generation) && (!r.First || s.frontWorks()) {
			p.add(action{Do: doCommit, Generation: r.Generation})
		}
		return
	}
	count := 0
	for _, w := range s.workers {
		if w.Generation == r.Generation && w.Phase == ready {
			count++
		}
	}
	if count == r.Target && p.due(r.retryAt) {
		p.add(action{Do: doSwap, Generation: r.Generation})
		return
	}
	for n := 1; n <= r.Target; n++ {
		if !r.started[n] {
			p.add(action{Do: doStart, Slot: n, Generation: r.Generation})
		}
	}
}

// abandon removes what a failed rollout has started.
func (s *state) abandon(p *plan, r *rollout) {
	left := false
	for _, w := range s.sortedWorkers() {
		if w.Generation == r.Generation {
			left = true
			end(p, w)
		}
	}
	if !left {
		p.add(action{Do: doGiveUp, Generation: r.Generation, Why: r.Failed})
	}
}

func (s *state) onlyGeneration(n int) bool {
	for _, w := range s.workers {
		if w.Generation != n {
			return false
		}
	}
	return true
}

// frontWorks reports that our front serves by the newest table.
func (s *state) frontWorks() bool {
	if !s.wantFront {
		return true
	}
	if s.front == nil || s.front.Phase != ready {
		return false
	}
	peer := s.peers[s.front.ID]
	return peer != nil && s.revision > 0 && peer.acked == s.revision
}

func (s *state) decideFront(p *plan) {
	wanted := s.wantFront
	if r := s.rollout; r != nil && r.First {
		wanted = wanted && r.Starting && r.Failed == ""
	}
	if wanted && s.front == nil && p.due(s.frontSlot.notAt) {
		p.add(action{Do: doStart})
	}
}

// decideWorkers replaces the workers of the serving generation that died, and
// ends those of older ones that never came to serve.
func (s *state) decideWorkers(p *plan) {
	for _, w := range s.sortedWorkers() {
		if w.Generation < s.generation && w.Phase == starting {
			end(p, w)
		}
	}
	filled := s.filled()
	if s.rollout.mayFail() && s.rollout.First {
		return // its workers have one try
	}
	for n := 1; n <= s.target; n++ {
		if !filled[n] && p.due(s.notAt(n)) {
			p.add(action{Do: doStart, Slot: n, Generation: s.generation})
		}
	}
}

// decideDraining ends each draining worker once no front needs it.
func (s *state) decideDraining(p *plan) {
	if s.stop == quick {
		return // already told
	}
	for _, w := range s.sortedWorkers() {
		if w.Phase == draining && w.removed > 0 && !s.needed(p, w) {
			p.add(action{Do: doStop, Worker: w.ID, Grace: max(0, w.Until.Sub(p.now))})
		}
	}
}

// needed is the rule that makes loss impossible: a worker may end only after
// every front that has a link to it has acknowledged a table without it and
// has said that it is idle there. A front that does not even acknowledge may
// use its table for a lease only; requests may take the drain's time only.
func (s *state) needed(p *plan, w *process) bool {
	for _, peer := range s.peers {
		if !peer.links[w.ID] || peer.idle[w.ID] {
			continue
		}
		if !peer.owed.IsZero() && peer.acked < w.removed {
			return true // our fault, not the front's: it still uses the worker
		}
		until := w.Until
		if peer.acked < w.removed {
			until = earlier(until, w.removedAt.Add(control.Lease))
		}
		if !p.due(until) {
			return true
		}
	}
	return false
}

// decideStop ends the tree: in order, the front first, because it needs the
// workers for what it still has; or everything at once.
func (s *state) decideStop(p *plan) {
	if s.front != nil {
		if s.stop == graceful && s.front.Phase == ready {
			p.add(action{Do: doStop, Grace: s.limits.Graceful})
		} else {
			end(p, s.front)
		}
	}
	for _, w := range s.sortedWorkers() {
		switch {
		case s.stop == quick || w.Phase == starting:
			end(p, w)
		case s.front == nil && w.Phase == ready:
			p.add(action{Do: doDrain, Worker: w.ID})
		}
	}
}

// end stops a process without grace; one that only starts knows no STOP yet.
func end(p *plan, c *process) {
	switch c.Phase {
	case starting:
		p.add(kill(c, ""))
	case ready, draining:
		p.add(action{Do: doStop, Worker: c.number()})
	}
}

func kill(c *process, why string) action {
	return action{Do: doKill, Worker: c.number(), Why: why}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
