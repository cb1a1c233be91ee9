package wire

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/nonblock"
)

// output is the writing half of a connection.
type output struct {
	deadline atomic.Bool // somebody has set one; stall must not change it
	stalling bool        // stall has set one

	try  func(fd uintptr) bool // tryWrite
	a, b []byte                // what it writes, one after the other
	sent int
	torn bool // a write has failed in the middle
	err  error
}

// write sends b whole.
func (c *Conn) write(b []byte) error { return c.writeTwo(b, nil) }

// writeTwo sends a and then b, in one piece if the kernel takes it so.
func (c *Conn) writeTwo(a, b []byte) error {
	out := &c.out
	out.a, out.b, out.sent, out.err = a, b, 0, nil
	if c.raw == nil {
		c.sendPlain()
	} else if err := c.raw.Write(out.try); err != nil {
		out.err = err
	}
	out.a, out.b = nil, nil
	if out.stalling {
		out.stalling = false
		if !out.deadline.Load() {
			_ = c.conn.SetWriteDeadline(time.Time{})
		}
	}
	if out.err == nil {
		return nil
	}
	c.noteReset(out.err)
	out.torn = out.torn || out.sent > 0
	return fmt.Errorf("wire: write: %w", out.err)
}

func (c *Conn) sendPlain() {
	out := &c.out
	for _, p := range [...][]byte{out.a, out.b} {
		if len(p) > 0 && out.err == nil {
			var n int
			n, out.err = c.conn.Write(p)
			out.sent += n
		}
	}
}

// tryWrite is called by the runtime when there may be room.
func (c *Conn) tryWrite(fd uintptr) bool {
	out := &c.out
	for len(out.a)+len(out.b) > 0 {
		n, err := c.send(fd, out.a, out.b)
		switch err {
		case nil:
			out.advance(n)
		case syscall.EINTR:
		case syscall.EAGAIN:
			if c.stall > 0 && !out.deadline.Load() {
				out.stalling = true
				_ = c.conn.SetWriteDeadline(time.Now().Add(c.stall))
			}
			return false
		default:
			out.err = os.NewSyscallError("write", err)
			return true
		}
	}
	return true
}

func (c *Conn) send(fd uintptr, a, b []byte) (int, error) {
	switch {
	case c.side == Front:
		return nonblock.Write(fd, a, b)
	case len(b) == 0:
		return syscall.Write(int(fd), a)
	case len(a) == 0:
		return syscall.Write(int(fd), b)
	}
	return unix.Writev(int(fd), [][]byte{a, b})
}

func (out *output) advance(n int) {
	out.sent += n
	first := min(n, len(out.a))
	out.a, out.b = out.a[first:], out.b[n-first:]
}
