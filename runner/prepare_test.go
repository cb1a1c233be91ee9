package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// A deployment may put anything in the place of the binary. The master only
// refuses it; nothing there may stop or fill it.
func TestReloadRefusesWhatIsNoBinary(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[workers]\nboot_timeout = \"2s\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	cli := filepath.Join(s.dir, "cli")
	if err := os.Link(s.binary, cli); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		put        func() error
	}{
		{"a FIFO", "is no regular file", func() error { return syscall.Mkfifo(s.binary, 0o700) }},
		{"a directory", "is no regular file", func() error { return os.Mkdir(s.binary, 0o700) }},
		{"no program", "the new binary cannot be run: exec format error", func() error {
			return os.WriteFile(s.binary, []byte("half a download"), 0o700)
		}},
		{"endless output", "more than 4 MiB", func() error {
			return os.WriteFile(s.binary, []byte("#!/bin/sh\nexec yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"), 0o700)
		}},
		{"a program that hangs", "did not end within 2s (workers.boot_timeout)", func() error {
			return os.WriteFile(s.binary, []byte("#!/bin/sh\nexec sleep 1000\n"), 0o700)
		}},
	} {
		if err := os.Remove(s.binary); err != nil {
			t.Fatal(err)
		}
		if err := c.put(); err != nil {
			t.Fatal(err)
		}
		out, code := s.callBy(cli, "reload")
		if code != exitRefused || !strings.Contains(out, c.want) {
			t.Fatalf("%s: exit code %d, want %q in\n%s", c.name, code, c.want, out)
		}
		if got := r.get("/"); got != "version 1" {
			t.Fatalf("%s: now serving %q", c.name, got)
		}
	}
	os.Remove(s.binary)
	s.install("version=2 new=hang")
	if out, code := s.call("reload"); code != exitRefused || !strings.Contains(out, "did not end within 2s") {
		t.Fatalf("an app that hangs: exit code %d\n%s", code, out)
	}
	s.install("version=2")
	s.must("reload")
	if st := s.status(); st.Generation != 2 {
		t.Fatalf("generation %d: failed reloads have used up numbers", st.Generation)
	}
	r.stop()
}

// Ctrl-C on a reload that hangs must not leave the app unable to reload.
func TestReloadIsCalledOffWithItsCommand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[workers]\nboot_timeout = \"10m\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	s.install("version=2 new=hang")
	hanging, _ := s.launch("reload")
	s.await("the reload hangs", func() bool { return s.runs(": assets") })
	hanging.cmd.Process.Signal(syscall.SIGINT)
	<-hanging.ended
	s.await("it is called off", func() bool { st := s.status(); return st.State == "serving" && st.Reload != nil })
	if st := s.status(); st.Reload.OK || !strings.Contains(st.Reload.Reason, "went away") {
		t.Fatalf("status keeps %+v", st.Reload)
	}
	s.install("version=2")
	s.must("reload")
	if got := r.get("/"); got != "version 2" {
		t.Fatalf("body %q", got)
	}
	r.stop()
}

func TestHangupWhileStoppingDeploysNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	body := r.later("/until/later")
	s.await("the request has begun", func() bool { _, err := os.Stat(filepath.Join(s.dir, "later.begun")); return err == nil })
	s.install("migrate=hang")
	r.cmd.Process.Signal(syscall.SIGTERM)
	s.await("the tree is stopping", func() bool { return strings.Contains(r.logText(), "stopping") })
	r.cmd.Process.Signal(syscall.SIGHUP)
	s.await("the reload is refused", func() bool { return strings.Contains(r.logText(), "reload by signal refused") })
	s.write("later", "")
	if got := <-body; got != "done" {
		t.Fatalf("body %q", got)
	}
	<-r.ended
	r.gone()
	if got := s.lines("migrating"); len(got) != 0 {
		t.Fatalf("migrated while stopping: %v", got)
	}
}

func TestStopCancelsAPreparation(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	s.install("migrate=hang")
	r.cmd.Process.Signal(syscall.SIGHUP)
	s.await("it migrates", func() bool { return len(s.lines("migrating")) == 1 })
	r.stop()
}

func TestLongMigrationSaysThatItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan string, 10)
		end := preparation{say: func(text string) { said <- text }}.stillRunning("migrating", migrationBeat)
		time.Sleep(2*migrationBeat + time.Second)
		end()
		time.Sleep(time.Hour)
		var lines []string
		for range len(said) {
			lines = append(lines, <-said)
		}
		if want := []string{"still migrating (10s)", "still migrating (20s)"}; !slices.Equal(lines, want) {
			t.Fatalf("said %q, want %q", lines, want)
		}
	})
}

// A process that is forked while a binary is being copied holds the copy open
// for a moment, and nothing can run it then.
func TestKeptBinaryCanRunAtOnce(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "script")
	end := make(chan struct{})
	var forking sync.WaitGroup
	for range 2 {
		forking.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
					exec.Command("/bin/true").Run()
				}
			}
		})
	}
	defer forking.Wait()
	defer close(end)
	theirs, ours, err := newLifeline()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	defer ours.Close()
	p := preparation{masterOptions: masterOptions{conf: config.Default(dir), stderr: io.Discard}, life: theirs}
	for i := range 200 {
		if err := os.WriteFile(source, []byte("#!/bin/sh\nexit 0 # "+strings.Repeat("x", i)), 0o700); err != nil {
			t.Fatal(err)
		}
		path, _, err := keepBinary(source, filepath.Join(dir, "bin"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.role(t.Context(), generation{binary: path}, "test", ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeepBinaryMendsADamagedCopy(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "app")
	if err := os.WriteFile(source, []byte("whole"), 0o700); err != nil {
		t.Fatal(err)
	}
	path, build, err := keepBinary(source, filepath.Join(dir, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keepBinary(source, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	if got, err := buildID(path); err != nil || got != build {
		t.Fatalf("the kept copy has build %s, %v, want %s", got, err, build)
	}
}

// An app that cannot serve, for want of a secret for instance, must not change
// its database.
func TestAnAppThatCannotServeDoesNotMigrate(t *testing.T) {
	t.Parallel()
	const want = "there is no secret to seal sessions with"
	s := newSite(t, "version=1 check=fail")
	out, code := s.call("serve", "--listen", "127.0.0.1:0", "--workers", "2")
	if code != exitUsage || strings.Count(out, want) != 1 {
		t.Fatalf("serve: exit code %d\n%s", code, out)
	}
	if got := s.lines("migrated"); len(got) != 0 {
		t.Fatalf("serve has migrated: %v", got)
	}
	s.install("version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	s.install("version=2 check=fail")
	if out, code := s.call("reload"); code != exitRefused || strings.Count(out, want) != 1 {
		t.Fatalf("reload: exit code %d\n%s", code, out)
	}
	if got := s.lines("migrated"); !slices.Equal(got, []string{"1"}) {
		t.Fatalf("reload has migrated: %v", got)
	}
	r.stop()
}

func TestDestructiveMigrationsHinderNoFirstStart(t *testing.T) {
	drops := fmt.Errorf("checking the database: %w", &db.DestructiveError{})
	other := errors.New("no secret")
	app := checked(func() error { return errors.Join(drops, nil) })
	if err := checkApp(t.Context(), app, false); err != nil {
		t.Errorf("first start: %v", err)
	}
	if err := checkApp(t.Context(), app, true); err == nil {
		t.Error("a build that serves would break")
	}
	app = checked(func() error { return errors.Join(other, drops) })
	if err := checkApp(t.Context(), app, false); !errors.Is(err, other) || errors.Is(err, drops) {
		t.Errorf("two faults: %v", err)
	}
}

// checked is an app with a check.
type checked func() error

func (c checked) Check(context.Context) error                  { return c() }
func (c checked) ServeHTTP(http.ResponseWriter, *http.Request) {}
