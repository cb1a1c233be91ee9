package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockPath is the file whose lock says that a process migrates. It stays when
// the lock is gone: removing it would let two processes lock two files.
func (e *engine) lockPath() string { return e.path + ".lock" }

// Removal leaves the file of the lock, which does no harm.
func (e *engine) Removal() string { return fmt.Sprintf("rm -f %s %[1]s-*", e.shown) }

// Lock waits until no other process migrates. The lock ends with the process,
// whatever happens to it.
func (e *engine) Lock(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(e.lockPath(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("another process is migrating: %w", err)
		}
	}
}

// Migrating reports whether some process holds the lock.
func (e *engine) Migrating() bool {
	file, err := os.Open(e.lockPath())
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}
