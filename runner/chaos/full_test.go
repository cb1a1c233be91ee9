package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Scenario 13: the disk is full. Logs are dropped, a reload is refused, and
// both work again when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	cmd := s.command("serve", "--listen", "127.0.0.1:0")
	cmd.Stderr = full
	r := s.run(cmd)
	b := r.begin(r.plan(8, time.Millisecond))
	b.flows(100)
	limit := func(bytes uint64) {
		t.Helper()
		if err := unix.Prlimit(r.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, bytes := range []uint64{0, 100, 1 << 20} {
		limit(bytes)
		s.install("version=2")
		out, code := s.call("reload")
		if code != 3 || !strings.Contains(out, "file too large") {
			t.Fatalf("files of at most %d bytes: exit code %d\n%s", bytes, code, out)
		}
		if v := r.version(); v != "1" {
			t.Fatalf("version %s serves", v)
		}
	}
	limit(unix.RLIM_INFINITY)
	b.flows(100)
	r.must("reload")
	if v := r.version(); v != "2" {
		t.Fatalf("version %s serves", v)
	}
	b.flows(100)
	b.finish(budget{})
	r.stop()
}

// Scenario 13, for the state directory: a file system of its own that is full
// in the middle of whatever a deployment writes. The deployment succeeds whole
// or is refused whole, and what the next master reads is never half of it.
func TestFullStateDirectory(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	s := newSite(t, "version=1")
	info, err := os.Stat(s.binary)
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(s.dir, ".dram", "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := s.command("serve", "--listen", "127.0.0.1:0")
	cmd.Args = append([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", `mount -t tmpfs -o "size=$1" none "$2"; shift 2; exec "$@"`, "sh", fmt.Sprint(6 * info.Size()), state}, cmd.Args...)
	if cmd.Path, err = exec.LookPath("unshare"); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = s.openLog()
	r := s.run(cmd)
	state = fmt.Sprintf("/proc/%d/root%s", r.cmd.Process.Pid, state) // as the tree sees it
	b := r.begin(r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond))
	version, room := "1", func() int64 { return 1 << 40 }
	deploy := func() (refused bool) {
		t.Helper()
		b.flows(50)
		var next int
		fmt.Sscan(version, &next)
		s.install(fmt.Sprintf("version=%d", next+1))
		out, code := s.call("reload")
		switch code {
		case 0:
			version = fmt.Sprint(next + 1)
		case 3:
			if !strings.Contains(out, "no space left on device") {
				t.Errorf("with %d bytes: %s", room(), out)
			}
		default:
			t.Fatalf("with %d bytes: exit code %d\n%s", room(), code, out)
		}
		if v := r.version(); v != version {
			t.Fatalf("with %d bytes: exit code %d, version %s serves, want %s", room(), code, v, version)
		}
		r.settled(2)
		text, err := os.ReadFile(filepath.Join(state, "generations.json"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !json.Valid(text) {
			t.Errorf("with %d bytes: the state is %q, %v", room(), text, err)
		}
		return code == 3
	}
	if deploy() {
		t.Fatal("refused with room")
	}
	refused := 0
	for _, more := range []int64{0, 1, 4 << 10, info.Size() / 2, info.Size() + 4<<10, info.Size() + 8<<10, info.Size() + 16<<10} {
		room = func() int64 { return more }
		clear := fill(t, state, more)
		if deploy() {
			refused++
		}
		clear()
	}
	if refused < 4 {
		t.Errorf("only %d deployments were refused", refused)
	}
	if deploy() {
		t.Error("refused although there is room again")
	}
	r.must("rollback")
	b.flows(50)
	b.finish(budget{})
	r.stop()
}

// fill leaves so many bytes free where dir is, until clear is called.
func fill(t *testing.T, dir string, room int64) (clear func()) {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := int64(stat.Bavail)*stat.Bsize - room; n > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, n); err != nil {
			t.Fatal(err)
		}
	}
	return func() { os.Remove(f.Name()) }
}
