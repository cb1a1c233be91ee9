package nonblock

import "golang.org/x/sys/unix"

// File is a file that is being sent from an offset on. The descriptor's own
// offset is left alone.
type File struct {
	FD     uintptr
	Offset int64 // of what is sent next

	ready int64 // up to where the octets were in memory a moment ago
}

// sendTo is SendTo by a call that the scheduler knows of.
func (f *File) sendTo(to uintptr, n int) (int, error) {
	for {
		m, err := unix.Sendfile(int(to), int(f.FD), &f.Offset, n)
		if err != unix.EINTR {
			return max(m, 0), err
		}
	}
}
