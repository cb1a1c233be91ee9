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

// SendTo sends as much of the next n octets as there is room for: 0 at the end
// of the file, syscall.EAGAIN when there is no room.
func (f *File) SendTo(to uintptr, n int) (int, error) { return f.sendTo(to, n) }
