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

// SendTo sends as much of the next n octets as there is room for: 0 at the end
// of the file, syscall.EAGAIN when there is no room. If the octets may have to
// come from a disk, which can block, the scheduler is told after all.
func (f *File) SendTo(to uintptr, n int) (int, error) {
	if end := f.Offset + int64(n); end > f.ready {
		if !atHand(f.FD, end-1) {
			return f.sendTo(to, n)
		}
		f.ready = end
	}
	for {
		m, _, err := syscall.RawSyscall6(syscall.SYS_SENDFILE, to, f.FD, uintptr(unsafe.Pointer(&f.Offset)), uintptr(n), 0, 0)
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
