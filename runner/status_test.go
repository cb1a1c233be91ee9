package runner

import (
	"strings"
	"testing"
	"time"
)

func TestStatusOfWorkersThatWait(t *testing.T) {
	now := time.Now()
	s := newState(limits{}, true)
	s.generation, s.target = 1, 2
	s.fronts[1] = &process{ID: 1, Phase: ready}
	s.workers[1] = &process{ID: 1, Slot: 1, Generation: 1, Phase: ready}
	s.workers[2] = &process{ID: 2, Slot: 2, Generation: 1, Phase: ready}
	if got := s.health(); got != "serving" || s.waiting() != nil {
		t.Errorf("with all workers: %s, %v", got, s.waiting())
	}
	delete(s.workers, 2)
	s.slots[2] = &slot{restarts: 8, notAt: now.Add(12 * time.Second), diedAt: now}
	var b strings.Builder
	status{App: "tester", State: s.health(), Waiting: s.waiting()}.write(&b, now)
	if got := b.String(); !strings.Contains(got, "tester degraded") || !strings.Contains(got, "restarting in 12s, 8 deaths") {
		t.Errorf("with one worker:\n%s", got)
	}
	delete(s.workers, 1)
	s.slots[1] = &slot{restarts: 1, notAt: now.Add(time.Second), diedAt: now}
	if got := s.health(); got != "down" || len(s.waiting()) != 2 {
		t.Errorf("without workers: %s, %v", got, s.waiting())
	}
}
