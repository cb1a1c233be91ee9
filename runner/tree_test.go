package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// tree is a supervisor whose processes are pretended: the policy runs as in
// the master, with time of its own.
type tree struct {
	t      *testing.T
	s      *state
	events chan func()
	log    []string // what was done, in order
	starts map[int][]time.Time

	boot func(p process) (ready, death time.Duration) // 0: never
	ack  bool                                         // fronts acknowledge tables
	poor bool                                         // links cannot be made
	idle bool                                         // fronts become idle at once

	verdict string // of the last rollout
}

func newTree(t *testing.T, front bool) *tree {
	return &tree{
		t: t, s: newState(testLimits, front), events: make(chan func(), 1000),
		starts: map[int][]time.Time{}, ack: true, idle: true,
		boot: func(process) (time.Duration, time.Duration) { return time.Second, 0 },
	}
}

// run lets the tree live until done says so, or until a quiet hour has passed.
func (w *tree) run(done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Hour); ; {
		wake := w.settle()
		if done() {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("nothing came of it; done so far:\n%s", strings.Join(w.log, "\n"))
		}
		if wake.IsZero() {
			wake = end.Add(time.Second)
		}
		select {
		case event := <-w.events:
			event()
		case <-time.After(time.Until(wake)):
		}
	}
}

// pass lets the tree live for a time.
func (w *tree) pass(d time.Duration) {
	w.t.Helper()
	over := false
	time.AfterFunc(d, func() { w.events <- func() { over = true } })
	w.run(func() bool { return over })
}

func (w *tree) settle() time.Time {
	w.t.Helper()
	for range 100 {
		p := w.s.decide(time.Now())
		if len(p.actions) == 0 {
			return p.wake
		}
		for _, a := range p.actions {
			w.apply(a)
		}
	}
	w.t.Fatalf("the policy does not come to rest:\n%s", strings.Join(w.log, "\n"))
	return time.Time{}
}

func (w *tree) apply(a action) {
	w.t.Helper()
	now := time.Now()
	w.log = append(w.log, fmt.Sprintf("%s worker %d slot %d gen %d", a.Do, a.Worker, a.Slot, a.Generation))
	p := w.s.front
	if a.Worker > 0 {
		p = w.s.workers[a.Worker]
	}
	switch a.Do {
	case doStart:
		w.start(a, now)
	case doStop:
		w.must(p.move(stopping, now, now.Add(a.Grace+killAfter)))
		w.die(*p, "stopped", 10*time.Millisecond)
	case doKill:
		if p.Killed {
			return
		}
		p.Killed, p.Reason = true, a.Why
		if p.Phase != stopping {
			w.must(p.move(stopping, now, time.Time{}))
		}
		w.die(*p, a.Why, time.Millisecond)
	case doDrain:
		w.must(p.move(draining, now, now.Add(testLimits.Graceful)))
	case doPublish:
		w.s.published(w.s.wantTable(), now)
		for n := range w.s.peers {
			w.tell(n)
		}
	case doResend:
		w.tell(a.Front)
	case doSwap:
		if w.poor && len(w.s.peers) > 0 {
			w.s.swapFailed("no descriptors", now)
			return
		}
		w.must(w.s.swap(now))
	case doCommit:
		w.verdict, w.s.rollout = "committed", nil
	case doGiveUp:
		if w.s.rollout.First {
			w.s.beginStop(quick, now)
		}
		w.verdict, w.s.rollout = "gave up: "+a.Why, nil
	}
}

func (w *tree) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *tree) start(a action, now time.Time) {
	p := process{Slot: a.Slot, Generation: a.Generation, PID: 1000}
	if a.Slot == 0 {
		w.s.lastFront++
		p.ID = w.s.lastFront
		w.s.frontStarted(p, now)
	} else {
		w.s.lastWorker++
		p.ID = w.s.lastWorker
		w.s.workerStarted(p, now)
	}
	w.starts[a.Slot] = append(w.starts[a.Slot], now)
	ready, death := w.boot(p)
	if ready > 0 {
		time.AfterFunc(ready, func() { w.events <- func() { w.ready(p) } })
	}
	if death > 0 {
		w.die(p, "crashed", death)
	}
}

func (w *tree) ready(p process) {
	if p.Slot > 0 {
		w.must(w.s.workerReady(p.ID, time.Now()))
		return
	}
	if w.s.front == nil || w.s.front.ID != p.ID {
		return
	}
	w.must(w.s.frontReady(time.Now()))
	w.s.peerConnected(p.ID)
	w.tell(p.ID)
}

// tell gives a front the table; it answers as ack and idle say.
func (w *tree) tell(n int) {
	table, _ := w.s.forPeer(n)
	if w.poor && slices.ContainsFunc(table.Workers, func(r control.TableWorker) bool { return r.NewLink }) {
		w.s.tableFailed(n, "no descriptors", time.Now())
		return
	}
	w.s.tableSent(n)
	for _, row := range table.Workers {
		w.s.peers[n].links[row.ID] = true
	}
	if !w.ack {
		return
	}
	w.events <- func() {
		w.s.peerAcked(n, table.Revision)
		for _, row := range table.Workers {
			if w.idle && row.State == control.WorkerDraining {
				w.s.peerIdle(n, row.ID)
			}
		}
	}
}

func (w *tree) die(p process, reason string, after time.Duration) {
	time.AfterFunc(after, func() {
		w.events <- func() {
			now := time.Now()
			if p.Slot > 0 {
				if c := w.s.workers[p.ID]; c != nil {
					w.s.workerEnded(*c, reason, now, 0.5)
				}
			} else if w.s.front != nil && w.s.front.ID == p.ID {
				f := *w.s.front
				w.s.peerGone(p.ID)
				w.s.frontEnded(f, reason, now, 0.5)
			}
		}
	})
}

// deploy brings up a generation and waits for the verdict.
func (w *tree) deploy(generation, workers int) {
	w.t.Helper()
	w.verdict = ""
	w.s.beginRollout(generation)
	w.s.startRollout(workers)
	w.run(func() bool { return w.verdict != "" })
}

func (w *tree) serving() (ids []int) {
	for _, row := range w.s.table {
		if row.State == control.WorkerReady {
			ids = append(ids, row.ID)
		}
	}
	return ids
}
