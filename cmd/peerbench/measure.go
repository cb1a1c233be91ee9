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

// lap is one contender at one kind of work: pass asks for everything once.
type lap struct {
	name   string
	pass   func()
	allocs float64   // of one request
	ns     []float64 // of one request, by round
}

// compare measures and prints one comparison.
func compare(w io.Writer, t table, kind string, rounds int, turn time.Duration) error {
	var laps []*lap
	for _, c := range contenders(t) {
		if pass := c.pass(t, kind); pass != nil {
			laps = append(laps, &lap{name: c.name, pass: pass})
		}
	}
	for _, l := range laps {
		l.allocs = testing.AllocsPerRun(10, l.pass) / float64(len(t.requests))
	}
	order := slices.Clone(laps)
	for range rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, l := range order {
			l.ns = append(l.ns, during(turn, l.pass)/float64(len(t.requests)))
		}
	}
	return report(w, fmt.Sprintf("%s, %s", t.name, kind), laps)
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

// report prints the figures, each against those of the first lap, ours. The
// ratio is the median of the rounds' ratios: what slowed a round down slowed
// both.
func report(w io.Writer, title string, laps []*lap) error {
	fmt.Fprintln(w, title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tns\t±\tratio\tallocations\t")
	ours := laps[0]
	for _, l := range laps {
		ratios := make([]float64, len(l.ns))
		for i := range ratios {
			ratios[i] = l.ns[i] / ours.ns[i]
		}
		low, middle, high := quartiles(l.ns)
		_, ratio, _ := quartiles(ratios)
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.2f\t%.1f\t\n", l.name, middle, (high-low)/2, ratio, l.allocs)
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
