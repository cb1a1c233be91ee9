package h1

import (
	"syscall"

	"github.com/dram-go/dram/runner/nonblock"
)

// output writes to a connection whose descriptor is known.
type output struct {
	try  func(fd uintptr) bool // tryWrite
	a, b []byte                // what it writes, one after the other
	n    int                   // of them
	err  error
}

// write sends a and then b, in one piece if the kernel takes it so.
func (o *output) write(raw syscall.RawConn, a, b []byte) (int, error) {
	o.a, o.b, o.n, o.err = a, b, 0, nil
	err := raw.Write(o.try)
	if err == nil {
		err = o.err
	}
	o.a, o.b = nil, nil
	return o.n, err
}

// tryWrite is called by the runtime when there may be room.
func (o *output) tryWrite(fd uintptr) bool {
	for len(o.a)+len(o.b) > 0 {
		n, err := nonblock.Write(fd, o.a, o.b)
		if err == syscall.EAGAIN {
			return false
		}
		if err != nil {
			o.err = err
			return true
		}
		o.n += n
		first := min(n, len(o.a))
		o.a, o.b = o.a[first:], o.b[n-first:]
	}
	return true
}
