package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// migrate runs migrations of the app's database, one process at a time: the one that a killed master left behind must end before another begins. The
// lock is the kernel's and ends with the process that holds it.
func migrate(ctx context.Context, run func(context.Context) error, conf *config.Config) error {
	path := filepath.Join(conf.LockDir(), "migrate.lock")
	f, err := openLock(path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return run(ctx) // no master keeps anything here either
	}
	if err != nil {
		return fmt.Errorf("lock for migrations: %w", err)
	}
	defer f.Close()
	if err := waitForLock(ctx, f); err != nil {
		return fmt.Errorf("lock for migrations %s: %w", path, err)
	}
	return run(ctx)
}

// openLock opens a file that only its lock is of interest of.
func openLock(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
}

// lockPause is how often a lock is tried that another process holds: flock(2)
// itself could not be interrupted.
const lockPause = 50 * time.Millisecond

// waitForLock takes the lock of f, or gives up when ctx ends.
func waitForLock(ctx context.Context, f *os.File) error {
	told := false
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		if !told {
			fmt.Fprintln(os.Stderr, "waiting for another process that migrates")
			told = true
		}
		select {
		case <-ctx.Done():
			return errors.New("another process migrates, and this one was told to end")
		case <-time.After(lockPause):
		}
	}
}
