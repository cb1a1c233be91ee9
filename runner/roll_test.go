package runner

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/runner/control"
)

func TestWorkersAreRolledOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 3)
		w.log = nil
		w.deploy(2, 3)
		var order []string
		for _, line := range w.log {
			if strings.HasPrefix(line, "start") || strings.HasPrefix(line, "drain") || strings.HasPrefix(line, "trust") {
				order = append(order, strings.TrimSuffix(strings.TrimSuffix(line, " gen 2"), " slot 0 gen 0"))
			}
		}
		want := []string{
			"start worker 0 slot 1", "trust worker 4", "drain worker 1",
			"start worker 0 slot 2", "trust worker 5", "drain worker 2",
			"start worker 0 slot 3", "trust worker 6", "drain worker 3",
		}
		if !slices.Equal(order, want) {
			t.Fatalf("in this order:\n%s", strings.Join(order, "\n"))
		}
	})
}

func TestRolloutWithMoreAndFewerWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		for generation, count := range []int{2, 4, 1} {
			w.deploy(generation+1, count)
			if w.verdict != "committed" || len(w.serving()) != count || len(w.s.workers) != count {
				t.Fatalf("%s with %v of %d workers, want %d", w.verdict, w.serving(), len(w.s.workers), count)
			}
		}
	})
}

// soakTree is a tree of two workers, the second generation of which has just
// begun its soak.
func soakTree(t *testing.T) *tree {
	w := newTree(t, true)
	w.s.limits.Soak = 10 * time.Second
	w.deploy(1, 2)
	w.begin(2, 2, false)
	w.run(func() bool { return !w.s.rollout.soaking.IsZero() })
	return w
}

func TestDeathInTheSoakRollsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := soakTree(t)
		w.die(*w.s.workers[4], "nil map", 5*time.Second)
		w.run(func() bool { return w.verdict != "" })
		if w.verdict != "gave up: nil map" || !slices.Equal(w.serving(), []int{5, 6}) || w.s.generation != 1 || len(w.s.workers) != 2 {
			t.Fatalf("%s, serving %v of generation %d", w.verdict, w.serving(), w.s.generation)
		}
		for _, p := range w.s.workers {
			if p.Generation != 1 {
				t.Errorf("%s is of generation %d", p, p.Generation)
			}
		}
	})
}

// Streams on workers that are taken back do not hold the verdict up either.
func TestTakingBackDoesNotWaitForStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := soakTree(t)
		w.idle = false
		w.die(*w.s.workers[4], "nil map", 5*time.Second)
		begun := time.Now()
		w.run(func() bool { return w.verdict != "" })
		if took := time.Since(begun); w.verdict != "gave up: nil map" || took > 10*time.Second {
			t.Fatalf("%s after %v", w.verdict, took)
		}
		if p := w.s.workers[3]; p == nil || p.Phase != draining {
			t.Fatalf("the worker with the stream is %+v", p)
		}
		if got := w.serving(); !slices.Equal(got, []int{5, 6}) {
			t.Fatalf("serving %v", got)
		}
	})
}

// Where the older workers died, a death of a newer one is no news.
func TestDeathInTheSoakAsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.s.limits.Soak = 10 * time.Second
		w.deploy(1, 2)
		w.die(*w.s.workers[1], "killed", time.Second)
		w.pass(5 * time.Second)
		w.begin(2, 2, false)
		w.run(func() bool { return !w.s.rollout.soaking.IsZero() })
		w.die(*w.s.workers[w.serving()[1]], "killed", time.Second)
		w.run(func() bool { return w.verdict != "" })
		if w.verdict != "committed" || len(w.serving()) != 2 {
			t.Fatalf("%s, serving %v", w.verdict, w.serving())
		}
	})
}

func TestFailuresInTheSoakRollBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.s.limits.Soak = 10 * time.Second
		w.deploy(1, 2)
		w.must(w.s.workerBeat(1, control.Pulse{Done: 1000, Failed: 10}, 0, time.Now()))
		w.begin(2, 2, false)
		w.run(func() bool { return !w.s.rollout.soaking.IsZero() })
		w.must(w.s.workerBeat(3, control.Pulse{Done: 20, Failed: 10}, 0, time.Now()))
		w.run(func() bool { return w.verdict != "" })
		if want := "gave up: 10 of 20 requests failed (500 and above), that is 50 %; before it were 1 %"; w.verdict != want {
			t.Fatalf("%s, want %s", w.verdict, want)
		}
	})
}

func TestRegression(t *testing.T) {
	for _, c := range []struct {
		before, now tally
		worse       bool
	}{
		{tally{}, tally{}, false},
		{tally{100, 0}, tally{4, 4}, false}, // too few to say
		{tally{100, 0}, tally{100, 5}, true},
		{tally{100, 0}, tally{1000, 40}, false}, // 4 %
		{tally{100, 10}, tally{100, 19}, false}, // less than twice
		{tally{100, 10}, tally{100, 20}, true},
		{tally{}, tally{10, 10}, true},
	} {
		if got := regression(c.before, c.now); (got != "") != c.worse {
			t.Errorf("%v after %v: %q", c.now, c.before, got)
		}
	}
}

// Streams keep an old worker; they hold up neither the verdict nor, for long,
// the next generation.
func TestCommitDoesNotWaitForStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 1)
		w.idle = false
		begun := time.Now()
		w.deploy(2, 1)
		if took := time.Since(begun); w.verdict != "committed" || took > 5*time.Second {
			t.Fatalf("%s after %v", w.verdict, took)
		}
		if old := w.s.workers[1]; old == nil || old.Phase != draining {
			t.Fatalf("the old worker is %+v", old)
		}
		w.begin(3, 1, false)
		if left := time.Until(w.s.workers[1].Until); left > goodbye {
			t.Fatalf("the next but one leaves it %v", left)
		}
		w.run(func() bool { return w.verdict != "" })
		if w.verdict != "committed" {
			t.Fatal(w.verdict)
		}
		begun = time.Now()
		w.run(func() bool { return w.s.workers[1] == nil })
		if took := time.Since(begun); took > goodbye {
			t.Fatalf("the first generation was there %v after the third had come", took)
		}
		if old := w.s.workers[2]; old == nil || old.Phase != draining || time.Until(old.Until) <= goodbye {
			t.Fatalf("the second one is %+v", old)
		}
	})
}

func TestUpgradeReplacesTheFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.s.limits.Linger = time.Minute
		w.deploy(1, 2)
		w.begin(2, 2, true)
		w.run(func() bool { return len(w.s.fronts) == 2 && w.s.fronts[2].Phase == ready })
		if w.s.fronts[1].Phase != ready {
			t.Fatalf("the first front is %s before the commit", w.s.fronts[1].Phase)
		}
		w.run(func() bool { return w.verdict != "" && len(w.s.fronts) == 1 })
		if w.verdict != "committed" || w.s.front().ID != 2 || w.s.front().Generation != 2 {
			t.Fatalf("%s, front %+v", w.verdict, w.s.front())
		}
	})
}

func TestFailedUpgradeKeepsTheFront(t *testing.T) {
	for name, boot := range map[string]func(process) (time.Duration, time.Duration){
		"the front dies": func(p process) (time.Duration, time.Duration) {
			if p.Slot == 0 {
				return 0, time.Second
			}
			return time.Second, 0
		},
		"a worker dies": func(p process) (time.Duration, time.Duration) {
			if p.Slot == 2 && p.Generation == 2 {
				return 0, 3 * time.Second
			}
			return time.Second, 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTree(t, true)
				w.deploy(1, 2)
				w.boot = boot
				w.begin(2, 2, true)
				w.run(func() bool { return w.verdict != "" && len(w.s.fronts) == 1 })
				if w.verdict != "gave up: crashed" || w.s.front() == nil || w.s.front().ID != 1 || len(w.serving()) != 2 {
					t.Fatalf("%s, front %+v, serving %v", w.verdict, w.s.front(), w.serving())
				}
			})
		})
	}
}

func TestProbeWithoutAFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.deploy(1, 2)
		w.fail = "GET / was answered 500"
		w.deploy(2, 2)
		if !strings.Contains(w.verdict, w.fail) {
			t.Fatalf("%s, want the canary's own answer", w.verdict)
		}
		w.fail = ""
		w.deploy(3, 2)
		if w.verdict != "committed" {
			t.Fatal(w.verdict)
		}
	})
}
