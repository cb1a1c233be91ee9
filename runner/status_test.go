package runner

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/control"
)

func TestStatusOfWorkersThatWait(t *testing.T) {
	now := time.Now()
	s := newState(limits{}, true)
	s.generation, s.target = 1, 2
	s.fronts[1] = &process{ID: 1, Phase: ready}
	s.workers[1] = &process{ID: 1, Slot: 1, Generation: 1, Phase: ready}
	s.workers[2] = &process{ID: 2, Slot: 2, Generation: 1, Phase: ready}
	if got := s.health(); got != "serving" || s.waiting() != nil {
		t.Errorf("with all workers: %s, %v", got, s.waiting())
	}
	delete(s.workers, 2)
	s.slots[2] = &slot{restarts: 8, notAt: now.Add(12 * time.Second), diedAt: now}
	var b strings.Builder
	status{App: "tester", State: s.health(), Waiting: s.waiting()}.write(&b, now)
	if got := b.String(); !strings.Contains(got, "tester degraded") || !strings.Contains(got, "restarting in 12s, 8 deaths") {
		t.Errorf("with one worker:\n%s", got)
	}
	delete(s.workers, 1)
	s.slots[1] = &slot{restarts: 1, notAt: now.Add(time.Second), diedAt: now}
	if got := s.health(); got != "down" || len(s.waiting()) != 2 {
		t.Errorf("without workers: %s, %v", got, s.waiting())
	}
}

// What an operator sees while a reload rolls, one worker draining for a stream.
func TestStatusDuringAReload(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	s := status{
		App: "qna", State: "reloading", PID: 4001, Build: "8a34a093d576", Generation: 6, Listen: "0.0.0.0:443", Addresses: []string{"http://0.0.0.0:443"}, User: "www",
		Since: ago(50 * time.Hour), CPU: 130, RSS: 12 << 20, Target: 2, Fronts: 1,
		Front: &processStatus{Generation: 6, PID: 4010, State: ready, Started: ago(26 * time.Hour), CPU: 81.25, RSS: 40 << 20},
		Workers: []processStatus{
			{ID: 11, Generation: 6, PID: 4011, State: draining, Started: ago(26 * time.Hour), Since: ago(5 * time.Second), Until: now.Add(25 * time.Second), InFlight: 1, Requests: 123456, RSS: 64 << 20},
			{ID: 12, Generation: 6, PID: 4012, State: ready, Started: ago(26 * time.Hour), InFlight: 12, Requests: 98765, Failed: 3, RSS: 65 << 20, Restarts: 1,
				Oldest: &control.Busy{Method: "GET", Path: "/report", Begun: ago(12 * time.Second)}},
			{ID: 13, Generation: 7, PID: 5013, State: ready, Started: ago(6 * time.Second), Requests: 40, RSS: 30 << 20},
			{ID: 14, Generation: 7, PID: 5014, State: starting, Started: ago(time.Second), Since: ago(time.Second)},
		},
		Rollout: &rolloutStatus{Kind: "reload", Generation: 7, Build: "049c4e662fb8", Step: "rolling", Began: ago(8 * time.Second), Ready: 1, Target: 2},
	}
	var b strings.Builder
	s.write(&b, now)
	want := `qna reloading on http://0.0.0.0:443 as user www, generation 6, build 8a34a093d576

PROCESS    GEN   PID  STATE                  AGE    CPU  MEMORY  NOW  REQUESTS  FAILED  RESTARTS  OLDEST REQUEST
master          4001  reloading            2d02h  2m10s  12 MiB
front        6  4010  ready               26h00m  81.2s  40 MiB                                0
worker 11    6  4011  draining, 25s left  26h00m   0.0s  64 MiB    1    123456       0         0
worker 12    6  4012  ready               26h00m   0.0s  65 MiB   12     98765       3         1  GET /report for 12s
worker 13    7  5013  ready                   6s   0.0s  30 MiB    0        40       0         0
worker 14    7  5014  starting for 1s         1s   0.0s            0         0       0         0

reload to generation 7 (build 049c4e662fb8) for 8s: rolling, 1 of 2 new workers serve
`
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Error(d)
	}
	s.Rollout = &rolloutStatus{Kind: "rollback", Generation: 7, Step: "preparing", Doing: "migrating", Began: ago(70 * time.Second)}
	s.Reload = &reloadStatus{Kind: "reload", Generation: 7, Build: "049c4e662fb8", At: ago(time.Hour), Reason: "worker 13 ended: exit status 2\n  panic: no"}
	s.Previous = "777777777777"
	s.Workers[0].Streams = []control.Busy{{ID: "ocbw", Method: "GET", Path: "/events", Begun: ago(90 * time.Minute)}}
	b.Reset()
	s.write(&b, now)
	want = `
rollback to generation 7 for 1m10s: migrating

last reload 1h00m ago, to generation 7 (build 049c4e662fb8), failed, and what served before serves on:
  worker 13 ended: exit status 2
    panic: no
rollback goes back to build 777777777777

STREAM OF    AGE  REQUEST      ID
worker 11  1h30m  GET /events  ocbw
`
	if !strings.HasSuffix(b.String(), want) {
		t.Errorf("got\n%s\nexpected at the end\n%s", b.String(), want)
	}
}

func TestBrief(t *testing.T) {
	eight := strings.TrimSuffix(strings.Repeat("x\n", 8), "\n")
	if got := brief(eight); got != eight {
		t.Errorf("eight lines: %q", got)
	}
	if got := brief(eight + "\ny"); strings.Contains(got, "y") || strings.Count(got, "\n") != 8 {
		t.Errorf("nine lines: %q", got)
	}
}

func TestFitOnATerminal(t *testing.T) {
	text := "head\n\n\tin\nlonger than ten\nlast\n"
	for _, c := range []struct {
		columns, rows int
		want          string
	}{
		{0, 0, "head||    in|longer than ten|last"},
		{10, 5, "head||    in|longer th…|last"},
		{10, 3, "head||… 3 more …"},
	} {
		got := strings.ReplaceAll(strings.ReplaceAll(fit(text, c.columns, c.rows), clearLine, ""), "\n", "|")
		if got != c.want {
			t.Errorf("%d × %d: %q, expected %q", c.columns, c.rows, got, c.want)
		}
	}
}

// pseudoTerminal is the pair of a terminal's ends (pts(4)).
func pseudoTerminal(t *testing.T, columns, rows uint16) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(theirs.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// shown collects what a program writes to a terminal.
type shown struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shown) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shown) has(text string) bool { return strings.Contains(s.all(), text) }

func (s *shown) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestWatchOnATerminal(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	ours, theirs := pseudoTerminal(t, 60, 10)
	cmd := s.command("status", "--watch")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	theirs.Close()
	screen, closed := &shown{}, make(chan struct{})
	go func() {
		defer close(closed)
		buffer := make([]byte, 4096)
		for {
			n, err := ours.Read(buffer) // EIO once nobody has the other end
			screen.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	s.await("the status is shown", func() bool { return screen.has(" serving on ") })
	s.install("version=2 new=fail")
	if _, code := s.call("reload"); code != exitRefused {
		t.Fatalf("reload: exit code %d", code)
	}
	s.await("the failed reload is shown", func() bool { return screen.has("last reload") && screen.has("frobnicate") })
	r.must("stop")
	s.await("its end is shown", func() bool { return screen.has("is not running") })
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-closed
	if err := cmd.Wait(); err != nil {
		t.Fatalf("status --watch ended: %v", err)
	}
	text := screen.all()
	if !strings.HasPrefix(text, otherScreen+home) || strings.Count(text, otherScreen) != 1 {
		t.Errorf("it begins with %q", text[:min(40, len(text))])
	}
	_, end, ok := strings.Cut(text, firstScreen)
	if !ok || !strings.Contains(end, "is not running") || strings.Contains(end, home) {
		t.Errorf("it leaves %q", end)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(text, otherScreen+home), home)
	for line := range strings.SplitSeq(first, "\r\n") {
		if line = strings.TrimSuffix(strings.TrimSuffix(line, clearRest), clearLine); len([]rune(line)) > 60 {
			t.Errorf("a line of %d letters: %q", len([]rune(line)), line)
		}
	}
}

func TestWatchInAPipe(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	var out shown
	cmd := s.command("status", "--watch")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.await("it was asked twice", func() bool { return strings.Count(out.all(), "is not running") > 1 })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if out.has("\x1b") {
		t.Errorf("control sequences in a pipe: %q", out.all())
	}
}

func TestCPUTime(t *testing.T) {
	cmd := exec.Command("sh", "-c", "while :; do :; done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	if !poll(func() bool { return cpuTime(cmd.Process.Pid) >= 20*time.Millisecond }) {
		t.Fatal("a process that computes uses no time")
	}
	if got := cpuTime(-1); got != 0 {
		t.Fatalf("no process used %v", got)
	}
}

func TestStatusOfUpstreams(t *testing.T) {
	now := time.Now()
	var b strings.Builder
	status{App: "qna", Upstreams: []control.Upstream{
		{Mount: "flask", Name: "http://127.0.0.1:8001", Usable: true, Since: now.Add(-time.Hour)},
		{Mount: "flask", Name: "http://127.0.0.1:8002", Since: now.Add(-12 * time.Second), Reason: "connection refused"},
	}}.write(&b, now)
	const want = `
MOUNT  UPSTREAM               STATE    FOR  REASON
flask  http://127.0.0.1:8001  ready  1h00m
flask  http://127.0.0.1:8002  out      12s  connection refused
`
	if got := b.String(); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
