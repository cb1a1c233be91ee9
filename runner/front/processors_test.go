package front

import (
	"slices"
	"testing"
	"time"
)

func TestProcessors(t *testing.T) {
	var used time.Duration
	var taken []bool
	p := &processors{used: func() time.Duration { return used }, take: func(all bool) { taken = append(taken, all) }, all: true}
	now := time.Unix(1000, 0)
	// pass lets time go by in which requests come all the time, and share of a
	// processor is used.
	pass := func(long time.Duration, share float64) {
		for range long / time.Millisecond {
			now = now.Add(time.Millisecond)
			used += time.Duration(share * float64(time.Millisecond))
			p.look(now)
		}
	}
	for i, c := range []struct {
		long  time.Duration
		share float64
		want  []bool
	}{
		{lookAll, 0.05, nil}, // not yet
		{lookAll, 0.05, []bool{false}},
		{time.Second, 0.25, nil},
		{lookOne - time.Millisecond, 1, nil},
		{lookOne, 1, []bool{true}},
		{2 * lookAll, 1.5, nil},
		{2 * lookAll, 0.2, nil}, // it might be too much for one in a moment
		{2 * lookAll, 0.1, []bool{false}},
	} {
		if pass(c.long, c.share); !slices.Equal(taken, c.want) {
			t.Errorf("step %d, %.2f processors for %v: %v, want %v", i, c.share, c.long, taken, c.want)
		}
		taken = nil
	}
	// Nobody asks for a long time, and then many do at once.
	now = now.Add(time.Hour)
	pass(2*lookOne, 1)
	if !slices.Equal(taken, []bool{true}) {
		t.Errorf("after an idle hour: %v", taken)
	}
}

func TestProcessorsOfANil(t *testing.T) {
	var p *processors
	p.look(time.Now())
}
