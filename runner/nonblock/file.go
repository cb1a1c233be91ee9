//go:build linux && !race && (amd64 || arm64)

package nonblock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// WriteMore is Write of a, which more will follow at once: octets that fill no
// packet wait for it.
func WriteMore(fd uintptr, a []byte) (int, error) {
	data, flags := unsafe.Pointer(unsafe.SliceData(a)), uintptr(unix.MSG_MORE|unix.MSG_NOSIGNAL)
	for {
		n, _, err := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(data), uintptr(len(a)), flags, 0, 0)
		if err != syscall.EINTR {
			return outcome(n, err)
		}
	}
}

// SendFile sends as much of n octets of a file from *offset on as there is room
// for, and moves *offset; 0 at the end of the file, syscall.EAGAIN when there is
// no room. If the file's octets may have to come from a disk, which can block,
// the scheduler is told after all.
func SendFile(to, from uintptr, offset *int64, n int) (int, error) {
	if !atHand(from, *offset+int64(n)-1) {
		return sendFile(to, from, offset, n)
	}
	for {
		m, _, err := syscall.RawSyscall6(syscall.SYS_SENDFILE, to, from, uintptr(unsafe.Pointer(offset)), uintptr(n), 0, 0)
		if err != syscall.EINTR {
			return outcome(m, err)
		}
	}
}

// atHand reports whether an octet of a file can be had without waiting for a
// disk. It is false where nobody knows, as with some file systems, and beyond
// the end.
func atHand(file uintptr, offset int64) bool {
	var octet byte
	vector := syscall.Iovec{Base: &octet, Len: 1}
	n, _, err := syscall.RawSyscall6(unix.SYS_PREADV2, file, uintptr(unsafe.Pointer(&vector)), 1, uintptr(offset), 0, unix.RWF_NOWAIT)
	return err == 0 && n == 1
}
