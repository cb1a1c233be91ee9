package runner

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestServeAnswersAndStops(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "3")
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	st := s.status()
	if st.State != "serving" || len(st.Workers) != 3 || st.Front == nil || st.Front.State != ready {
		t.Fatalf("status %+v", st)
	}
	if text := s.must("status"); !strings.Contains(text, "worker 3") || !strings.Contains(text, st.Listen) {
		t.Fatalf("status prints\n%s", text)
	}
	title, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(st.Front.PID), "cmdline"))
	if want := filepath.Base(s.dir) + ": front gen 1\x00"; err != nil || !strings.HasPrefix(string(title), want) {
		t.Errorf("title %q, %v, want %q", title, err, want)
	}
	for _, p := range append(st.Workers, *st.Front) { // comm is the binary's name, for pgrep and killall
		if comm, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.PID), "comm")); err != nil || string(comm) != "tester\n" {
			t.Errorf("pid %d is %q, %v", p.PID, comm, err)
		}
	}
	for _, w := range st.Workers {
		title, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(w.PID), "cmdline"))
		want := filepath.Base(s.dir) + ": worker " + strconv.Itoa(w.ID) + " gen 1\x00"
		if err != nil || !strings.HasPrefix(string(title), want) {
			t.Errorf("title %q, %v, want %q", title, err, want)
		}
		for _, sig := range []syscall.Signal{syscall.SIGTTOU, syscall.SIGTTIN} {
			if !ignores(t, w.PID, sig) || !ignores(t, st.Front.PID, sig) {
				t.Errorf("a terminal would stop a child by %v", sig)
			}
		}
	}
	r.stop()
	closed, err := os.ReadFile(filepath.Join(s.dir, "closed"))
	if err != nil || strings.Count(string(closed), "\n") != 3 {
		t.Fatalf("Close ran in %q, %v, want three workers", closed, err)
	}
}

// ignores reports whether a process ignores a signal, by SigIgn of proc(5).
func ignores(t *testing.T, pid int, sig syscall.Signal) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "SigIgn:\t")
	word, _, _ := strings.Cut(after, "\n")
	mask, err := strconv.ParseUint(word, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return mask&(1<<(sig-1)) != 0
}

func TestStopLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	body := r.later("/until/later")
	s.await("the request has begun", func() bool { _, err := os.Stat(filepath.Join(s.dir, "later.begun")); return err == nil })
	r.cmd.Process.Signal(syscall.SIGTERM)
	s.await("the tree is stopping", func() bool { return strings.Contains(r.logText(), "stopping") })
	if err := os.WriteFile(filepath.Join(s.dir, "later"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-body; got != "done" {
		t.Fatalf("body %q", got)
	}
	<-r.ended
	if code := r.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	r.gone()
}

func TestQuickStop(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]syscall.Signal{
		"INT twice": {syscall.SIGINT, syscall.SIGINT},
		"QUIT":      {syscall.SIGQUIT},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "version=1")
			r := s.start("serve", "--listen", "127.0.0.1:0")
			go func() {
				if resp, err := http.Get(r.url + "/until/never"); err == nil {
					resp.Body.Close()
				}
			}()
			s.await("the request has begun", func() bool { _, err := os.Stat(filepath.Join(s.dir, "never.begun")); return err == nil })
			for i, sig := range signals {
				r.cmd.Process.Signal(sig)
				if i == 0 {
					s.await("the tree is stopping", func() bool { return strings.Contains(r.logText(), "stopping") })
				}
			}
			<-r.ended
			r.gone()
		})
	}
}

func TestKilledWorkersLoseNoGet(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	l := startLoad(t, 8, 0, r.url)
	for range 5 {
		l.flows(s, 50)
		victim := s.status().Workers[0]
		syscall.Kill(victim.PID, syscall.SIGKILL)
		s.await("the worker is replaced", func() bool {
			n := 0
			for _, w := range s.status().Workers {
				if w.State == ready && w.PID != victim.PID {
					n++
				}
			}
			return n == 2
		})
	}
	l.flows(s, 50)
	l.finish()
	restarts := 0
	for _, w := range s.status().Workers {
		restarts += w.Restarts
	}
	if restarts != 5 {
		t.Fatalf("status counts %d restarts, want 5", restarts)
	}
	r.stop()
}

func TestWorkerPanicIsLoggedAndReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	pid := s.status().Workers[0].PID
	if resp, err := http.Get(r.url + "/panic"); err == nil {
		resp.Body.Close()
	}
	s.await("a new worker serves", func() bool {
		w := s.status().Workers
		return len(w) == 1 && w[0].PID != pid && w[0].State == ready
	})
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	crash := crashFile(filepath.Join(s.dir, ".dram", "run"), pid)
	if text, err := os.ReadFile(crash); err != nil || !strings.Contains(string(text), "panic: the app's own goroutine") {
		t.Fatalf("crash file %q, %v", text, err)
	}
	if log := r.logText(); !strings.Contains(log, "worker 1 ended: exit status 2") || !strings.Contains(log, crash) {
		t.Fatal("the master's log does not say how the worker ended and where its last words are")
	}
	r.stop()
}

func TestKilledFrontIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	for range 2 {
		pid := s.status().Front.PID
		syscall.Kill(pid, syscall.SIGKILL)
		s.await("a new front serves", func() bool {
			f := s.status().Front
			return f != nil && f.PID != pid && f.State == ready
		})
		if got := r.get("/"); got != "version 1" {
			t.Fatalf("body %q", got)
		}
	}
	r.stop()
}

func TestKilledMasterLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	body := r.later("/until/later")
	s.await("the request has begun", func() bool { _, err := os.Stat(filepath.Join(s.dir, "later.begun")); return err == nil })
	r.cmd.Process.Kill()
	<-r.ended
	if err := os.WriteFile(filepath.Join(s.dir, "later"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-body; got != "done" {
		t.Fatalf("the request in flight got %q", got)
	}
	s.await("every process is gone", func() bool { return len(s.processes()) == 0 })

	// The socket that it left behind is in nobody's way.
	if _, code := s.call("status"); code != exitNotRunning {
		t.Fatalf("status after the master's death: exit code %d, want %d", code, exitNotRunning)
	}
	again := s.start("serve", "--listen", "127.0.0.1:0")
	again.get("/")
	again.stop()
}

func TestSecondMasterIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	out, code := s.call("serve", "--listen", "127.0.0.1:0")
	if want := "already running (pid " + strconv.Itoa(r.cmd.Process.Pid) + ")"; code != exitUsage || !strings.Contains(out, want) {
		t.Fatalf("exit code %d, want %q in\n%s", code, want, out)
	}
	r.get("/")
	r.stop()
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newSite(t, "version=1")
	out, code := s.call("serve", "--listen", l.Addr().String())
	want := "in use by " + processName(os.Getpid())
	if code != exitUsage || !strings.Contains(out, want) || !strings.Contains(out, "--listen") {
		t.Fatalf("exit code %d, want %q in\n%s", code, want, out)
	}
	if len(s.processes()) > 0 {
		t.Fatal("processes are left")
	}
}

func TestFailedStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ settings, file, want string }{
		"the app is broken":      {"new=fail", "", "function \"frobnicate\" not defined"},
		"migration":              {"migrate=fail", "", "near \"TABEL\": syntax error"},
		"worker says why":        {"start=fail", "", "the database is behind: run migrate up"},
		"worker panics":          {"start=panic", "", "panic: cannot start"},
		"worker hangs":           {"start=hang", "[workers]\nboot_timeout = \"2s\"\n", "did not become ready within 2s"},
		"unknown key":            {"", "[server]\nlisten = \"127.0.0.1:0\"\nlisen = 1\n", "dram.toml:3"},
		"nonsense in the config": {"", "server = 3\n", "dram.toml:1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.settings)
			if c.file != "" {
				if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, code := s.call("serve", "--listen", "127.0.0.1:0")
			if code != exitUsage || !strings.Contains(out, c.want) || strings.Contains(out, "listening on") {
				t.Fatalf("exit code %d, want %q in\n%s", code, c.want, out)
			}
			if len(s.processes()) > 0 {
				t.Fatal("processes are left")
			}
		})
	}
}

// A listener that os/exec made blocking again would freeze the front's accept
// for ever; each new process is a chance for that.
func TestListenerOfTheFrontStaysNonblocking(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	first := s.status().Workers[0].PID
	syscall.Kill(first, syscall.SIGKILL)
	s.await("the worker is replaced", func() bool {
		w := s.status().Workers
		return len(w) == 2 && w[0].PID != first && w[1].State == ready
	})
	r.get("/")
	r.stop() // ends only if the front's Accept does
}

func TestFrontAndGatewayApart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	gateway, _ := s.launch("gateway", "--workers", "2")
	t.Cleanup(func() { gateway.cmd.Process.Kill() })
	s.await("the gateway serves", func() bool { return strings.Contains(gateway.logText(), "fronts connect to") })
	front := s.start("front", "--listen", "127.0.0.1:0")
	if got := front.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	if st := s.status(); st.Fronts != 1 || st.Front != nil {
		t.Fatalf("status %+v", st)
	}
	l := startLoad(t, 4, 4, front.url)
	l.flows(s, 50)
	s.install("version=2")
	s.must("reload")
	l.flows(s, 50)
	l.finish()
	l.checkLedger(s.dir)
	if got := front.get("/"); got != "version 2" {
		t.Fatalf("body %q", got)
	}
	s.must("stop")
	<-gateway.ended
	front.cmd.Process.Signal(syscall.SIGTERM)
	<-front.ended
	front.gone()
}

// A change that came by one front is forgotten by the other, too.
func TestAChangeThroughAnotherFront(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	gateway, _ := s.launch("gateway", "--workers", "1")
	t.Cleanup(func() { gateway.cmd.Process.Kill() })
	s.await("the gateway serves", func() bool { return strings.Contains(gateway.logText(), "fronts connect to") })
	one, other := s.start("front", "--listen", "127.0.0.1:0"), s.start("front", "--listen", "127.0.0.1:0")
	s.await("both fronts are connected", func() bool { return s.status().Fronts == 2 })
	ask := func(r *running, method string) string {
		t.Helper()
		req, err := http.NewRequest(method, r.url+"/kept", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "qna.example"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s %s, %v", resp.Status, body, err)
		}
		return string(body)
	}
	// Until the first knows of the second, it tells nobody.
	s.await("a change is heard of", func() bool {
		before := ask(other, "GET")
		if again := ask(other, "GET"); again != before {
			t.Fatalf("%s is not kept: %s", before, again)
		}
		now := ask(one, "POST")
		if got := ask(one, "GET"); got != now {
			t.Fatalf("the front itself shows %s after %s", got, now)
		}
		deadline := time.Now().Add(time.Second)
		for time.Now().Before(deadline) {
			if ask(other, "GET") == now {
				return true
			}
		}
		return false
	})
	s.must("stop")
	<-gateway.ended
	for _, front := range []*running{one, other} {
		front.cmd.Process.Signal(syscall.SIGTERM)
		<-front.ended
	}
}

// One of two fronts hangs. The reload waits for it no longer than its lease,
// the log says so, and the other loses nothing. When it lives again, it
// connects again.
func TestReloadBesideAHungFront(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	gateway, _ := s.launch("gateway", "--workers", "2")
	t.Cleanup(func() { gateway.cmd.Process.Kill() })
	s.await("the gateway serves", func() bool { return strings.Contains(gateway.logText(), "fronts connect to") })
	well := s.start("front", "--listen", "127.0.0.1:0")
	hung := s.start("front", "--listen", "127.0.0.1:0")
	s.await("both fronts are connected", func() bool { return s.status().Fronts == 2 })
	if got := hung.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	hung.cmd.Process.Signal(syscall.SIGSTOP)
	l := startLoad(t, 4, 4, well.url)
	l.flows(s, 50)
	s.install("version=2")
	s.must("reload")
	l.flows(s, 50)
	l.finish()
	l.checkLedger(s.dir)
	if text := gateway.logText(); !strings.Contains(text, "is cut off: it hangs: it has not acknowledged a table for 10s") {
		t.Error("the log does not say that a front hangs")
	}
	hung.cmd.Process.Signal(syscall.SIGCONT)
	s.await("it is connected again", func() bool { return s.status().Fronts == 2 })
	s.await("it serves", func() bool {
		resp, err := http.Get(hung.url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return err == nil && string(body) == "version 2"
	})
	s.must("stop")
	<-gateway.ended
	for _, front := range []*running{well, hung} {
		front.cmd.Process.Signal(syscall.SIGTERM)
		<-front.ended
	}
	well.gone()
}

func TestFewFilesAreSaidAtTheStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.change = func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"sh", "-c", `ulimit -n 1000; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	if text := r.logText(); !strings.Contains(text, "few files may be open") || !strings.Contains(text, "limit=1000") {
		t.Error("the log does not say that few files may be open")
	}
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	r.stop()
}
