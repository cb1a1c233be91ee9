package chaos

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// Scenario 5: workers are killed. Whoever only reads notices nothing; a POST
// that was with a killed worker is answered 502, for it may have been done.
func TestKilledWorkers(t *testing.T) {
	t.Parallel()
	random := chance(t)
	s := newSite(t, "version=1")
	r := s.serve()
	readers := r.begin(r.reads(8, time.Millisecond), r.reads(8, 20*time.Millisecond))
	writers := r.begin(r.posts(8, time.Millisecond))
	n := times(6, 25)
	for range n {
		readers.flows(50)
		writers.flows(20)
		workers := r.settled(2).Workers
		syscall.Kill(workers[random.IntN(len(workers))].PID, syscall.SIGKILL)
	}
	readers.flows(50)
	writers.flows(20)
	readers.finish(budget{})
	writers.finish(budget{errors: int64(8 * n)})
	r.settled(2)
	r.stop()
}

// Scenario 5, in the middle of a page: workers are killed between two writes of
// a response whose length nobody knows. The client gets it whole.
func TestKilledBetweenTwoWrites(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.reads(8, 5*time.Millisecond))
	for i := range times(4, 12) { // deaths in a row cost ever longer pauses
		b.flows(20)
		r.settled(2)
		name := fmt.Sprintf("torn-%d", i)
		pages := make(chan string, 1)
		go func() {
			page, err := r.fetch("/torn/" + name)
			if err != nil {
				t.Error(err)
			}
			pages <- page
		}()
		var pid int
		s.await("a worker has written the first part", func() bool {
			text, _ := os.ReadFile(filepath.Join(s.dir, name))
			_, err := fmt.Sscanln(string(text), &pid)
			return err == nil
		})
		syscall.Kill(pid, syscall.SIGKILL)
		if want := strings.Repeat("x", tornSize/2) + strings.Repeat("y", tornSize/2); <-pages != want {
			t.Error("the page is not whole")
		}
	}
	b.finish(budget{})
	r.settled(2)
	r.stop()
}

// Scenario 6: the front is killed. What it had in flight is lost with it, for
// its connections are; nobody is refused, for the listener is the master's.
func TestKilledFront(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	visitors := r.plan(4, 5*time.Millisecond)
	visitors.New = true
	b := r.begin(r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond), visitors)
	n := times(6, 50)
	workers := r.settled(2).Workers
	for range n {
		b.flows(100)
		syscall.Kill(r.settled(2).Front.PID, syscall.SIGKILL)
	}
	b.flows(100)
	b.finish(budget{lost: int64(n * 28), cut: int64(n * 28)})
	for i, w := range r.settled(2).Workers {
		if w.PID != workers[i].PID {
			t.Errorf("worker %d was replaced though only fronts were killed", w.ID)
		}
	}
	r.stop()
}

// Scenario 10: what recover cannot catch takes one worker with it.
func TestFatalErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	readers := r.begin(r.reads(8, 5*time.Millisecond))
	for _, how := range []string{"panic", "nil", "map", "stack", "segfault", "exit3", "exit4"} {
		readers.flows(30)
		before := r.settled(2)
		resp, err := http.Post(r.url+"/crash/"+how, "text/plain", strings.NewReader(""))
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: answered with %s", how, resp.Status)
		}
		after := r.settled(2)
		same := slices.DeleteFunc(after.Workers, func(w process) bool {
			return !slices.ContainsFunc(before.Workers, func(b process) bool { return b.PID == w.PID })
		})
		if len(same) != 1 || after.PID != before.PID || after.Front.PID != before.Front.PID {
			t.Errorf("%s: one of the workers %+v had to be replaced, now there are %+v", how, before.Workers, after.Workers)
		}
	}
	readers.flows(30)
	readers.finish(budget{})
	r.stop()
}

// Scenario 11: an app that dies with each page and at each start. After some
// deaths one worker is tried now and then, which costs next to nothing; the
// front tells visitors that it will take a while. When the cause is gone, so
// is the outage.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, 20*time.Millisecond))
	for i := range times(1, 3) {
		b.flows(50)
		before := r.settled(2)
		s.write("poison", "")
		s.await("the supervisor has seen enough", func() bool {
			st := r.status()
			return st.State == "degraded" && !slices.ContainsFunc(st.Workers, func(w process) bool { return w.State == "ready" })
		})
		if page, status := r.browse("/"); status != http.StatusServiceUnavailable || !strings.Contains(page, "<html") {
			t.Errorf("a browser got %d\n%s", status, page)
		}
		if *long {
			const span = 20 * time.Second
			used := usedBy(t, r.cmd.Process.Pid, span)
			if t.Logf("%v of CPU in %v", used, span); used > span/20 {
				t.Errorf("the crash loop takes %v of CPU in %v", used, span)
			}
		}
		s.remove("poison")
		if i%2 == 0 { // or else in due time
			r.must("reload")
		}
		after := r.settled(2)
		if after.PID != before.PID || after.Front.PID != before.Front.PID {
			t.Errorf("before %+v, after %+v", before, after)
		}
	}
	b.flows(50)
	b.finish(budget{errors: many})
	again := r.begin(r.plan(8, 0))
	again.flows(100)
	again.finish(budget{})
	r.stop()
}

// browse fetches a page as a browser does.
func (r *tree) browse(path string) (page string, status int) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := c.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(body), resp.StatusCode
}

// usedBy is the CPU time that a process and its children take within a span.
func usedBy(t *testing.T, pid int, span time.Duration) time.Duration {
	t.Helper()
	measure := func() load.Usage {
		u, err := load.Measure(pid)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	before := measure()
	time.Sleep(span)
	return measure().CPU - before.CPU
}
