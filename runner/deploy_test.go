package runner

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUpgradeAndRollbackLoseNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[server]\nkeep_alive = \"2s\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	if out, code := s.call("rollback"); code != exitRefused || !strings.Contains(out, "no generation to go back to") {
		t.Fatalf("the first generation: exit code %d\n%s", code, out)
	}
	before := s.status()
	l := startLoad(t, 4, 4, r.url)
	l.flows(s, 50)
	s.install("version=2")
	if out := s.must("upgrade"); !strings.Contains(out, "with a new front") {
		t.Fatalf("upgrade says\n%s", out)
	}
	l.flows(s, 50)
	s.await("the old front has gone", func() bool { st := s.status(); return len(st.OldFronts) == 0 && st.Fronts == 1 })
	after := s.status()
	if after.Front == nil || after.Front.PID == before.Front.PID || after.Front.Generation != 2 || after.Previous != before.Build {
		t.Fatalf("front %+v was %+v; rollback to %s", after.Front, before.Front, after.Previous)
	}
	if got := r.get("/"); got != "version 2" {
		t.Fatalf("body %q", got)
	}
	if out := s.must("rollback"); !strings.Contains(out, "migrations are never taken back") {
		t.Fatalf("rollback says\n%s", out)
	}
	l.flows(s, 50)
	l.finish()
	l.checkLedger(s.dir)
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("after the rollback: %q", got)
	}
	if st := s.status(); st.Build != before.Build || st.Previous != after.Build || st.Reload.Kind != "rollback" {
		t.Fatalf("status %+v", st)
	}
	s.await("migrations have followed", func() bool { return slices.Contains(s.lines("followed"), "2") })
	if got := s.lines("migrated"); !slices.Equal(got, []string{"1", "2"}) {
		t.Fatalf("migrated: %v, want nothing at the rollback", got)
	}
	r.stop()
}

func TestGenerationThatIsNoGoodIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.env = []string{"DRAM_RELOAD_SOAK=3s"}
	r := s.start("serve", "--listen", "127.0.0.1:0")
	l := startLoad(t, 4, 0, r.url)
	for _, c := range []struct{ name, settings, want string }{
		{"pages that fail", "version=2 page=500", "GET / was answered 500"},
		{"a worker that dies in the soak", "version=2 die=1500ms", "panic: an index out of range"},
	} {
		l.flows(s, 20)
		s.install(c.settings)
		out, code := s.call("reload")
		if code != exitRefused || !strings.Contains(out, c.want) || !strings.Contains(out, "taking generation 2 back") || !strings.HasSuffix(out, "What served before serves on\n") {
			t.Fatalf("%s: exit code %d, want %q in\n%s", c.name, code, c.want, out)
		}
		if got := r.get("/"); got != "version 1" {
			t.Fatalf("%s: serving %q", c.name, got)
		}
		text := s.must("status")
		if !strings.Contains(text, "last reload") || !strings.Contains(text, c.want) {
			t.Fatalf("%s: status says\n%s", c.name, text)
		}
		t.Logf("%s: status says\n%s", c.name, text)
	}
	l.flows(s, 20)
	l.finish()
	if st := s.status(); st.Generation != 1 || len(st.Workers) != 2 || st.State != "serving" {
		t.Fatalf("status %+v", st)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, ".dram", "state", "bin", "*")); len(left) == 0 {
		t.Fatal("the held copy is gone")
	}
	r.stop()
}
