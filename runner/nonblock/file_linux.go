package nonblock

import "golang.org/x/sys/unix"

// sendFile is SendFile by a call that the scheduler knows of.
func sendFile(to, from uintptr, offset *int64, n int) (int, error) {
	for {
		m, err := unix.Sendfile(int(to), int(from), offset, n)
		if err != unix.EINTR {
			return max(m, 0), err
		}
	}
}
