package chaos

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// replaced waits until none of these workers runs any more and all places are
// filled.
func (r *tree) replaced(old ...process) status {
	r.t.Helper()
	var st status
	r.await("the worker is replaced", func() bool {
		st = r.settled(2)
		return !slices.ContainsFunc(st.Workers, func(w process) bool {
			return slices.ContainsFunc(old, func(o process) bool { return o.PID == w.PID })
		})
	})
	return st
}

// posted sends a POST in the background and tells its status, 0 without an
// answer.
func (r *tree) posted(path string) <-chan int {
	status := make(chan int, 1)
	go func() {
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		resp, err := c.Post(r.url+path, "text/plain", http.NoBody)
		if err != nil {
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	return status
}

// Scenario 7: a worker stands still. It is found out by its silence, killed
// and replaced. Who only reads waits for that; POSTs that were sent to it are
// answered 502 at most, for nobody knows what became of them.
func TestStoppedWorker(t *testing.T) {
	t.Parallel()
	random := chance(t)
	s := newSite(t, "version=1")
	s.configure("[workers]\nheartbeat_timeout = \"3s\"\n")
	r := s.serve()
	readers := r.begin(r.reads(8, 5*time.Millisecond))
	writers := r.begin(r.posts(8, 5*time.Millisecond))
	n := times(1, 10)
	for range n {
		readers.flows(100)
		writers.flows(100)
		victim := r.settled(2).Workers[random.IntN(2)]
		syscall.Kill(victim.PID, syscall.SIGSTOP)
		r.replaced(victim)
	}
	readers.flows(100)
	writers.flows(100)
	readers.finish(budget{})
	writers.finish(budget{errors: int64(8 * n)})
	r.stop()
}

// Scenario 8: handlers that lock each other out and handlers that never stop
// computing. Their requests are named in the log and answered 504; too many
// of them, and the worker is replaced. Nobody else notices.
func TestHangingHandlers(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.configure("[workers]\nrequest_timeout = \"3s\"\ngraceful_timeout = \"2s\"\nmax_stuck = 3\n")
	r := s.serve()
	b := r.begin(r.plan(8, 5*time.Millisecond))
	b.flows(100)
	before := r.settled(2).Workers
	// Eight that wait for ever, at least three of them at one of the two
	// workers, and one that takes a processor from its neighbours.
	for how, n := range map[string]int{"deadlock": 8, "spin": 1} {
		var all []<-chan int
		for range n {
			all = append(all, r.posted("/hang/"+how))
		}
		for _, one := range all {
			if status := <-one; status != http.StatusGatewayTimeout {
				t.Errorf("%s: answered with %d", how, status)
			}
		}
		if want := "/hang/" + how; !strings.Contains(s.log(), want) {
			t.Errorf("%s is not named in the log", want)
		}
	}
	r.await("a worker with hanging requests is replaced", func() bool {
		return slices.ContainsFunc(r.settled(2).Workers, func(w process) bool {
			return !slices.ContainsFunc(before, func(b process) bool { return b.PID == w.PID })
		})
	})
	dumps, _ := filepath.Glob(filepath.Join(s.dir, ".dram", "run", "dump-*.txt"))
	if len(dumps) == 0 {
		t.Error("no dump of the goroutines")
	}
	b.flows(100)
	b.finish(budget{})
	r.stop()
}

// Scenario 9: an app that leaks. A worker with too much memory is replaced by
// a fresh one that is ready first.
func TestLeak(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.configure("[workers]\nmax_rss = \"120MiB\"\n")
	r := s.serve()
	b := r.begin(r.plan(8, 5*time.Millisecond))
	for range times(1, 10) {
		b.flows(100)
		before := r.settled(2).Workers
		r.await("a worker was replaced", func() bool {
			if status := <-r.posted("/leak"); status != http.StatusOK {
				t.Fatalf("leak: answered with %d", status)
			}
			return slices.ContainsFunc(r.status().Workers, func(w process) bool {
				return !slices.ContainsFunc(before, func(b process) bool { return b.PID == w.PID })
			})
		})
		r.settled(2)
	}
	b.flows(100)
	b.finish(budget{})
	if text := s.log(); strings.Contains(text, "ended: ") {
		t.Error("a worker did not end by itself")
	}
	r.stop()
}

// Scenario 3, where the fault shows only to whoever asks: a new version that
// becomes ready and answers 500, and one that crashes while it is watched.
func TestFaultFoundByProbeOrSoak(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[reload]\nsoak = \"5s\"\n")
	r := s.serve()
	readers := r.begin(r.reads(8, 5*time.Millisecond), r.reads(16, 20*time.Millisecond))
	writers := r.begin(r.posts(8, 5*time.Millisecond))
	for _, c := range []struct{ settings, want string }{
		{"version=2 page=fail", "500"},
		{"version=2 soak=crash", ""},
	} {
		readers.flows(100)
		s.install(c.settings)
		out, code := s.call("reload")
		if code != 3 || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit code %d, want %q in\n%s", c.settings, code, c.want, out)
		}
		if st := r.settled(2); st.Generation != 1 || st.Reload == nil || st.Reload.OK {
			t.Errorf("%s: %+v", c.settings, st)
		}
		if v := r.version(); v != "1" {
			t.Errorf("%s: version %s serves", c.settings, v)
		}
	}
	readers.flows(100)
	readers.finish(budget{})
	writers.finish(budget{errors: 16}) // POSTs at the two that crashed
	r.stop()
}

// Scenario 16, its second part: workers more and fewer, by signals.
func TestMoreAndFewerWorkers(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond))
	r.settled(2)
	for range times(1, 10) {
		for n := 3; n <= 5; n++ {
			r.cmd.Process.Signal(syscall.SIGTTIN)
			r.settled(n)
		}
		b.flows(100)
		for range 50 { // never fewer than one
			r.cmd.Process.Signal(syscall.SIGTTOU)
			time.Sleep(time.Millisecond) // equal signals that wait are one
		}
		r.settled(1)
		b.flows(100)
		r.cmd.Process.Signal(syscall.SIGTTIN)
		r.settled(2)
	}
	b.finish(budget{})
	r.stop()
}

// hang is what the handlers of TestHangingHandlers do, whatever their context
// says.
func hang(how string) {
	if how == "spin" {
		var n atomic.Uint64
		for {
			n.Add(1)
		}
	}
	var first, second sync.Mutex
	first.Lock()
	second.Lock()
	go func() { first.Lock() }()
	second.Lock()
	panic(fmt.Sprint(how, " has ended"))
}
