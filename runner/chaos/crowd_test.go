package chaos

import (
	"bufio"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Scenarios 1, 2 and 5 with so many requests at once that they go to the
// workers by message: dozens share a connection, and its end is that of all.
func TestCrowd(t *testing.T) {
	t.Parallel()
	random := chance(t)
	s := newSite(t, "version=1")
	s.configure("[metrics]\npath = \"/figures\"\n")
	r := s.serve()
	late := r.reads(64, 0) // each takes a moment, so that most of them are always under way
	late.URL += "/late"
	b := r.begin(late, r.reads(32, 0))
	for range times(3, 20) {
		b.flows(200)
		r.must("reload")
		b.flows(200)
		workers := r.settled(2).Workers
		syscall.Kill(workers[random.IntN(len(workers))].PID, syscall.SIGKILL)
		b.flows(200)
		r.settled(2)
		r.must("upgrade")
	}
	b.flows(200)
	shared := r.figure("dram_requests_by_message_total")
	row := b.finish(budget{})
	if shared < float64(row.requests)/2 {
		t.Errorf("%v of %d requests went by message", shared, row.requests)
	}
	r.settled(2)
	r.stop()
}

// figure is one of those that the front tells.
func (r *tree) figure(name string) float64 {
	r.t.Helper()
	text, err := r.fetch("/figures")
	if err != nil {
		r.t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return n
		}
	}
	r.t.Fatalf("no figure %s", name)
	return 0
}
