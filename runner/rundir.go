package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/control"
)

// runDir is what a running tree has on the disk: a lock beside the directory
// run, which says that a master lives, and in it the socket to talk to it.
type runDir struct {
	path   string
	lock   *os.File
	socket *net.UnixListener
	file   os.FileInfo // of the socket
	who    *identity   // whose processes leave dumps and last words in it
}

// claimRunDir takes the directory over or says which master has it. The lock
// is the kernel's and ends with the process, so what a killed master left
// behind stops nobody. It does not lie in the directory itself, which people
// remove to get rid of a stale socket.
func claimRunDir(path, lockDir string, who *identity) (*runDir, error) {
	lock, err := openLock(filepath.Join(lockDir, "master.lock"))
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := takeLock(lock, path); err != nil {
		lock.Close()
		return nil, err
	}
	d := &runDir{path: path, lock: lock, who: who}
	if err := d.bind(); err != nil {
		lock.Close()
		return nil, err
	}
	pruneCrashes(path, false)
	return d, nil
}

// takeLock locks the file, or says who has it, and leaves our pid in it.
func takeLock(lock *os.File, path string) error {
	err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return alreadyRunning(path, lock)
	}
	if err == nil {
		err = writeOwner(lock)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	return nil
}

// relock takes the lock again when its file has been removed or replaced: what
// nobody finds excludes nobody.
func (d *runDir) relock() error {
	found, err := os.Lstat(d.lock.Name())
	held, errHeld := d.lock.Stat()
	if err == nil && errHeld == nil && os.SameFile(found, held) {
		return nil
	}
	lock, err := openLock(d.lock.Name())
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := takeLock(lock, d.path); err != nil {
		lock.Close()
		return err
	}
	d.lock.Close()
	d.lock = lock
	return nil
}

// writeOwner leaves our pid in the lock file, for whoever finds it locked.
func writeOwner(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

// bind makes the directory and the socket in it.
func (d *runDir) bind() error {
	if err := ownDirectory(d.path); err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	if err := d.who.admit(d.path, shared); err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	socket, err := control.Bind(d.socketPath())
	if err != nil {
		return err
	}
	file, err := os.Lstat(d.socketPath())
	if err != nil {
		socket.Close()
		return fmt.Errorf("control socket: %w", err)
	}
	d.socket, d.file = socket, file
	return nil
}

// ownDirectory makes a directory that only we may use, or checks that there
// is one: what a link leads to, or another user's, is not ours to change.
func ownDirectory(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
		return fmt.Errorf("%s is a link or a file, expected a directory\nRemove it; it is made anew", path)
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if us := os.Geteuid(); int(stat.Uid) != us {
		return fmt.Errorf("%s belongs to user %d, and this process to user %d\nRemove it, or start the app as its owner", path, stat.Uid, us)
	}
	if stat.Mode&0o777 == 0o700 {
		return nil
	}
	if err := unix.Fchmod(fd, 0o700); err != nil {
		return &os.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}

func (d *runDir) socketPath() string { return filepath.Join(d.path, control.SocketName) }

// lost reports whether the socket is not where commands look for it: somebody
// has removed or replaced the file or the directory.
func (d *runDir) lost() bool {
	now, err := os.Lstat(d.socketPath())
	return err != nil || !os.SameFile(now, d.file)
}

// release removes the socket and lets the next master in.
func (d *runDir) release() {
	if !d.lost() {
		os.Remove(d.socketPath())
	}
	d.socket.Close()
	d.lock.Close()
}

func alreadyRunning(path string, lock io.ReaderAt) error {
	who := "another master"
	var owner [20]byte
	if n, _ := lock.ReadAt(owner[:], 0); n > 0 {
		who = "pid " + strings.TrimSpace(string(owner[:n]))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if conn, them, err := dialMaster(ctx, filepath.Join(path, control.SocketName)); err == nil {
		conn.Close()
		who = fmt.Sprintf("pid %d", them.PID)
	}
	return fmt.Errorf("already running (%s) with %s\nUse the commands status, reload and stop to talk to it", who, path)
}
