package runner

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// verb is something the master can do.
type verb string

const (
	doStart   verb = "start"   // a worker for Slot of Generation; Slot 0: a front
	doStop    verb = "stop"    // Worker or Front shall end within Grace
	doKill    verb = "kill"    // Worker or Front, at once
	doDrain   verb = "drain"   // Worker gets no new requests
	doRetire  verb = "retire"  // Worker shall be replaced
	doAsk     verb = "ask"     // Worker for the probe, there being no front
	doTrust   verb = "trust"   // Worker, which has passed its probe
	doSuspect verb = "suspect" // Worker, which does not beat
	doDump    verb = "dump"    // the goroutines of Worker
	doQuit    verb = "quit"    // send Worker QUIT, because it did not dump
	doPublish verb = "publish" // the new table
	doCut     verb = "cut"     // Front off, which hangs
	doResend  verb = "resend"  // the table, to Front, which has not got it
	doSoak    verb = "soak"    // all workers of the coming generation serve
	doCommit  verb = "commit"  // the rollout is complete
	doFail    verb = "fail"    // the rollout: its generation is no good
	doNote    verb = "note"    // that the rollout has failed
	doGiveUp  verb = "give up" // the rollout has failed and left nothing behind
	doEnd     verb = "end"     // the delay of a drain is over: stop the tree
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
	Linger     time.Duration
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
		s.decideProbes(&p)
		s.decideFronts(&p)
		s.decideWorkers(&p)
		s.decideRetirement(&p)
		s.decideSuspicions(&p)
		if s.draining && p.due(s.drainEnd) {
			p.add(action{Do: doEnd})
		}
	} else {
		s.decideStop(&p)
	}
	s.decideDraining(&p)
	s.decideHungFronts(&p)
	stale := len(s.peers) > 0 && !s.publishedAt.IsZero() && p.due(s.publishedAt.Add(republishAfter))
	if stale || !s.table.equal(s.wantTable()) {
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
	for _, c := range append(s.sortedWorkers(), s.sortedFronts()...) {
		if c.Until.IsZero() {
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

// decideFronts keeps one front of our own. An upgrade brings a second one,
// which accepts beside the first until the generation is committed.
func (s *state) decideFronts(p *plan) {
	if !s.wantFront {
		return
	}
	r := s.rollout
	rolling := r != nil && r.Starting && r.Failed == ""
	generation := s.generation
	if r != nil && r.First {
		generation = r.Generation
		if !rolling {
			return
		}
	}
	if s.front() == nil && p.due(s.frontSlot.notAt) {
		p.add(action{Do: doStart, Generation: generation})
	}
	if rolling && r.Upgrade && !r.First && r.canary && !r.frontStarted {
		p.add(action{Do: doStart, Generation: r.Generation})
	}
	for _, f := range s.sortedFronts() {
		switch {
		case f.Retire == "":
		case f.Phase == ready:
			p.add(action{Do: doStop, Front: f.ID, Grace: s.limits.Graceful, Linger: s.limits.Linger})
		default:
			end(p, f)
		}
	}
}

// decideWorkers replaces the workers of the serving generation that died, and
// ends those that nobody needs.
func (s *state) decideWorkers(p *plan) {
	r := s.rollout
	if r != nil && r.First {
		return // its workers have one try
	}
	for n := 1; n <= s.target; n++ {
		if !s.filled(n) && p.due(s.notAt(n)) {
			p.add(action{Do: doStart, Slot: n, Generation: s.generation})
		}
	}
	if r != nil {
		return
	}
	for _, w := range s.sortedWorkers() {
		foreign := w.Generation != s.generation && s.occupant(w.Slot, s.generation, (*process).serves) != nil
		if foreign || w.Slot > s.target {
			release(p, w)
		}
	}
}

// filled reports whether a slot has the worker that it needs: one of the
// serving generation, or one of the coming generation that serves already. A
// slot that the coming generation does not have needs none any more.
func (s *state) filled(n int) bool {
	if s.occupant(n, s.generation, (*process).alive) != nil {
		return true
	}
	r := s.rollout
	if r == nil || !r.Starting || r.Failed != "" {
		return false
	}
	return n > r.Target || s.occupant(n, r.Generation, (*process).serves) != nil
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

// decideStop ends the tree: in order, the fronts first, because they need the
// workers for what they still have; or everything at once.
func (s *state) decideStop(p *plan) {
	for _, f := range s.sortedFronts() {
		if s.stop == graceful && (f.Phase == ready || f.lingers) {
			p.add(action{Do: doStop, Front: f.ID, Grace: s.limits.Graceful})
		} else if f.Phase != stopping {
			end(p, f)
		}
	}
	for _, w := range s.sortedWorkers() {
		switch {
		case s.stop == quick || w.Phase == starting || w.Phase == probing:
			end(p, w)
		case len(s.fronts) == 0 && w.serves():
			p.add(action{Do: doDrain, Worker: w.ID})
		}
	}
}

// end stops a process without grace; one that only starts knows no STOP yet.
func end(p *plan, c *process) {
	switch c.Phase {
	case starting:
		p.add(kill(c, ""))
	case probing, ready, suspect, draining:
		p.add(aimed(action{Do: doStop}, c))
	}
}

func kill(c *process, why string) action { return aimed(action{Do: doKill, Why: why}, c) }

// aimed is an action about a process.
func aimed(a action, c *process) action {
	if c.isFront() {
		a.Front = c.ID
	} else {
		a.Worker = c.ID
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
