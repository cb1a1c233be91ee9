package runner

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dram-go/dram/runner/control"
)

var testLimits = limits{Boot: 30 * time.Second, Graceful: 20 * time.Second}

func TestFirstStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		if w.verdict != "committed" || !slices.Equal(w.serving(), []int{1, 2}) || w.s.front().Phase != ready {
			t.Fatalf("%s, serving %v, done:\n%s", w.verdict, w.serving(), strings.Join(w.log, "\n"))
		}
	})
}

func TestFirstStartFails(t *testing.T) {
	for name, boot := range map[string]func(process) (time.Duration, time.Duration){
		"worker dies": func(p process) (time.Duration, time.Duration) {
			if p.Slot == 2 {
				return 0, time.Second
			}
			return time.Second, 0
		},
		"worker hangs": func(p process) (time.Duration, time.Duration) {
			if p.Slot == 2 {
				return 0, 0
			}
			return time.Second, 0
		},
		"front dies after the workers are ready": func(p process) (time.Duration, time.Duration) {
			if p.Slot == 0 {
				return 0, 3 * time.Second
			}
			return time.Second, 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTree(t, true)
				w.boot = boot
				w.deploy(1, 2)
				if !strings.HasPrefix(w.verdict, "gave up: ") || len(w.s.workers) > 0 {
					t.Fatalf("%q with %d workers left", w.verdict, len(w.s.workers))
				}
				if n := len(w.starts[2]); n != 1 {
					t.Fatalf("worker 2 was started %d times, want one try", n)
				}
			})
		})
	}
}

func TestDeadWorkerIsReplacedWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.deploy(1, 2)
		w.boot = func(process) (time.Duration, time.Duration) { return 0, time.Millisecond }
		w.die(*w.s.workers[2], "crashed", time.Second)
		w.pass(10 * time.Minute)
		starts := w.starts[2]
		var pauses []time.Duration
		for i := 1; i < len(starts); i++ {
			pauses = append(pauses, starts[i].Sub(starts[i-1]).Round(10*time.Millisecond))
		}
		// Each death comes a millisecond after the start, so the pauses are
		// the backoff (with a jitter of one half: exactly); the first one also
		// has the time that the worker served.
		want := []time.Duration{200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if d := cmp.Diff(want, pauses[1:11]); d != "" {
			t.Fatal(d)
		}
		if !slices.Equal(w.serving(), []int{1}) {
			t.Fatalf("serving %v, want the other worker untouched", w.serving())
		}
	})
}

func TestBackoffBeginsAnewAfterAHealthyMinute(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := slot{failures: 8}
	s.died(now, now.Add(-59*time.Second), 0.5)
	if got := s.notAt.Sub(now); got != 25600*time.Millisecond {
		t.Fatalf("after 59 s of service the pause is %v, want 25.6s", got)
	}
	s.died(now, now.Add(-60*time.Second), 0.5)
	if got := s.notAt.Sub(now); got != firstDelay {
		t.Fatalf("after a healthy minute the pause is %v, want %v", got, firstDelay)
	}
	if s.restarts != 2 {
		t.Fatalf("%d restarts, want 2", s.restarts)
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		deaths int
		jitter float64
		want   time.Duration
	}{
		{-1, 0.5, 0}, {0, 0.5, 0},
		{1, 0, 80 * time.Millisecond}, {1, 0.5, 100 * time.Millisecond}, {1, 1, 120 * time.Millisecond},
		{2, 0.5, 200 * time.Millisecond}, {9, 0.5, 25600 * time.Millisecond},
		{10, 0.5, 30 * time.Second}, {1000, 0.5, 30 * time.Second},
	} {
		if got := backoff(c.deaths, c.jitter); got != c.want {
			t.Errorf("backoff(%d, %v) = %v, want %v", c.deaths, c.jitter, got, c.want)
		}
	}
}

func TestDeadFrontIsReplacedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 1)
		w.die(*w.s.front(), "killed", time.Second)
		w.pass(time.Second + time.Millisecond)
		if got := w.starts[0]; len(got) != 2 || time.Since(got[1]) > time.Millisecond {
			t.Fatalf("front started at %v, now is %v", got, time.Now())
		}
		w.run(func() bool { return w.s.frontWorks(1) })
		if !w.s.peers[2].links[1] {
			t.Fatal("the new front got no link to the worker")
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		w.deploy(2, 3)
		if w.verdict != "committed" || !slices.Equal(w.serving(), []int{3, 4, 5}) || len(w.s.workers) != 3 {
			t.Fatalf("%s, serving %v of %d, done:\n%s", w.verdict, w.serving(), len(w.s.workers), strings.Join(w.log, "\n"))
		}
		if len(w.starts[0]) != 1 {
			t.Fatal("the front was started again")
		}
	})
}

func TestFailedCanaryLeavesTheOldGenerationAlone(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*tree)
		want string
	}{
		"dies": {func(w *tree) {
			w.boot = func(process) (time.Duration, time.Duration) { return 0, 2 * time.Second }
		}, "crashed"},
		"hangs": {func(w *tree) {
			w.boot = func(process) (time.Duration, time.Duration) { return 0, 0 }
		}, "it did not become ready within 30s (workers.boot_timeout)"},
		"answers badly": {func(w *tree) { w.fail = "GET / was answered 500" },
			"worker 3 does not answer as it should: GET / was answered 500"},
		"is probed by nobody": {func(w *tree) { w.mute = true }, "no front could probe worker 3 within 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTree(t, true)
				w.deploy(1, 2)
				c.set(w)
				w.deploy(2, 2)
				if w.verdict != "gave up: "+c.want || !slices.Equal(w.serving(), []int{1, 2}) || len(w.s.workers) != 2 {
					t.Fatalf("%q, serving %v of %d", w.verdict, w.serving(), len(w.s.workers))
				}
				if w.s.lastWorker != 3 {
					t.Fatalf("%d workers were started, want only the canary", w.s.lastWorker-2)
				}
			})
		})
	}
}

func TestOldWorkerThatDiesDuringAReloadIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.deploy(1, 2)
		w.boot = func(p process) (time.Duration, time.Duration) {
			if p.Generation == 2 {
				return 10 * time.Second, 0
			}
			return 100 * time.Millisecond, 0
		}
		w.die(*w.s.workers[1], "crashed", time.Second)
		time.AfterFunc(5*time.Second, func() {
			w.events <- func() {
				if got := w.serving(); !slices.Equal(got, []int{2, 4}) {
					t.Errorf("serving %v in the middle of the reload, want 2 and the replacement 4", got)
				}
			}
		})
		w.deploy(2, 2)
		if !slices.Equal(w.serving(), []int{3, 5}) {
			t.Fatalf("serving %v", w.serving())
		}
	})
}

// The rule that nothing is lost, case by case: when may a draining worker be
// told to stop?
func TestWhenAWorkerMayStop(t *testing.T) {
	begun := time.Unix(1_000_000, 0)
	const removed = 7
	for _, c := range []struct {
		name  string
		peers map[int]*peerState
		after time.Duration
		stop  bool
	}{
		{"no fronts", nil, 0, true},
		{"nothing heard", peers(peerOf(6, false)), 0, false},
		{"acknowledged, not idle", peers(peerOf(7, false)), control.Lease, false},
		{"acknowledged and idle", peers(peerOf(7, true)), 0, true},
		{"idle at one of two fronts", peers(peerOf(7, true), peerOf(7, false)), 0, false},
		{"silent for less than a lease", peers(peerOf(6, false)), control.Lease - 1, false},
		{"silent for a lease", peers(peerOf(6, false)), control.Lease, true},
		{"busy until the drain's time is over", peers(peerOf(7, false)), testLimits.Graceful - 1, false},
		{"busy beyond the drain's time", peers(peerOf(7, false)), testLimits.Graceful, true},
		{"a front that never had a link", peers(&peerState{links: map[int]bool{}, idle: map[int]bool{}}), 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(testLimits, false)
			s.generation, s.revision, s.peers = 2, removed, c.peers
			s.workers[1] = &process{
				ID: 1, Slot: 1, Generation: 1, Phase: draining, Since: begun, Until: begun.Add(testLimits.Graceful),
				removed: removed, removedAt: begun,
			}
			s.table = s.wantTable()
			p := s.decide(begun.Add(c.after))
			stops := slices.ContainsFunc(p.actions, func(a action) bool { return a.Do == doStop && a.Worker == 1 })
			if stops != c.stop {
				t.Fatalf("stops: %v, want %v; %+v", stops, c.stop, p.actions)
			}
			if !stops && p.wake.IsZero() {
				t.Fatal("waits for a front without a time to look again")
			}
		})
	}
}

func peerOf(acked uint64, idle bool) *peerState {
	return &peerState{acked: acked, links: map[int]bool{1: true}, idle: map[int]bool{1: idle}}
}

func peers(list ...*peerState) map[int]*peerState {
	m := map[int]*peerState{}
	for i, p := range list {
		m[i+1] = p
	}
	return m
}

func TestStopEndsTheFrontFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		w.log = nil
		w.s.beginStop(graceful, time.Now())
		w.run(w.s.over)
		var order []string
		for _, line := range w.log {
			if strings.HasPrefix(line, "stop") {
				order = append(order, line)
			}
		}
		want := []string{"stop worker 0 slot 0 gen 0", "stop worker 1 slot 0 gen 0", "stop worker 2 slot 0 gen 0"}
		if d := cmp.Diff(want, order); d != "" {
			t.Fatal(d)
		}
	})
}

func TestStopDuringAReload(t *testing.T) {
	for _, mode := range []stopMode{graceful, quick} {
		synctest.Test(t, func(t *testing.T) {
			w := newTree(t, true)
			w.deploy(1, 2)
			w.boot = func(process) (time.Duration, time.Duration) { return 0, 0 } // hangs
			w.begin(2, 2, false)
			w.pass(time.Second)
			w.s.beginStop(mode, time.Now())
			w.run(w.s.over)
		})
	}
}

func TestQuickStopKillsWhatDoesNotEnd(t *testing.T) {
	begun := time.Unix(1_000_000, 0)
	s := newState(testLimits, false)
	s.workers[1] = &process{ID: 1, Slot: 1, Phase: stopping, Until: begun.Add(time.Hour)}
	s.beginStop(quick, begun)
	if p := s.decide(begun); len(p.actions) > 0 {
		t.Fatalf("at once: %+v", p.actions)
	}
	p := s.decide(begun.Add(time.Second))
	if len(p.actions) != 1 || p.actions[0].Do != doKill {
		t.Fatalf("after a second: %+v, want a kill", p.actions)
	}
}

func TestIllegalSteps(t *testing.T) {
	phases := []phase{starting, probing, ready, suspect, draining, stopping, killing, ended}
	legal := 0
	for _, from := range phases {
		for _, to := range phases {
			p := process{ID: 1, Slot: 1, Phase: from}
			if err := p.move(to, time.Now(), time.Time{}); err == nil {
				legal++
			} else if p.Phase != from {
				t.Errorf("the refused step from %s to %s changed the phase", from, to)
			}
		}
	}
	if legal != 24 {
		t.Fatalf("%d steps are legal, want 24", legal)
	}
}

func TestTableOfManyWorkersGoesInParts(t *testing.T) {
	s := newState(testLimits, false)
	s.generation = 1
	for i := 1; i <= 2*maxLinks+1; i++ {
		s.workers[i] = &process{ID: i, Slot: i, Generation: 1, Phase: ready}
	}
	s.peerConnected(1)
	s.published(s.wantTable(), time.Now())
	for part := 1; ; part++ {
		table, complete := s.forPeer(1)
		if want := min(part*maxLinks, len(s.workers)); len(table.Workers) != want {
			t.Fatalf("part %d has %d workers, want %d", part, len(table.Workers), want)
		}
		links := 0
		for _, row := range table.Workers {
			if row.NewLink {
				links++
				s.peers[1].links[row.ID] = true
			}
		}
		if links > maxLinks {
			t.Fatalf("part %d has %d links", part, links)
		}
		if complete {
			if part != 3 {
				t.Fatalf("%d parts, want 3", part)
			}
			return
		}
	}
}
