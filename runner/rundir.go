package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/control"
)

// runDir is the directory of a running tree: its lock says that a master
// lives, its socket how to talk to it.
type runDir struct {
	path   string
	lock   *os.File
	socket *net.UnixListener
}

// claimRunDir takes the directory over or says which master has it. The lock
// is the kernel's and ends with the process, so a socket that a killed master
// left behind stops nobody.
func claimRunDir(path string) (*runDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	lock, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		lock.Close()
		return nil, alreadyRunning(path)
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	d := &runDir{path: path, lock: lock}
	if d.socket, err = control.Bind(d.socketPath()); err != nil {
		lock.Close()
		return nil, err
	}
	pruneCrashes(path)
	return d, nil
}

func (d *runDir) socketPath() string { return filepath.Join(d.path, control.SocketName) }

// release removes the socket and lets the next master in.
func (d *runDir) release() {
	os.Remove(d.socketPath())
	d.socket.Close()
	d.lock.Close()
}

func alreadyRunning(path string) error {
	who := "another master"
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if conn, them, err := dialMaster(ctx, filepath.Join(path, control.SocketName)); err == nil {
		conn.Close()
		who = fmt.Sprintf("pid %d", them.PID)
	}
	return fmt.Errorf("already running (%s) with %s\nUse the commands status, reload and stop to talk to it", who, path)
}

// keepCrashes is how many files with last words stay for whoever looks.
const keepCrashes = 10

// pruneCrashes removes what killed masters left: empty files, then the oldest.
func pruneCrashes(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "crash-*.txt"))
	if err != nil {
		return // only a malformed pattern
	}
	newest := map[string]time.Time{}
	files = slices.DeleteFunc(files, func(f string) bool {
		info, err := os.Stat(f)
		if err != nil || info.Size() == 0 {
			os.Remove(f)
			return true
		}
		newest[f] = info.ModTime()
		return false
	})
	slices.SortFunc(files, func(a, b string) int {
		if c := newest[b].Compare(newest[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, f := range files[min(keepCrashes, len(files)):] {
		os.Remove(f)
	}
}
