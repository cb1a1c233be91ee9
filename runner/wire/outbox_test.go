package wire

import (
	"testing"
	"time"
)

// TestCourtesy: who sends lets others go first, until that has taken long.
func TestCourtesy(t *testing.T) {
	var c courtesy
	at := time.Unix(1000, 0)
	for _, step := range []struct {
		after, turn time.Duration
		due         bool
	}{
		{0, time.Millisecond, true},
		{time.Second, longTurn - 1, true},
		{time.Second, longTurn, true},
		{longTurn, 0, false},
		{noCourtesy - 1, 0, false},
		{1, longTurn, true},
		{noCourtesy + longTurn, 0, true},
	} {
		at = at.Add(step.after)
		if got := c.due(at); got != step.due {
			t.Errorf("%v after the step before: %t", step.after, got)
		}
		if step.due {
			c.took(at, step.turn)
		}
	}
}
