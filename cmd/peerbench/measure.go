package main

import (
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// lap is one contender at one kind of work: pass does all of it once.
type lap struct {
	name   string
	pass   func()
	allocs float64   // of one piece of work
	ns     []float64 // of one piece of work, by round
}

// compare measures and prints one comparison.
func compare(w io.Writer, t table, kind string, rounds int, turn time.Duration) error {
	var laps []*lap
	for _, c := range contenders(t) {
		if pass := c.pass(t, kind); pass != nil {
			laps = append(laps, &lap{name: c.name, pass: pass})
		}
	}
	race(laps, len(t.requests), rounds, turn)
	return report(w, fmt.Sprintf("%s, %s", t.name, kind), laps)
}

// race gives every lap its turn in each round; one pass does as many pieces
// of work as are counted.
func race(laps []*lap, pieces, rounds int, turn time.Duration) {
	for _, l := range laps {
		l.allocs = testing.AllocsPerRun(10, l.pass) / float64(pieces)
	}
	order := slices.Clone(laps)
	for range rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, l := range order {
			l.ns = append(l.ns, during(turn, l.pass)/float64(pieces))
		}
	}
}

// ratio returns the median of the rounds' ratios: what slowed a round down
// slowed both.
func (l *lap) ratio(to *lap) float64 {
	ratios := make([]float64, len(l.ns))
	for i := range ratios {
		ratios[i] = l.ns[i] / to.ns[i]
	}
	_, ratio, _ := quartiles(ratios)
	return ratio
}

// pass returns what asks a contender for everything once, nil when it cannot
// be asked in this way.
func (c contender) pass(t table, kind string) func() {
	if kind == "serve" {
		w := httptest.NewRecorder()
		requests := plain(t)
		return func() {
			for _, r := range requests {
				c.serve.ServeHTTP(w, r)
			}
		}
	}
	if c.match == nil {
		return nil
	}
	requests := plain(t)
	return func() {
		for _, r := range requests {
			if c.match(r).route < 0 {
				panic(c.name + " does not find " + r.URL.Path)
			}
		}
	}
}

func plain(t table) []*http.Request {
	requests := make([]*http.Request, len(t.requests))
	for i, r := range t.requests {
		requests[i] = r.Request
	}
	return requests
}

// during repeats pass for about as long as turn and returns the nanoseconds
// of one: those that the process had a processor for, which other programs
// cannot take. The garbage collector's are among them.
func during(turn time.Duration, pass func()) float64 {
	runtime.GC()
	pass()
	n, start := 0, processorTime()
	for {
		for range 16 {
			pass()
		}
		n += 16
		if d := processorTime() - start; d >= turn {
			return float64(d) / float64(n)
		}
	}
}

func processorTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // the clock is there on every Linux
	}
	return time.Duration(t.Nano())
}

// report prints the figures, each against those of the first lap, ours.
func report(w io.Writer, title string, laps []*lap) error {
	fmt.Fprintln(w, title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tns\t±\tratio\tallocations\t")
	ours := laps[0]
	for _, l := range laps {
		low, middle, high := quartiles(l.ns)
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.2f\t%.1f\t\n", l.name, middle, (high-low)/2, l.ratio(ours), l.allocs)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func quartiles[T cmp.Ordered](values []T) (low, middle, high T) {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/4], s[len(s)/2], s[len(s)*3/4]
}

// version returns the version of a module that this binary was built with.
func version(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == path {
				return dep.Version
			}
		}
	}
	return "?"
}

func goVersion() string { return strings.TrimPrefix(runtime.Version(), "go") }
