//go:build linux && !race

package nonblock

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read reads what there is; syscall.EAGAIN when there is nothing, 0 at the end.
func Read(fd uintptr, p []byte) (int, error) {
	return call(syscall.SYS_READ, fd, unsafe.Pointer(unsafe.SliceData(p)), len(p))
}

// Write writes as much of a and then b as there is room for; syscall.EAGAIN
// when there is none.
func Write(fd uintptr, a, b []byte) (int, error) {
	switch {
	case len(b) == 0:
		return call(syscall.SYS_WRITE, fd, unsafe.Pointer(unsafe.SliceData(a)), len(a))
	case len(a) == 0:
		return call(syscall.SYS_WRITE, fd, unsafe.Pointer(unsafe.SliceData(b)), len(b))
	}
	both := [2]syscall.Iovec{{Base: unsafe.SliceData(a)}, {Base: unsafe.SliceData(b)}}
	both[0].SetLen(len(a))
	both[1].SetLen(len(b))
	return call(syscall.SYS_WRITEV, fd, unsafe.Pointer(&both), len(both))
}

func call(number, fd uintptr, data unsafe.Pointer, length int) (int, error) {
	for {
		n, _, err := syscall.RawSyscall(number, fd, uintptr(data), uintptr(length))
		if err != syscall.EINTR {
			return outcome(n, err)
		}
	}
}

func outcome(n uintptr, err syscall.Errno) (int, error) {
	switch err {
	case 0:
		return int(n), nil
	case syscall.EAGAIN:
		return 0, syscall.EAGAIN // without an allocation
	}
	return 0, err
}

// ProcessorTime is what this process has used up of all processors.
func ProcessorTime() time.Duration {
	var t unix.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, unix.CLOCK_PROCESS_CPUTIME_ID, uintptr(unsafe.Pointer(&t)), 0) // the clock is there on every Linux
	return time.Duration(t.Nano())
}
