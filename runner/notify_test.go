package runner

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// manager is a service manager: it hears what is notified.
type manager struct {
	conn *net.UnixConn
	mu   sync.Mutex
	said []string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	m := &manager{conn: conn}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.said = append(m.said, strings.Split(string(b[:n]), "\n")[0])
			m.mu.Unlock()
		}
	}()
	return m
}

// heard are the notifications without those that only count.
func (m *manager) heard() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.said), func(line string) bool {
		return strings.HasPrefix(line, "STATUS=") || line == "WATCHDOG=1"
	})
}

func (m *manager) has(line string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.said, line)
}

func TestUnderAServiceManager(t *testing.T) {
	t.Parallel()
	manager := newManager(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[server]\nrun_dir = \"run\"\nstate_dir = \"var\"\n")
	s.env = []string{"NOTIFY_SOCKET=" + manager.conn.LocalAddr().String(), "WATCHDOG_USEC=100000", "LISTEN_FDS=1"}
	s.change = func(cmd *exec.Cmd) { // only the process itself knows its pid before it runs
		cmd.Args = append([]string{"sh", "-c", `export LISTEN_PID=$$; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.ExtraFiles = []*os.File{socket}
	}
	r := s.start("serve", "--workers", "1")
	if want := "http://" + l.Addr().String(); r.url != want {
		t.Fatalf("listening on %s, want the socket that was passed, %s", r.url, want)
	}
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	s.await("the watchdog is fed", func() bool { return manager.has("WATCHDOG=1") })
	s.await("the state is told", func() bool { return manager.has("STATUS=serving: generation 1, 1 of 1 workers") })
	s.install("version=2 start=fail")
	if _, code := s.call("reload"); code != exitRefused {
		t.Fatalf("exit code %d", code)
	}
	for _, name := range []string{"run/control.sock", "var/bin", "var/master.lock"} {
		if _, err := os.Stat(filepath.Join(s.dir, name)); err != nil {
			t.Error(err)
		}
	}
	s.must("stop")
	<-r.ended
	if _, err := os.Stat(filepath.Join(s.dir, ".dram")); err == nil {
		t.Error("there is a .dram, though other directories are set")
	}
	want := []string{"READY=1", "RELOADING=1", "READY=1", "STOPPING=1"}
	s.await("all is told", func() bool { return len(manager.heard()) >= len(want) })
	if got := manager.heard(); !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}

	// The socket has outlived the app: whoever connects now waits for the next.
	waiting := make(chan error, 1)
	go func() {
		resp, err := http.Get(r.url)
		if err == nil {
			resp.Body.Close()
		}
		waiting <- err
	}()
	s.install("version=1")
	again := s.start("serve", "--workers", "1")
	if err := <-waiting; err != nil {
		t.Fatalf("between stop and start: %v", err)
	}
	again.stop()
}

func TestNotifier(t *testing.T) {
	manager := newManager(t)
	environ := map[string]string{"NOTIFY_SOCKET": manager.conn.LocalAddr().String(), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "7"}
	get := func(name string) string { return environ[name] }
	n, err := newNotifier(get, 8)
	if err != nil || n.watchdog != 0 {
		t.Fatalf("the watchdog of another process: %v, %v", n, err)
	}
	if n, err = newNotifier(get, 7); err != nil || n.watchdog != 500*time.Millisecond {
		t.Fatalf("%v, %v", n, err)
	}
	now := time.Now()
	n.feed(now, false)
	n.feed(now, true)
	n.feed(now.Add(499*time.Millisecond), true)
	n.feed(now.Add(500*time.Millisecond), true)
	n.status("well")
	n.status("well")
	n.stopping()
	if !poll(func() bool { return manager.has("STOPPING=1") }) {
		t.Fatal("the last word was not heard")
	}
	manager.mu.Lock()
	defer manager.mu.Unlock()
	if want := []string{"WATCHDOG=1", "WATCHDOG=1", "STATUS=well", "STOPPING=1"}; !slices.Equal(manager.said, want) {
		t.Fatalf("said %v, want %v", manager.said, want)
	}
	if n, err := newNotifier(func(string) string { return "" }, 7); n != nil || err != nil {
		t.Fatalf("without a manager: %v, %v", n, err)
	}
	if _, err := newNotifier(func(string) string { return "relative" }, 7); err == nil {
		t.Fatal("a relative path is accepted")
	}
}

func TestWhenTheWatchdogIsFed(t *testing.T) {
	now := time.Now()
	of := func(phase phase, beat time.Duration) *state {
		s := newState(limits{Heartbeat: 10 * time.Second}, false)
		s.generation, s.target = 1, 1
		s.workers[1] = &process{ID: 1, Slot: 1, Generation: 1, Phase: phase, BeatAt: now.Add(-beat)}
		return s
	}
	dead := newState(limits{}, false)
	dead.generation, dead.target = 1, 1
	for name, c := range map[string]struct {
		s    *state
		want bool
	}{
		"beats":       {of(ready, time.Second), true},
		"silent":      {of(ready, time.Minute), false},
		"hangs":       {of(suspect, time.Minute), false},
		"starts":      {of(starting, time.Minute), true},
		"none at all": {dead, true},
	} {
		if got := c.s.lively(now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
