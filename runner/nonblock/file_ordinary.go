//go:build linux && (race || !(amd64 || arm64))

package nonblock

import "golang.org/x/sys/unix"

// WriteMore is Write of a, which more will follow at once: octets that fill no
// packet wait for it.
func WriteMore(fd uintptr, a []byte) (int, error) {
	for {
		n, err := unix.SendmsgN(int(fd), a, nil, nil, unix.MSG_MORE|unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// SendFile sends as much of n octets of a file from *offset on as there is room
// for, and moves *offset; 0 at the end of the file, syscall.EAGAIN when there is
// no room.
func SendFile(to, from uintptr, offset *int64, n int) (int, error) {
	return sendFile(to, from, offset, n)
}
