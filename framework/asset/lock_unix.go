//go:build unix && !solaris && !aix

package asset

import (
	"errors"
	"os"
	"syscall"
)

// lockFile waits for the only lock on f, which ends when f is closed.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
