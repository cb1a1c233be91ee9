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
	ask  func(fd uintptr) bool // tryAsk
	a, b []byte                // what it writes, one after the other
	sent int
	told bool // tryAsk has written what the kernel took
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
	return c.written()
}

// writeAndWait is writeTwo and the first read after it. What becomes of that
// is kept for receive.
func (c *Conn) writeAndWait(a, b []byte) error {
	in, out := &c.in, &c.out
	if c.raw == nil || c.stall > 0 || in.buffered() > 0 {
		return c.writeTwo(a, b)
	}
	out.a, out.b, out.sent, out.err, out.told = a, b, 0, nil, false
	in.target, in.n, in.err = nil, 0, nil
	err := c.raw.Read(out.ask)
	switch {
	case out.err != nil:
	case !out.told:
		out.err = err // closed
	case len(out.a)+len(out.b) > 0: // there was no room
		if err := c.raw.Write(out.try); err != nil {
			out.err = err
		}
	default:
		if err != nil {
			in.err = err
		}
		in.end += in.n
		in.ended = in.n == 0
	}
	return c.written()
}

// tryAsk is called by the runtime when there may be something to read, and
// before that. Nobody has answered what was written just now, and what comes
// from now on wakes us.
func (c *Conn) tryAsk(fd uintptr) bool {
	if c.out.told {
		return c.tryRead(fd)
	}
	c.out.told = true
	return !c.tryWrite(fd) || c.out.err != nil
}

// written ends a write.
func (c *Conn) written() error {
	out := &c.out
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
