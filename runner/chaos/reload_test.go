package chaos

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// Scenario 1: reloads, in turn without change and with new code.
func TestReload(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=0")
	r := s.serve()
	r.must("reload") // what a first one opens stays open
	before := r.settled(2)
	rested := r.rested()
	b := r.begin(r.everybody()...)
	n := times(10, 100)
	for i := 1; i <= n; i++ {
		b.flows(100)
		if i%2 == 0 {
			s.install(fmt.Sprintf("version=%d", i))
		}
		r.must("reload")
		if want := fmt.Sprint(i / 2 * 2); r.version() != want {
			t.Fatalf("after reload %d: version %s, want %s", i, r.version(), want)
		}
	}
	b.flows(100)
	b.finish(budget{})
	after := r.settled(2)
	if after.PID != before.PID || after.Front.PID != before.Front.PID || after.Generation != before.Generation+n {
		t.Errorf("was %+v, is %+v", before, after)
	}
	now := r.rested()
	t.Logf("master %+v, then %+v", rested[0], now[0])
	t.Logf("front %+v, then %+v", rested[1], now[1])
	if now[0].FDs > rested[0].FDs {
		t.Errorf("the master holds %d descriptors, before %d", now[0].FDs, rested[0].FDs)
	}
	// The front keeps idle connections to workers, as many as clients were
	// served at once.
	if now[1].FDs > rested[1].FDs+80 {
		t.Errorf("the front holds %d descriptors, before %d", now[1].FDs, rested[1].FDs)
	}
	if *long {
		for i, name := range []string{"master", "front"} {
			if now[i].RSS > rested[i].RSS+24<<20 {
				t.Errorf("the %s takes %d MiB, before %d", name, now[i].RSS>>20, rested[i].RSS>>20)
			}
		}
	}
	r.stop()
}

// rested measures master and front alone; neither may hold a zombie.
func (r *tree) rested() [2]load.Usage {
	r.t.Helper()
	st := r.status()
	all, err := load.Measure(st.PID)
	if err != nil {
		r.t.Fatal(err)
	}
	if all.Zombies > 0 || all.Processes != 2+len(st.Workers) {
		r.t.Errorf("%d processes and %d zombies, want %d", all.Processes, all.Zombies, 2+len(st.Workers))
	}
	front, err := load.Measure(st.Front.PID)
	if err != nil {
		r.t.Fatal(err)
	}
	master := all
	master.FDs = descriptors(r.t, st.PID)
	master.RSS = resident(r.t, st.PID)
	return [2]load.Usage{master, front}
}

func descriptors(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func resident(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var total, pages int64
	if _, err := fmt.Sscan(string(text), &total, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// Scenarios 3 and 4: what cannot serve never does, and what served goes on,
// though its own file is long replaced.
func TestBadDeployment(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(4, 0), r.plan(8, 20*time.Millisecond))
	for _, c := range []struct{ name, settings, file, want string }{
		{"ends at boot", "version=2 new=fail", "", `function "frobnicate" not defined`},
		{"ends in its start", "version=2 start=fail", "", "the mail server is not there"},
		{"panics in its start", "version=2 start=panic", "", "panic: cannot start"},
		{"hangs at boot", "version=2 start=hang", "[workers]\nboot_timeout = \"2s\"\n", "2s"},
		{"faulty settings", "version=2", "[server]\nlisen = 1\n", "dram.toml:4"},
	} {
		b.flows(50)
		s.configure(c.file)
		s.install(c.settings)
		out, code := s.call("reload")
		if code != 3 || !strings.Contains(out, c.want) {
			t.Fatalf("%s: exit code %d, want %q in\n%s", c.name, code, c.want, out)
		}
		if st := r.settled(2); st.Generation != 1 || st.Reload == nil || st.Reload.OK || !strings.Contains(st.Reload.Reason, c.want) {
			t.Fatalf("%s: %+v", c.name, st)
		}
	}
	// By signal, with the faulty settings still there.
	refused := strings.Count(s.log(), "reload failed")
	r.cmd.Process.Signal(syscall.SIGHUP)
	s.await("the signal's reload is refused", func() bool { return strings.Count(s.log(), "reload failed") > refused })
	// A worker that dies now comes again as what served.
	s.configure("")
	syscall.Kill(r.status().Workers[0].PID, syscall.SIGKILL)
	r.settled(2)
	for range 8 {
		if v := r.version(); v != "1" {
			t.Fatalf("version %s serves", v)
		}
	}
	b.flows(50)
	b.finish(budget{errors: 12}) // POSTs at the killed one
	r.stop()
}

// Missing scenario (a): whoever loads a page during a reload gets the
// stylesheet that it names.
func TestStylesheetDuringReload(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=0")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond))
	end := make(chan struct{})
	var visitors sync.WaitGroup
	pages := make([]int, 3)
	for i := range pages {
		visitors.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				page, err := r.fetch("/style")
				if err != nil {
					t.Error(err)
					return
				}
				version, path, _ := strings.Cut(page, " ")
				css, err := r.fetch(path)
				if want := "/* " + version + " */"; err != nil || css != want {
					t.Errorf("the page of version %s names %s, which is %q (%v)", version, path, css, err)
					return
				}
				pages[i]++
			}
		})
	}
	for i := 1; i <= times(6, 50); i++ {
		b.flows(50)
		s.install(fmt.Sprintf("version=%d", i))
		r.must("reload")
	}
	close(end)
	visitors.Wait()
	b.finish(budget{})
	t.Logf("%v pages with their stylesheets", pages)
	r.stop()
}

// Missing scenario (e): a deployment that writes over the binary, as cp does.
// What serves runs a copy, whatever the file becomes.
func TestOverwrittenBinary(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond))
	b.flows(50)
	s.install("version=2") // the master runs the file before: nothing can write to that
	r.must("reload")
	s.overwrite("version=3 new=fail")
	for range times(2, 10) {
		b.flows(50)
		if out, code := s.call("reload"); code != 3 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		syscall.Kill(r.settled(2).Workers[0].PID, syscall.SIGKILL)
		r.settled(2)
		if v := r.version(); v != "2" {
			t.Fatalf("version %s serves", v)
		}
	}
	s.overwrite("version=3")
	r.must("reload")
	b.flows(50)
	if v := r.version(); v != "3" {
		t.Fatalf("version %s serves", v)
	}
	b.finish(budget{errors: int64(8 * times(2, 10))}) // POSTs at the killed ones
	r.stop()
}
