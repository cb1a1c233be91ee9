package chaos

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// trial is load on a tree, with a verdict at its end.
type trial struct {
	t     *testing.T
	loads []*load.Load
}

// budget is what a scenario may cost. What is duplicated or wrong never has
// one.
type budget struct {
	lost    int64 // requests
	errors  int64 // answers with 5xx
	refused int64 // connections
	cut     int64 // idle connections, without a goodbye
}

// many is a budget for what cannot be counted: nobody was there to answer.
const many = 1 << 30

// plan is load by GETs and counted POSTs in equal shares.
func (r *tree) plan(connections int, think time.Duration) load.Plan {
	return load.Plan{
		URL: r.url, Connections: connections, Think: think, Post: "/count", Ledger: "/count", Contains: "version ",
		Duration: 30 * time.Minute, Timeout: patience,
	}
}

// reads is load by GETs alone.
func (r *tree) reads(connections int, think time.Duration) load.Plan {
	p := r.plan(connections, think)
	p.Post, p.Ledger = "", ""
	return p
}

// posts is load by counted POSTs alone.
func (r *tree) posts(connections int, think time.Duration) load.Plan {
	p := r.plan(connections, think)
	p.PostShare = 100
	return p
}

// everybody are clients of all kinds: those that never pause, that think for
// a moment and for long, that come anew each time and that pipeline.
func (r *tree) everybody() []load.Plan {
	fresh, pipeline := r.plan(2, 5*time.Millisecond), r.plan(2, 20*time.Millisecond)
	fresh.New, pipeline.Pipeline = true, 4
	return []load.Plan{r.plan(4, 0), r.plan(12, time.Millisecond), r.plan(32, 20*time.Millisecond), fresh, pipeline}
}

// begin starts load. A test that fails before [trial.finish] ends it too.
func (r *tree) begin(plans ...load.Plan) *trial {
	r.t.Helper()
	b := &trial{t: r.t}
	for _, p := range plans {
		l, err := load.Start(r.t.Context(), p)
		if err != nil {
			r.t.Fatal(err)
		}
		b.loads = append(b.loads, l)
	}
	r.t.Cleanup(b.stop)
	return b
}

func (b *trial) stop() {
	for _, l := range b.loads {
		l.Stop()
	}
}

// flows waits until so many more requests were answered, of each load a few.
func (b *trial) flows(more int64) {
	b.t.Helper()
	begin := make([]int64, len(b.loads))
	for i, l := range b.loads {
		begin[i] = l.Progress().Answered
	}
	if !poll(func() bool {
		var all int64
		for i, l := range b.loads {
			n := l.Progress().Answered - begin[i]
			if n == 0 {
				return false
			}
			all += n
		}
		return all >= more
	}) {
		b.t.Fatal("the load does not flow")
	}
}

// finish ends the load and judges it.
func (b *trial) finish(allowed budget) row {
	b.t.Helper()
	b.stop()
	r := row{scenario: b.t.Name()[len("Test"):]}
	for _, l := range b.loads {
		report, err := l.Wait()
		if err != nil {
			b.t.Error(err)
			continue
		}
		r.add(report)
		bad := report.Duplicated > 0 || report.Wrong > 0
		for _, status := range slices.Sorted(maps.Keys(report.Statuses)) {
			if status/100 != 2 && status/100 != 5 {
				b.t.Errorf("%d answers with %d", report.Statuses[status], status)
			}
		}
		refused := report.Failures[load.Refused]
		if bad || report.Lost-refused > allowed.lost || refused > allowed.refused || report.Errors5xx() > allowed.errors {
			var text writerTo
			report.Write(&text)
			b.t.Errorf("%d connections, think time %v:\n%s", report.Plan.Connections, report.Plan.Think, text)
		}
	}
	if r.lost > allowed.lost || r.errors > allowed.errors || r.refused > allowed.refused || r.cut > allowed.cut {
		b.t.Errorf("%d lost, %d times 5xx, %d refused and %d closed while idle, allowed are %d, %d, %d and %d",
			r.lost, r.errors, r.refused, r.cut, allowed.lost, allowed.errors, allowed.refused, allowed.cut)
	}
	record(r)
	b.t.Logf("%d requests, %d lost, %d duplicated, %d times 5xx, %d refused, %d connections closed while idle, at most %v",
		r.requests, r.lost, r.duplicated, r.errors, r.refused, r.cut, r.max.Round(time.Millisecond))
	return r
}

type writerTo []byte

func (w *writerTo) Write(b []byte) (int, error) { *w = append(*w, b...); return len(b), nil }
func (w writerTo) String() string               { return string(w) }
