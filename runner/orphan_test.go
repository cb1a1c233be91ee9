package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whatever hangs in the processes of a tree, none of them outlives a master
// that was killed.
func TestKilledMasterLeavesNothingThatHangs(t *testing.T) {
	t.Parallel()
	const quickly = "[workers]\nboot_timeout = \"10m\"\ngraceful_timeout = \"1s\"\n"
	for name, c := range map[string]struct{ first, next, seen string }{
		"making the app for its files": {"version=1", "version=2 new=hang", ": assets"},
		"migration":                    {"version=1", "version=2 migrate=hang", ": migrate"},
		"start of a worker":            {"version=1", "version=2 start=hang", ": worker 3"},
		"close of a worker":            {"version=1 close=hang", "", ": worker 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.first)
			s.write("dram.toml", quickly)
			r := s.start("serve", "--listen", "127.0.0.1:0")
			if c.next != "" {
				s.install(c.next)
				r.cmd.Process.Signal(syscall.SIGHUP)
			}
			s.await("the process that will hang runs", func() bool { return s.runs(c.seen) })
			r.cmd.Process.Kill()
			<-r.ended
			s.await("every process is gone", func() bool { return len(s.processes()) == 0 })
			if text := r.logText(); strings.Contains(text, "front: the master is gone") {
				t.Errorf("the front takes the master's death for its own fault:\n%s", text)
			}
		})
	}
}

// The migration of a killed master may still run when the next master starts.
func TestMigrationsOfTwoProcessesDoNotOverlap(t *testing.T) {
	t.Parallel()
	s := newSite(t, "migrate=hang")
	first, _ := s.launch("migrate", "up")
	s.await("the migration runs", func() bool { return len(s.lines("migrating")) == 1 })
	s.install("version=1 migrate=hang")
	second, _ := s.launch("migrate", "up")
	s.await("the second one waits", func() bool {
		return strings.Contains(second.logText(), "waiting for another process that migrates")
	})
	if got := s.lines("migrating"); len(got) != 1 {
		t.Fatalf("migrating at the same time: %v", got)
	}
	first.cmd.Process.Kill()
	<-first.ended
	s.await("the second one migrates", func() bool { return len(s.lines("migrating")) == 2 })
	second.cmd.Process.Kill()
	<-second.ended
}

// write puts a file into the site.
func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// lines are those of a file of the site, none when there is no file.
func (s *site) lines(name string) []string {
	text, _ := os.ReadFile(filepath.Join(s.dir, name))
	return strings.Fields(string(text))
}

// runs reports whether a process of the site has this in its title.
func (s *site) runs(title string) bool {
	for _, pid := range s.processes() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.Contains(string(text), title) {
			return true
		}
	}
	return false
}
