package runner

import (
	"fmt"
	"time"
)

// probeLimit is how long fronts may take to answer a probe.
const probeLimit = 10 * time.Second

// settled is how long a verdict waits for the workers that go to end, beyond the
// soak or since the failure, so that in the usual case none is left when it is
// told. Those that still carry streams do not hold it up.
const settled = 2 * time.Second

// decideRollout brings the coming generation up, or the older one back.
func (s *state) decideRollout(p *plan) {
	r := s.rollout
	switch {
	case r == nil:
	case r.Failed != "" && r.First:
		s.abandon(p, r)
	case r.Failed != "":
		s.rollBack(p, r)
	case !r.Starting:
	case r.First:
		s.startAll(p, r)
	default:
		s.roll(p, r)
	}
}

// startAll is the first start: everything at once, complete when all workers
// and the front serve.
func (s *state) startAll(p *plan, r *rollout) {
	complete := true
	for n := 1; n <= r.Target; n++ {
		if !r.started[n] {
			p.add(action{Do: doStart, Slot: n, Generation: r.Generation})
		}
		complete = complete && s.occupant(n, r.Generation, (*process).serves) != nil
	}
	if complete && s.frontWorks(r.Generation) {
		p.add(action{Do: doCommit, Generation: r.Generation})
	}
}

// abandon removes what a failed first start has left.
func (s *state) abandon(p *plan, r *rollout) {
	for _, w := range s.sortedWorkers() {
		end(p, w)
	}
	if len(s.workers) == 0 {
		p.add(action{Do: doGiveUp, Generation: r.Generation, Why: r.Failed})
	}
}

// roll replaces the workers one by one: the next one starts when the last one
// serves.
func (s *state) roll(p *plan, r *rollout) {
	if why := regression(s.tallyOf(s.generation), s.tallyOf(r.Generation)); why != "" {
		p.add(action{Do: doFail, Why: why})
		return
	}
	for n := 1; n <= r.Target; n++ {
		if s.occupant(n, r.Generation, (*process).serves) != nil {
			s.displace(p, n, r.Generation)
			continue
		}
		if s.occupant(n, r.Generation, (*process).alive) == nil && !r.started[n] {
			p.add(action{Do: doStart, Slot: n, Generation: r.Generation})
		}
		return
	}
	for n := r.Target + 1; n <= s.target; n++ {
		s.displace(p, n, r.Generation)
	}
	if r.Upgrade && !s.frontWorks(r.Generation) {
		return
	}
	switch {
	case r.soaking.IsZero():
		p.add(action{Do: doSoak, Generation: r.Generation})
	case !p.due(r.soaking.Add(s.limits.Soak)):
	case s.onlyGeneration(r.Generation) || p.due(r.soaking.Add(s.limits.Soak+settled)):
		p.add(action{Do: doCommit, Generation: r.Generation})
	}
}

// displace lets the workers of other generations in a slot go.
func (s *state) displace(p *plan, n, generation int) {
	for _, w := range s.sortedWorkers() {
		if w.Slot == n && w.Generation != generation {
			release(p, w)
		}
	}
}

// release lets a worker go in the way that its phase allows.
func release(p *plan, w *process) {
	if w.serves() {
		p.add(action{Do: doDrain, Worker: w.ID})
	} else if w.alive() {
		end(p, w)
	}
}

// rollBack brings the older workers back: decideWorkers starts them, and each
// one that serves displaces the coming generation's worker of its place, which
// serves until then. When the older ones do not come up in time, that is no
// news for whoever waits: decideWorkers goes on.
func (s *state) rollBack(p *plan, r *rollout) {
	if r.failedAt.IsZero() {
		p.add(action{Do: doNote})
		return
	}
	complete, left, alive := true, false, false
	for n := 1; n <= s.target; n++ {
		complete = complete && s.occupant(n, s.generation, (*process).serves) != nil
	}
	for _, w := range s.sortedWorkers() {
		if w.Generation != r.Generation {
			continue
		}
		left, alive = true, alive || w.alive()
		mayGo := complete || s.occupant(w.Slot, s.generation, (*process).serves) != nil
		if mayGo || !w.serves() {
			release(p, w)
		}
	}
	restored := complete && (!left || !alive && p.due(r.failedAt.Add(settled)))
	if restored || p.due(r.failedAt.Add(s.limits.Boot+s.limits.Graceful)) {
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

// frontWorks reports that a front of our own, of this generation or, when it
// is not being upgraded, any, serves by the newest table.
func (s *state) frontWorks(generation int) bool {
	if !s.wantFront {
		return true
	}
	for _, f := range s.fronts {
		upgrade := s.rollout != nil && s.rollout.Upgrade && !s.rollout.First
		if f.Phase != ready || upgrade && f.Generation != generation {
			continue
		}
		if peer := s.peers[f.ID]; peer != nil && s.revision > 0 && peer.acked == s.revision {
			return true
		}
	}
	return false
}

// askForProbe has the fronts ask a worker for a page: the next table says so.
func (s *state) askForProbe(w *process, now time.Time) {
	w.probe++
	w.probeAt, w.passed, w.failed, w.asked = now, false, "", false
}

// probed records the answer of a front, or of the worker itself (front 0).
func (s *state) probed(front, worker, probe int, failure string) {
	w := s.workers[worker]
	if w == nil || w.probe != probe {
		return
	}
	if peer := s.peers[front]; peer != nil {
		peer.probed[worker] = probe
	}
	if failure == "" {
		w.passed = true
	} else {
		w.failed = failure
	}
}

// awaited reports whether somebody has still to answer the probe of a worker.
func (s *state) awaited(p *plan, w *process) bool {
	for _, peer := range s.peers {
		if !peer.owed.IsZero() {
			return true // it has not even been asked
		}
	}
	if p.due(w.probeAt.Add(probeLimit)) {
		return false
	}
	if w.asked && !w.passed && w.failed == "" {
		return true
	}
	for _, peer := range s.peers {
		if peer.probed[w.ID] < w.probe {
			return true
		}
	}
	return false
}

// decideProbes lets the workers serve that have passed.
func (s *state) decideProbes(p *plan) {
	for _, w := range s.sortedWorkers() {
		if w.Phase != probing {
			continue
		}
		switch {
		case len(s.peers) == 0 && !w.asked:
			p.add(action{Do: doAsk, Worker: w.ID})
		case w.failed != "":
			p.add(action{Do: doFail, Why: fmt.Sprintf("%s does not answer as it should: %s", w, w.failed)})
			return
		case s.awaited(p, w):
		case w.passed:
			p.add(action{Do: doTrust, Worker: w.ID})
		default:
			p.add(action{Do: doFail, Why: fmt.Sprintf("no front could probe %s within %s", w, probeLimit)})
			return
		}
	}
}

// trust lets a worker serve that was probed or suspected.
func (s *state) trust(w *process, now time.Time) error {
	w.BeatAt, w.dumpAt, w.quitted = now, time.Time{}, false
	if r := s.rollout; r != nil && w.Generation == r.Generation {
		r.canary = true
	}
	return w.move(ready, now, time.Time{})
}
