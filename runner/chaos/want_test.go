package chaos

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Scenario 12: no descriptors, in the front. Clients that find no place wait
// in the kernel's queue until others leave; nobody is refused, and nothing
// turns in circles meanwhile.
func TestFrontWithoutDescriptors(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	cmd := s.command("serve", "--listen", "127.0.0.1:0")
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `ulimit -n 64; exec "$0" "$@"`}, cmd.Args...)
	cmd.Stderr = s.openLog()
	r := s.run(cmd)
	strangers := r.plan(40, 0)
	strangers.New = true
	late := r.strangers()
	late.URL += "/late"
	b := r.begin(strangers, late)
	for range times(2, 20) {
		b.flows(1000)
		r.must("reload")
	}
	b.finish(budget{})
	if !strings.Contains(s.log(), "no place for more clients") {
		t.Error("there was place for all")
	}
	// Who sits on all places does not make the front run in circles.
	for range 30 {
		r.dial("")
	}
	front := r.settled(2).Front.PID
	if used := usedBy(t, front, time.Second); used > 100*time.Millisecond {
		t.Errorf("the full front takes %v of CPU a second", used)
	}
	r.stop()
}

// Scenario 12, in the workers: connections that they have no descriptor for
// carried nothing, so their requests wait or go elsewhere.
func TestWorkersWithoutDescriptors(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	late := r.reads(64, 0)
	late.URL += "/late"
	b := r.begin(r.reads(8, time.Millisecond)) // the app has none for its ledger either
	b.flows(50)
	want := func(files uint64) {
		t.Helper()
		for _, w := range r.settled(2).Workers {
			n := descriptors(t, w.PID)
			if err := unix.Prlimit(w.PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(n) + files, Max: 1 << 10}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	want(8)
	many := r.begin(late)
	many.flows(500)
	b.flows(50)
	want(500)
	many.flows(500)
	b.flows(50)
	many.finish(budget{})
	b.finish(budget{})
	r.stop()
}
