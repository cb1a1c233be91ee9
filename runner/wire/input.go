package wire

import (
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/nonblock"
)

// input is the reading half of a connection.
type input struct {
	phase    phase
	informed int         // informational responses of the message
	want     int64       // bytes of the message's body, -1 when unknown
	got      int64       // of them, as BODY headers say
	left     int         // bytes of the BODY that is being read
	trailer  http.Header // of the message

	buffer     *[bufferSize]byte // nil while nothing is buffered
	start, end int

	deadline atomic.Bool // somebody has set one; stall must not change it
	stalling bool        // stall has set one

	try    func(fd uintptr) bool // tryRead
	target []byte                // where it reads to; nil for the buffer
	n      int                   // what it has read
	err    error                 // why it could not
	ended  bool                  // receive has yet to tell that
}

func (in *input) begin(length int64) {
	in.want, in.got, in.left, in.trailer = length, 0, 0, nil
}

func (in *input) buffered() int { return in.end - in.start }

// next reads the header of the next frame that is not to be skipped.
func (c *Conn) next() (frame, error) {
	for {
		if err := c.fill(headerSize); err != nil {
			if err == io.EOF && c.in.buffered() > 0 {
				err = io.ErrUnexpectedEOF
			}
			return frame{}, err
		}
		head := c.in.buffer[c.in.start : c.in.start+headerSize]
		if c.in.phase == atHello && head[0] != byte(KindHello) {
			return frame{}, violation("the %s does not speak it, its first bytes are %q", c.side.other(), head)
		}
		f, err := parseHeader(head)
		if err != nil {
			return f, err
		}
		known := f.kind >= KindHello && f.kind <= KindAbort || f.kind == KindClaim
		switch {
		case !known && !f.optional:
			return f, violation("%s frame, which is unknown here and not optional", f.kind)
		case known:
			c.consume(headerSize)
			return f, nil
		}
		c.consume(headerSize)
		if _, err := c.payload(f); err != nil {
			return f, unexpected(err)
		}
	}
}

// payload reads the whole payload of a frame. It is valid until the next read.
func (c *Conn) payload(f frame) ([]byte, error) {
	if f.length <= bufferSize {
		if err := c.fill(f.length); err != nil {
			return nil, unexpected(err)
		}
		if f.length == 0 {
			return nil, nil
		}
		p := c.in.buffer[c.in.start : c.in.start+f.length]
		c.in.start += f.length // the buffer itself stays until the next read
		return p, nil
	}
	p := make([]byte, 0, bufferSize)
	for len(p) < f.length { // grows with what really comes
		if len(p) == cap(p) {
			p = append(p, 0)[:len(p)]
		}
		n, err := c.readSome(p[len(p):min(cap(p), f.length)])
		if err != nil {
			return nil, unexpected(err)
		}
		p = p[:len(p)+n]
	}
	return p, nil
}

// fill waits until n bytes are buffered, at most the size of the buffer.
func (c *Conn) fill(n int) error {
	in := &c.in
	if in.buffered() >= n {
		return nil
	}
	if in.buffer != nil && in.start > 0 {
		in.end = copy(in.buffer[:], in.buffer[in.start:in.end])
		in.start = 0
	}
	for in.buffered() < n {
		if err := c.receive(nil); err != nil {
			return err
		}
		in.end += in.n
	}
	return nil
}

// consume takes n bytes from the buffer.
func (c *Conn) consume(n int) {
	c.in.start += n
	c.release()
}

// release gives the buffer back when it is empty.
func (c *Conn) release() {
	in := &c.in
	if in.buffer != nil && in.start == in.end {
		c.buffers.put(in.buffer)
		in.buffer, in.start, in.end = nil, 0, 0
	}
}

// readSome reads into p what is buffered, or else what comes next; a short
// remainder by way of the buffer, with what follows it.
func (c *Conn) readSome(p []byte) (int, error) {
	in := &c.in
	c.release()
	if in.buffered() == 0 {
		if len(p) >= bufferSize/4 {
			err := c.receive(p)
			return in.n, err
		}
		if err := c.fill(1); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buffer[in.start:in.end])
	c.consume(n)
	return n, nil
}

// readRaw reads from an upgraded connection.
func (c *Conn) readRaw(p []byte) (int, error) {
	c.release()
	if len(p) == 0 {
		return 0, nil
	}
	if c.in.buffered() == 0 {
		err := c.receive(p)
		return c.in.n, err
	}
	return c.readSome(p)
}

// receive reads once, into target or behind what is buffered. It waits
// without a buffer when none is in use.
func (c *Conn) receive(target []byte) error {
	in := &c.in
	if in.ended { // as writeAndWait has found
		in.ended = false
		return c.received()
	}
	in.target, in.n, in.err = target, 0, nil
	if c.raw == nil {
		c.receivePlain()
	} else if err := c.raw.Read(in.try); err != nil {
		in.err = err
	}
	return c.received()
}

// received ends a read.
func (c *Conn) received() error {
	in := &c.in
	in.target = nil
	if in.stalling {
		in.stalling = false
		if !in.deadline.Load() {
			_ = c.conn.SetReadDeadline(time.Time{}) // fails only when closed
		}
	}
	if in.err != nil {
		c.noteReset(in.err)
		return in.err
	}
	if in.n == 0 {
		c.release()
		return io.EOF
	}
	return nil
}

// receivePlain reads from a connection without a descriptor.
func (c *Conn) receivePlain() {
	in := &c.in
	if in.n, in.err = c.conn.Read(c.space()); in.n > 0 {
		in.err = nil // it comes again
	} else if in.err == io.EOF {
		in.err = nil
	}
}

// space is where the next bytes go.
func (c *Conn) space() []byte {
	if c.in.target != nil {
		return c.in.target
	}
	if c.in.buffer == nil {
		c.in.buffer = c.buffers.get()
	}
	return c.in.buffer[c.in.end:]
}

// read is one system call. A front runs no code of others, so it need not tell
// the scheduler.
func (c *Conn) read(fd uintptr, p []byte) (int, error) {
	if c.side == Front {
		return nonblock.Read(fd, p)
	}
	return syscall.Read(int(fd), p)
}

// tryRead is called by the runtime when there may be something to read.
func (c *Conn) tryRead(fd uintptr) bool {
	in := &c.in
	for {
		n, err := c.read(fd, c.space())
		switch err {
		case nil:
			in.n = n
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			c.release()
			if c.stall > 0 && in.phase == atBody && !in.deadline.Load() {
				in.stalling = true
				_ = c.conn.SetReadDeadline(time.Now().Add(c.stall))
			}
			return false
		default:
			in.err = os.NewSyscallError("read", err)
			return true
		}
	}
}
