package runner

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"github.com/dram-go/dram/framework/config"
	"io/fs"
	"log/slog"
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

// TestAllOurFrontsMustHaveMoved before the old file may be compressed; one that
// has not said hello yet gets the new one.
func TestAllOurFrontsMustHaveMoved(t *testing.T) {
	m := &master{fronts: map[int]*child{1: {}, 2: {}, 3: {}}, peers: map[int]*peer{1: {}, 2: {}, 7: {}}}
	m.access.moved = map[int]int{1: 3, 2: 2}
	if m.allMoved(3) || !m.allMoved(2) {
		t.Errorf("moved to 3: %v, to 2: %v", m.allMoved(3), m.allMoved(2))
	}
	m.access.moved[2] = 4
	if !m.allMoved(3) {
		t.Error("all have moved")
	}
}

// TestTheMasterKeepsOneLogFileOpen, however often they are rotated, and leaves
// it alone while settings name the same.
func TestTheMasterKeepsOneLogFileOpen(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Log.AccessFile = "access.log"
	m := &master{masterOptions: masterOptions{log: slog.New(slog.DiscardHandler)}, serving: conf}
	for range 3 {
		before := m.access.file
		if before != nil {
			if err := m.reopenLogs("test"); err != nil {
				t.Fatal(err)
			}
		}
		m.followAccessLog(conf)
		if m.access.file == nil || m.access.file == before {
			t.Fatal("the file was not opened anew")
		}
		if before != nil && before.Close() == nil {
			t.Error("the one before stays open")
		}
		same := m.access.file
		if m.followAccessLog(conf); m.access.file != same {
			t.Error("the same file is opened anew without need")
		}
	}
	m.access.file.Close()
}
