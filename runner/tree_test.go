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
	fail string                                       // what fronts say of probed workers
	mute bool                                         // fronts answer no probe
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
	p := w.s.fronts[a.Front]
	if a.Worker > 0 {
		p = w.s.workers[a.Worker]
	}
	switch a.Do {
	case doStart:
		w.start(a, now)
	case doStop:
		w.must(p.move(stopping, now, now.Add(a.Grace+a.Linger+killAfter)))
		w.die(*p, "stopped", 10*time.Millisecond)
	case doKill:
		p.Reason = a.Why
		w.must(p.move(killing, now, time.Time{}))
		w.die(*p, a.Why, time.Millisecond)
	case doDrain:
		w.must(p.move(draining, now, now.Add(testLimits.Graceful)))
	case doRetire:
		w.s.retire(a.Worker, a.Why)
	case doAsk:
		p.asked = true
		w.events <- func() { w.s.probed(0, p.ID, p.probe, w.fail) }
	case doTrust:
		w.must(w.s.trust(p, now))
	case doSuspect:
		w.s.askForProbe(p, now)
		w.must(p.move(suspect, now, time.Time{}))
	case doDump:
		p.dumpAt = now
	case doQuit:
		p.quitted = true
	case doPublish:
		w.s.published(w.s.wantTable(), now)
		for n := range w.s.peers {
			w.tell(n)
		}
	case doCut:
		w.s.peers[a.Front].cut = true
		if p != nil {
			p.Reason = a.Why
			w.must(p.move(killing, now, time.Time{}))
			w.die(*p, a.Why, time.Millisecond)
			return
		}
		w.events <- func() { w.s.peerGone(a.Front) }
	case doResend:
		w.tell(a.Front)
	case doSoak:
		w.s.rollout.soaking = now
	case doFail:
		w.s.failRollout(a.Why)
	case doNote:
		w.s.noteFailure(now)
	case doCommit:
		w.verdict = "committed"
		w.s.commit()
	case doGiveUp:
		if w.s.rollout.First {
			w.s.beginStop(quick, now)
		}
		w.verdict, w.s.rollout = "gave up: "+a.Why, nil
	case doEnd:
		w.s.beginStop(graceful, now)
	}
}

func (w *tree) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *tree) start(a action, now time.Time) {
	p := process{Slot: a.Slot, Generation: a.Generation, PID: 1000, Jitter: 1}
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
	if w.s.fronts[p.ID] == nil {
		return
	}
	w.must(w.s.frontReady(p.ID, time.Now()))
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
	w.s.tableSent(n, time.Now())
	for _, row := range table.Workers {
		w.s.peers[n].links[row.ID] = true
	}
	if !w.ack {
		return
	}
	w.events <- func() {
		w.s.peerAcked(n, table.Revision, time.Now())
		for _, row := range table.Workers {
			if w.idle && row.State == control.WorkerDraining {
				w.s.peerIdle(n, row.ID)
			}
			if row.Probe > 0 && !w.mute {
				w.s.probed(n, row.ID, row.Probe, w.fail)
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
			} else if f := w.s.fronts[p.ID]; f != nil {
				w.s.peerGone(p.ID)
				w.s.frontEnded(*f, reason, now, 0.5)
			}
		}
	})
}

// deploy brings up a generation and waits for the verdict.
func (w *tree) deploy(generation, workers int) {
	w.t.Helper()
	w.begin(generation, workers, false)
	w.run(func() bool { return w.verdict != "" })
}

// begin brings up a generation.
func (w *tree) begin(generation, workers int, upgrade bool) {
	w.verdict = ""
	w.s.beginRollout(generation, upgrade)
	w.s.startRollout(workers, time.Now())
}

func (w *tree) serving() (ids []int) {
	for _, row := range w.s.table.rows {
		if row.State == control.WorkerReady {
			ids = append(ids, row.ID)
		}
	}
	return ids
}
