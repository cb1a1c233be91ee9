package runner

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// Somebody removes .dram/run to get rid of a socket that looks stale.
func TestRemovedRunDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	run := filepath.Join(s.dir, ".dram", "run")
	if err := os.RemoveAll(run); err != nil {
		t.Fatal(err)
	}
	out, code := s.call("serve", "--listen", "127.0.0.1:0")
	if want := "already running (pid " + strconv.Itoa(r.cmd.Process.Pid) + ")"; code != exitUsage || !strings.Contains(out, want) {
		t.Fatalf("a second master: exit code %d, want %q in\n%s", code, want, out)
	}
	s.await("the master is reachable again", func() bool { _, code := s.call("status"); return code == exitOK })
	r.stop()
}

func TestReleaseLeavesTheSocketOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app", ".dram", "run")
	d, err := claimRunDir(path, filepath.Dir(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := control.Bind(d.socketPath())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	d.release()
	if _, err := os.Lstat(d.socketPath()); err != nil {
		t.Fatalf("the other one's socket: %v", err)
	}
}

func TestRunDirectoryThatIsALink(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.Mkdir(victim, 0o755); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(victim, control.SocketName)
	if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(dir, ".dram", "run")
	if err := os.Mkdir(filepath.Dir(run), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, run); err != nil {
		t.Fatal(err)
	}
	if _, err := claimRunDir(run, filepath.Dir(run), nil); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Fatalf("%v, want a refusal", err)
	}
	info, err := os.Stat(victim)
	if text, _ := os.ReadFile(precious); err != nil || info.Mode().Perm() != 0o755 || string(text) != "precious" {
		t.Fatalf("the directory behind the link has mode %v, its file says %q", info.Mode(), text)
	}
	if os.Getuid() != 0 {
		return // only root can give a directory away
	}
	foreign := filepath.Join(dir, "other", "run")
	if err := os.MkdirAll(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(foreign, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := claimRunDir(foreign, filepath.Dir(foreign), nil); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Fatalf("%v, want a refusal", err)
	}
}

// Connections that say nothing keep no command away.
func TestSilentControlConnections(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	conf := config.Default(s.dir)
	var silent []*control.Conn
	for range 3 * maxGreetings {
		conn, err := control.Dial(t.Context(), filepath.Join(conf.RunDir(), control.SocketName))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
	}
	s.status()
	// The oldest had to go long before their time was over.
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", r.cmd.Process.Pid))
	if err != nil || len(files) > maxGreetings+64 {
		t.Fatalf("the master holds %d descriptors open, %v", len(files), err)
	}
	// A hello may have come before the end; nothing may come after it.
	silent[0].Unix().SetReadDeadline(time.Now().Add(patience))
	if _, _, err := silent[0].Receive(); err == nil {
		if _, _, err := silent[0].Receive(); err == nil {
			t.Fatal("a silent connection was answered")
		}
	}
	r.stop()
	if text := r.logText(); strings.Contains(text, "closed network connection") {
		t.Fatalf("the log is full of it:\n%s", text)
	}
}

func TestSecondInterruptEndsALoneFront(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	gateway, _ := s.launch("gateway", "--workers", "1")
	t.Cleanup(func() { gateway.cmd.Process.Kill() })
	s.await("the gateway serves", func() bool { return strings.Contains(gateway.logText(), "fronts connect to") })
	s.write("front.toml", "[workers]\ngraceful_timeout = \"10m\"\n")
	front := s.start("front", "--listen", "127.0.0.1:0", "--config", "front.toml")
	conn, err := net.Dial("tcp", strings.TrimPrefix(front.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /until/never HTTP/1.1\r\nHost: x\r\n\r\n")
	s.await("the request has begun", func() bool { _, err := os.Stat(filepath.Join(s.dir, "never.begun")); return err == nil })
	front.cmd.Process.Signal(syscall.SIGINT)
	s.await("nobody is accepted any more", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(front.url, "http://"))
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	front.cmd.Process.Signal(syscall.SIGINT)
	<-front.ended
	if answer, _ := io.ReadAll(conn); strings.Contains(string(answer), "done") {
		t.Fatal("the second interrupt let the request finish")
	}
	s.must("stop", "--quick")
}

func TestFrontSaysWhyItDoesNotStart(t *testing.T) {
	m := &master{dir: &runDir{path: t.TempDir()}, state: newState(testLimits, true), fronts: map[int]*child{1: {status: "exit status 1"}}}
	m.state.frontStarted(process{ID: 1}, time.Now())
	m.fromFront(1, control.Message{Kind: control.KindFailed, Body: []byte(`{"reason":"no listener"}`)})
	if got := m.deathReason(*m.state.front(), m.fronts[1]); got != "front did not start: no listener" {
		t.Fatalf("the reason is %q", got)
	}
	m.check(m.state.frontReady(1, time.Now()))
	if got := m.deathReason(*m.state.front(), m.fronts[1]); got != "front ended: no listener" {
		t.Fatalf("after it served, the reason is %q", got)
	}
}
