package runner

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestReloadUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=0")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	front := s.status().Front.PID
	l := startLoad(t, 4, 4, r.url)
	for i := 1; i <= 10; i++ {
		l.flows(s, 20)
		s.install(fmt.Sprintf("version=%d", i))
		out := s.must("reload")
		if want := fmt.Sprintf("generation %d", i+1); !strings.Contains(out, want) {
			t.Fatalf("reload printed\n%s", out)
		}
		if got := r.get("/"); got != fmt.Sprintf("version %d", i) {
			t.Fatalf("after reload %d: %q", i, got)
		}
	}
	l.flows(s, 20)
	l.finish()
	l.checkLedger(s.dir)
	st := s.status()
	if st.Generation != 11 || len(st.Workers) != 2 || st.Front.PID != front || st.Reload == nil || !st.Reload.OK {
		t.Fatalf("status %+v", st)
	}
	kept, err := os.ReadDir(filepath.Join(s.dir, ".dram", "state", "bin"))
	if err != nil || len(kept) != keepBinaries {
		t.Fatalf("%d binaries are kept, %v, want %d", len(kept), err, keepBinaries)
	}
	r.stop()
}

func TestFailedReloadKeepsServing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	l := startLoad(t, 4, 4, r.url)
	before := s.status()
	toml := filepath.Join(s.dir, "dram.toml")
	for _, c := range []struct{ name, settings, file, want string }{
		{"the app is broken", "version=2 new=fail", "", "function \"frobnicate\" not defined"},
		{"migration", "version=2 migrate=fail", "", "near \"TABEL\": syntax error"},
		{"worker says why", "version=2 start=fail", "", "the database is behind: run migrate up"},
		{"worker panics", "version=2 start=panic", "", "panic: cannot start"},
		{"worker hangs", "version=2 start=hang", "[workers]\nboot_timeout = \"2s\"\n", "did not become ready within 2s"},
		{"unknown key", "version=2", "[server]\nlisen = 1\n", "dram.toml:2"},
		{"no binary", "", "", "there is no binary at " + s.binary},
	} {
		l.flows(s, 20)
		if err := os.WriteFile(toml, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		s.install(c.settings)
		caller := s
		if c.settings == "" {
			caller = newSite(t, "") // the command line must come from somewhere
			caller.dir = s.dir
			os.Remove(s.binary)
		}
		out, code := caller.call("reload")
		if code != exitRefused || !strings.Contains(out, c.want) {
			t.Fatalf("%s: exit code %d, want %q in\n%s", c.name, code, c.want, out)
		}
		if got := r.get("/"); got != "version 1" {
			t.Fatalf("%s: now serving %q", c.name, got)
		}
	}
	l.flows(s, 20)
	l.finish()
	l.checkLedger(s.dir)
	os.Remove(toml)
	s.install("version=2")
	after := s.status()
	for i := range before.Workers {
		if after.Workers[i].PID != before.Workers[i].PID {
			t.Errorf("worker was %+v, is %+v", before.Workers[i], after.Workers[i])
		}
	}
	if after.Reload == nil || after.Reload.OK || !strings.Contains(after.Reload.Reason, "there is no binary") {
		t.Fatalf("status keeps %+v, want the last failure", after.Reload)
	}
	s.must("reload")
	if got := r.get("/"); got != "version 2" {
		t.Fatalf("after the mended reload: %q", got)
	}
	r.stop()
}

func TestTwoReloadsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	var both sync.WaitGroup
	codes := make([]int, 2)
	// The first one hangs in its workers' start until the second was refused.
	s.install("version=2 start=hang")
	both.Go(func() { _, codes[0] = s.call("reload") })
	s.await("the reload has begun", func() bool { return s.status().State == "reloading" })
	_, codes[1] = s.call("reload")
	if codes[1] != exitBusy {
		t.Errorf("the second reload: exit code %d, want %d", codes[1], exitBusy)
	}
	r.stop()
	both.Wait()
	if codes[0] != exitRefused {
		t.Errorf("the reload that a stop ended: exit code %d, want %d", codes[0], exitRefused)
	}
}

func TestReloadBySignal(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[server]\nkeep_alive = \"1s\"\ndrain_delay = \"10m\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	s.install("version=2")
	r.cmd.Process.Signal(syscall.SIGHUP)
	s.await("the new generation serves", func() bool { st := s.status(); return st.Generation == 2 && st.State == "serving" })
	if got := r.get("/"); got != "version 2" {
		t.Fatalf("body %q", got)
	}
	if st := s.status(); len(st.Workers) != 1 {
		t.Fatalf("%d workers, want the one of --workers", len(st.Workers))
	}
	front := s.status().Front.PID
	s.install("version=3")
	r.cmd.Process.Signal(syscall.SIGUSR2)
	s.await("a new front serves", func() bool {
		st := s.status()
		return st.Generation == 3 && st.State == "serving" && st.Front.PID != front && len(st.OldFronts) == 0
	})
	if got := r.get("/"); got != "version 3" {
		t.Fatalf("body %q", got)
	}
	r.cmd.Process.Signal(syscall.SIGTTIN)
	s.await("there are 2 workers", func() bool { st := s.status(); return len(st.Workers) == 2 && st.State == "serving" })
	r.cmd.Process.Signal(syscall.SIGTERM) // server.drain_delay goes before the end
	s.await("clients are told to go elsewhere", func() bool { return s.status().State == "draining" })
	if got := r.get("/"); got != "version 3" {
		t.Fatalf("while draining: body %q", got)
	}
	r.cmd.Process.Signal(syscall.SIGTERM)
	<-r.ended
	r.gone()
}

func TestReloadTakesNewSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	front := s.status().Front.PID
	if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte("[server]\nmax_body = 4\n[workers]\ncount = 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.must("reload")
	if st := s.status(); len(st.Workers) != 3 || st.Front.PID != front {
		t.Fatalf("%d workers, want 3; front %d, want %d", len(st.Workers), st.Front.PID, front)
	}
	s.await("the front goes by them", func() bool {
		resp, err := http.Post(r.url, "text/plain", strings.NewReader("12345"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusRequestEntityTooLarge
	})
	r.stop()
}

func TestAssetsOfBothGenerationsAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	old := r.get("/asset")
	s.install("version=2")
	s.must("reload")
	for _, path := range []string{old, r.get("/asset")} {
		version := "1"
		if path != old {
			version = "2"
		}
		if got, want := r.get(path), "/* "+version+" */"; got != want {
			t.Errorf("GET %s: %q, want %q", path, got, want)
		}
	}
	r.stop()
}
