package runner

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRotatedLogsLoseNoLine does what logrotate does, under load, and replaces
// the front meanwhile.
func TestRotatedLogsLoseNoLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[log]\naccess = \"json\"\naccess_file = \"access.log\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	l := startLoad(t, 2, 2, r.url)
	current := filepath.Join(s.dir, "access.log")
	rotate := func(n int, reopen func()) {
		l.flows(s, 50)
		if err := os.Rename(current, fmt.Sprintf("%s.%d", current, n)); err != nil {
			t.Fatal(err)
		}
		l.flows(s, 50) // into the renamed file
		reopen()
		s.await("the new file is in use", func() bool {
			info, err := os.Stat(current)
			return err == nil && info.Size() > 0
		})
	}
	rotate(1, func() { s.must("logs", "reopen") })
	size := lineCount(t, current+".1")
	rotate(2, func() { r.cmd.Process.Signal(syscall.SIGUSR1) })
	s.must("upgrade")
	rotate(3, func() { r.cmd.Process.Signal(syscall.SIGUSR1) })
	l.flows(s, 50)
	l.finish()
	if got := lineCount(t, current+".1"); got != size {
		t.Errorf("%d lines came after `logs reopen` had said that the old file is left", got-size)
	}
	r.stop()
	total := lineCount(t, current)
	for n := range 3 {
		total += lineCount(t, fmt.Sprintf("%s.%d", current, n+1))
	}
	probes := strings.Count(r.logText(), "msg=request") // standard error gets none
	if total != int(l.answered.Load()) || probes != 0 {
		t.Errorf("%d lines about %d requests, %d on standard error", total, l.answered.Load(), probes)
	}
}

// lineCount counts the lines of a log, each of which must be whole.
func lineCount(t *testing.T, path string) (n int) {
	t.Helper()
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); n++ {
		var line struct{ Method, Path, Msg string }
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil || line.Msg != "request" {
			t.Fatalf("%s:%d: %q, %v", path, n+1, scan.Text(), err)
		}
	}
	return n
}

// TestReloadMovesTheAccessLog: other settings name another file, or one that
// cannot be opened, which refuses them.
func TestReloadMovesTheAccessLog(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	r.get("/")
	s.await("standard error has it", func() bool { return strings.Contains(r.logText(), "msg=request") })
	s.write("dram.toml", "[log]\naccess_file = \"logs/access.log\"\n")
	if out, code := s.call("reload"); code != exitRefused || !strings.Contains(out, "dram.toml:2: log.access_file: there is no directory ") {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	s.write("dram.toml", "[log]\naccess = \"json\"\naccess_file = \"access.log\"\n")
	s.must("reload")
	said := strings.Count(r.logText(), "msg=request")
	r.get("/")
	s.await("the file has it", func() bool {
		info, err := os.Stat(filepath.Join(s.dir, "access.log"))
		return err == nil && info.Size() > 0
	})
	if got := strings.Count(r.logText(), "msg=request"); got != said {
		t.Errorf("standard error got %d more lines", got-said)
	}
	r.stop()
}
