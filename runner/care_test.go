package runner

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/runner/control"
)

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.deploy(1, 2)
		broken := true
		w.boot = func(process) (time.Duration, time.Duration) {
			if broken {
				return 0, time.Millisecond
			}
			return time.Second, 0
		}
		w.die(*w.s.workers[1], "crashed", time.Second)
		w.die(*w.s.workers[2], "crashed", time.Second)
		w.pass(10 * time.Minute)
		if w.s.health() != "degraded" || !w.s.tripped() {
			t.Fatalf("the app is %s, tripped: %v", w.s.health(), w.s.tripped())
		}
		var all []time.Time
		for slot := 1; slot <= 2; slot++ {
			starts := w.starts[slot]
			for i := 2; i < tripAfter; i++ {
				if pause := starts[i].Sub(starts[i-1]); pause > longestOutage+10*time.Millisecond {
					t.Errorf("pause %d of place %d is %v before the breaker trips", i, slot, pause)
				}
			}
			all = append(all, starts[tripAfter:]...)
		}
		slices.SortFunc(all, time.Time.Compare)
		for i := 1; i < len(all); i++ {
			if pause := all[i].Sub(all[i-1]); pause < longestDelay {
				t.Fatalf("trial %d is %v after the one before", i, pause)
			}
		}
		if len(all) < 15 || len(w.starts[1])-len(w.starts[2]) > 1 {
			t.Fatalf("%d trials in 10 minutes, %d and %d starts", len(all), len(w.starts[1]), len(w.starts[2]))
		}
		broken = false
		w.pass(2 * time.Minute)
		if len(w.serving()) != 2 || w.s.health() != "serving" {
			t.Fatalf("mended, but serving %v: %s", w.serving(), w.s.health())
		}
	})
}

// What mends the app must not wait for the breaker.
func TestReloadUnderAnOpenBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.deploy(1, 2)
		w.boot = func(p process) (time.Duration, time.Duration) {
			if p.Generation == 1 {
				return 0, time.Millisecond
			}
			return time.Second, 0
		}
		w.die(*w.s.workers[1], "crashed", time.Second)
		w.die(*w.s.workers[2], "crashed", time.Second)
		w.pass(time.Minute)
		begun := time.Now()
		w.deploy(2, 2)
		if took := time.Since(begun); w.verdict != "committed" || took > 10*time.Second {
			t.Fatalf("%s after %v", w.verdict, took)
		}
	})
}

func TestRetirement(t *testing.T) {
	for name, c := range map[string]struct {
		limit func(*limits)
		pulse control.Pulse
		rss   int64
	}{
		"requests": {func(l *limits) { l.MaxRequests = 1000 }, control.Pulse{Done: 1001}, 0},
		"memory":   {func(l *limits) { l.MaxRSS = 100 }, control.Pulse{}, 101},
		"stuck":    {func(l *limits) { l.MaxStuck = 3 }, control.Pulse{Stuck: 3}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTree(t, true)
				w.deploy(1, 3)
				c.limit(&w.s.limits)
				for id := 1; id <= 3; id++ {
					w.s.workers[id].Jitter = 1
					w.must(w.s.workerBeat(id, c.pulse, c.rss, time.Now()))
				}
				least := 3
				for !slices.Equal(w.serving(), []int{4, 5, 6}) {
					n := w.s.lastWorker
					w.run(func() bool { least = min(least, len(w.serving())); return w.s.lastWorker > n || n == 6 })
					retiring := 0
					for _, p := range w.s.workers {
						if p.Retire != "" {
							retiring++
						}
					}
					if retiring > 1 {
						t.Fatalf("%d workers are replaced at once", retiring)
					}
					w.pass(3 * time.Second)
				}
				if least < 3 {
					t.Fatalf("only %d workers served meanwhile", least)
				}
			})
		})
	}
}

func TestRetirementByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.s.limits.MaxAge = time.Hour
		w.deploy(1, 2)
		w.s.workers[1].Jitter, w.s.workers[2].Jitter = 0.9, 1.1
		w.pass(53 * time.Minute)
		if got := w.serving(); !slices.Equal(got, []int{1, 2}) {
			t.Fatalf("serving %v before their time", got)
		}
		w.pass(7 * time.Minute)
		if got := w.serving(); !slices.Equal(got, []int{2, 3}) {
			t.Fatalf("serving %v after an hour", got)
		}
	})
}

// hungTree is a tree with a limit on silence, whose workers beat but for the
// first.
func hungTree(t *testing.T) *tree {
	w := newTree(t, true)
	w.deploy(1, 2)
	w.s.limits.Heartbeat = 10 * time.Second
	var beat func()
	beat = func() {
		w.events <- func() {
			w.must(w.s.workerBeat(2, control.Pulse{}, 0, time.Now()))
			time.AfterFunc(time.Second, beat)
		}
	}
	time.AfterFunc(time.Second, beat)
	return w
}

func TestSilentWorkerThatAnswersIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := hungTree(t)
		w.pass(5 * time.Minute)
		if !slices.Equal(w.serving(), []int{1, 2}) || w.s.lastWorker != 2 {
			t.Fatalf("serving %v after %d starts", w.serving(), w.s.lastWorker)
		}
		if !slices.Contains(w.log, "suspect worker 1 slot 0 gen 0") {
			t.Fatal("nobody asked the worker")
		}
		if slices.Contains(w.log, "dump worker 1 slot 0 gen 0") {
			t.Fatal("it was taken for hung before it could answer")
		}
	})
}

func TestHungWorkerIsDumpedAndKilled(t *testing.T) {
	for _, answers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := hungTree(t)
			w.mute, w.fail = !answers, "no response in time"
			w.pass(time.Minute)
			var order []string
			for _, line := range w.log {
				if strings.Contains(line, "worker 1 ") && !strings.HasPrefix(line, "start") {
					order = append(order, strings.Fields(line)[0])
				}
			}
			if want := []string{"suspect", "dump", "quit", "kill"}; !slices.Equal(order, want) {
				t.Fatalf("done to it: %v, want %v", order, want)
			}
			if got := w.serving(); len(got) != 2 || got[0] != 2 {
				t.Fatalf("serving %v, want 2 and a new one", got)
			}
		})
	}
}

// A pause of everybody (a laptop's sleep, SIGSTOP to the whole tree) is no
// fault of anybody.
func TestPauseIsForgiven(t *testing.T) {
	now := time.Now()
	s := newState(testLimits, false)
	s.limits.Heartbeat = 10 * time.Second
	s.generation, s.target = 1, 2
	s.workers[1] = &process{ID: 1, Slot: 1, Generation: 1, Phase: ready, BeatAt: now}
	s.workers[2] = &process{ID: 2, Slot: 2, Generation: 1, Phase: starting, Until: now.Add(time.Second)}
	s.workers[3] = &process{ID: 3, Slot: 1, Generation: 0, Phase: draining, Until: now.Add(time.Second), removed: 1, removedAt: now}
	s.peers[1] = &peerState{links: map[int]bool{3: true}}
	s.table = s.wantTable()
	later := now.Add(time.Hour)
	if p := s.decide(later); len(p.actions) != 3 {
		t.Fatalf("unforgiven: %+v, want three deaths", p.actions)
	}
	s.forgive(time.Hour)
	if p := s.decide(later); len(p.actions) != 0 {
		t.Fatalf("forgiven: %+v, want none", p.actions)
	}
	if p := s.decide(later.Add(10 * time.Second)); len(p.actions) != 3 {
		t.Fatalf("from then on: %+v", p.actions)
	}
}

func TestScale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		for _, n := range []int{4, 1, 0, 2} {
			w.s.scale(n)
			w.pass(10 * time.Second)
			if len(w.serving()) != n || len(w.s.workers) != n {
				t.Fatalf("scaled to %d: %v of %d workers", n, w.serving(), len(w.s.workers))
			}
		}
		w.s.scale(5)
		w.deploy(2, 3)
		if len(w.serving()) != 3 {
			t.Fatalf("after a reload %v, want what it says", w.serving())
		}
	})
}

func TestDrainGoesBeforeTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		begun := time.Now()
		w.s.beginDrain(begun, 10*time.Second)
		w.pass(9 * time.Second)
		if !w.s.table.draining || len(w.serving()) != 2 || w.s.stop != serving {
			t.Fatalf("before the delay is over: %+v", w.s.table)
		}
		w.run(w.s.over)
		if took := time.Since(begun); took < 10*time.Second {
			t.Fatalf("over after %v", took)
		}
	})
}
