//go:build !linux || race

package nonblock

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The race detector must see what goes through sockets.

// Read reads what there is; syscall.EAGAIN when there is nothing, 0 at the end.
func Read(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// Write writes as much of a and then b as there is room for; syscall.EAGAIN
// when there is none.
func Write(fd uintptr, a, b []byte) (n int, err error) {
	for {
		switch {
		case len(b) == 0:
			n, err = syscall.Write(int(fd), a)
		case len(a) == 0:
			n, err = syscall.Write(int(fd), b)
		default:
			n, err = unix.Writev(int(fd), [][]byte{a, b})
		}
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// ProcessorTime is what this process has used up of all processors.
func ProcessorTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t) // the clock is there
	return time.Duration(t.Nano())
}
