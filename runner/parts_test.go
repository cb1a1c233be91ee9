package runner

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

func TestListen(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "localhost:0", ":0", "[::1]:0", "0.0.0.0:0"} {
		f, bound, err := listen(address)
		if errors.Is(err, unix.EADDRNOTAVAIL) && address == "[::1]:0" {
			continue // a machine without IPv6
		}
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Errorf("%s: flags %x, %v, want a descriptor in blocking mode", address, flags, err)
		}
		_, port, err := net.SplitHostPort(bound)
		if err != nil || port == "0" {
			t.Errorf("%s is bound to %q", address, bound)
		}
		if address == ":0" {
			// Both families reach it.
			conn, err := net.Dial("tcp4", "127.0.0.1:"+port)
			if err != nil {
				t.Errorf("IPv4 does not reach %s: %v", bound, err)
			} else {
				conn.Close()
			}
		}
		f.Close()
	}
}

func TestListenRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"8000":                   "Write HOST:PORT",
		"127.0.0.1:http9":        "no port",
		"no-such-host.invalid:1": "the name no-such-host.invalid has no address",
		"192.0.2.1:0":            "this machine has no address 192.0.2.1",
	} {
		f, _, err := listen(address)
		if err == nil {
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

func TestListeningInode(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
	const line = "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000"
	for _, c := range []struct {
		line string
		port int
		want string
	}{
		{line, 8000, "4242"}, {line, 8001, ""}, {head, 8000, ""}, {"", 8000, ""},
		{strings.Replace(line, " 0A ", " 01 ", 1), 8000, ""}, // connected, not listening
	} {
		if got := listeningInode(c.line, c.port); got != c.want {
			t.Errorf("port %d in %q: inode %q, want %q", c.port, c.line, got, c.want)
		}
	}
}

func TestKeepBinary(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "app")
	store := filepath.Join(dir, "bin")
	var builds []string
	for i := range 4 {
		if err := os.WriteFile(source, []byte(strings.Repeat(strconv.Itoa(i), 1000)), 0o755); err != nil {
			t.Fatal(err)
		}
		path, build, err := keepBinary(source, store)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || path != filepath.Join(store, build, "app") || len(build) != 12 || info.Mode().Perm()&0o100 == 0 {
			t.Fatalf("kept as %s, %v, %v", path, info, err)
		}
		old := time.Now().Add(time.Duration(i-10) * time.Hour)
		if err := os.Chtimes(filepath.Dir(path), old, old); err != nil {
			t.Fatal(err)
		}
		builds = append(builds, build)
	}
	if err := pruneBinaries(store, builds[0]); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(store, "*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{builds[0], builds[2], builds[3]} // in use, and the two newest
	slices.Sort(want)
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if d := cmp.Diff(want, left); d != "" {
		t.Fatal(d)
	}
	if _, _, err := keepBinary(filepath.Join(dir, "gone"), store); err == nil || !strings.Contains(err.Error(), "there is no binary at") {
		t.Fatalf("without a source: %v", err)
	}
}

func TestChildEnv(t *testing.T) {
	got := childEnv(
		[]string{"PATH=/bin", "PORT=80", "DRAM_ROLE=front", "DRAM_READY_FD=5", "DRAM_SERVER_LISTEN=:1", "DRAM_SECRET=x"},
		map[string]string{"DRAM_SERVER_LISTEN": ":2"}, "DRAM_ROLE=worker",
	)
	want := []string{"PATH=/bin", "DRAM_SECRET=x", "DRAM_SERVER_LISTEN=:2", "DRAM_ROLE=worker"}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if got := childEnv([]string{"PORT=80"}, nil); !slices.Contains(got, "PORT=80") {
		t.Fatalf("%v, want PORT where no flag says otherwise", got)
	}
}

func TestLastWords(t *testing.T) {
	var many []string
	for i := range 100 {
		many = append(many, "line "+strconv.Itoa(i))
	}
	long := strings.Join(many, "\n")
	if got := lastWords(long); !strings.HasPrefix(got, "line 88\n") || !strings.HasSuffix(got, "line 99") {
		t.Errorf("last lines are %q", got)
	}
	if got := lastWords("noise\npanic: why\n\n" + long); !strings.HasPrefix(got, "panic: why\n") || strings.Contains(got, "line 99") {
		t.Errorf("words of a panic are %q", got)
	}
	if got := lastWords(""); got != "" {
		t.Errorf("nothing gives %q", got)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var kept tail
	for range 3 {
		kept.Write([]byte(strings.Repeat("x", tailSize)))
	}
	kept.Write([]byte("\nthe end"))
	if len(kept.text) > tailSize || !strings.HasSuffix(kept.last(), "the end") {
		t.Fatalf("%d bytes are kept, ending in %q", len(kept.text), kept.last()[max(0, len(kept.last())-20):])
	}
	var out strings.Builder
	kept.flush(&out)
	kept.Write([]byte(", late"))
	if out.Len() != tailSize+len(", late") || kept.last() != "" {
		t.Fatalf("%d bytes went through and %q was left", out.Len(), kept.last())
	}
}

// A front that is stopped (SIGSTOP, a debugger) must not stop the supervisor.
func TestPeerThatReadsNothingIsCutOff(t *testing.T) {
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	p := newPeer(ours)
	text := strings.Repeat("x", 100_000)
	for range 2 * queueLength {
		p.send(control.KindProgress, control.Progress{Text: text})
	}
	p.close()
	<-p.done
	conn, err := control.FromFile(theirs)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 2 * queueLength {
		if _, _, err := conn.Receive(); err != nil {
			return
		}
	}
	t.Fatal("every message arrived, so the queue has no limit")
}

func TestCloseSendsWhatIsQueued(t *testing.T) {
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(ours)
	answer(p, control.Result{Text: "done"})
	conn, err := control.FromFile(theirs)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if m, _, err := conn.Receive(); err != nil || m.Kind != control.KindResult {
		t.Fatalf("%v, %v", m, err)
	}
	if _, _, err := conn.Receive(); !errors.Is(err, io.EOF) {
		t.Fatalf("after the result: %v, want EOF", err)
	}
}

func TestPruneCrashes(t *testing.T) {
	dir := t.TempDir()
	for i := range keepCrashes + 3 {
		path := crashFile(dir, i)
		if err := os.WriteFile(path, []byte("panic"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1_000_000+i), 0)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(crashFile(dir, 99), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pruneCrashes(dir, true)
	if _, err := os.Stat(crashFile(dir, 99)); err != nil {
		t.Fatalf("the empty file of a process that may run: %v", err)
	}
	pruneCrashes(dir, false)
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != keepCrashes || slices.Contains(left, crashFile(dir, 2)) || !slices.Contains(left, crashFile(dir, 3)) {
		t.Fatalf("left: %v", left)
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"listen", "listen", 0}, {"lisen", "listen", 1}, {"listne", "listen", 2}, {"", "abc", 3}, {"kitten", "sitting", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("distance of %q and %q is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for d, want := range map[time.Duration]string{-time.Second: "0s", 59 * time.Second: "59s", 61 * time.Minute: "1h01m", 90 * time.Second: "1m30s", 50 * time.Hour: "2d02h"} {
		if got := age(now, now.Add(-d)); got != want {
			t.Errorf("age of %v is %s, want %s", d, got, want)
		}
	}
}

func TestForeignMasterIsRefused(t *testing.T) {
	conf := config.Default(t.TempDir())
	if err := os.MkdirAll(conf.RunDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := control.Bind(filepath.Join(conf.RunDir(), control.SocketName))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		u, err := l.AcceptUnix()
		if err != nil {
			return
		}
		conn := control.NewConn(u)
		defer conn.Close()
		conn.Send(control.KindHello, control.Hello{Role: control.RoleMaster, PID: 7, Min: 98, Max: 99})
		conn.Receive()
	}()
	_, err = ask(t.Context(), conf, control.Request{Verb: "reload"}, time.Minute, io.Discard, false)
	if exitCode(err) != exitRefused || !strings.Contains(err.Error(), "speaks control 98 to 99") {
		t.Fatalf("%v with exit code %d, want %d", err, exitCode(err), exitRefused)
	}
}

func TestMasterThatDiesBeforeItAnswers(t *testing.T) {
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs.Close()
	if _, err := awaitResult(ours, time.Minute, io.Discard); exitCode(err) != exitTimeout {
		t.Fatalf("%v with exit code %d, want %d", err, exitCode(err), exitTimeout)
	}
}
