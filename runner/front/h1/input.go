package h1

import (
	"sync"
	"sync/atomic"
)

// buffers lends read buffers: small ones for nearly every head, large ones for
// any that is allowed.
type buffers struct {
	large        atomic.Int64 // octets of a large one; it never becomes less
	smalls, alls sync.Pool
}

const smallBuffer = 4 << 10

func newBuffers() *buffers {
	b := &buffers{}
	b.smalls.New = func() any { s := make([]byte, smallBuffer); return &s }
	return b
}

// fit makes large buffers large enough for what o allows.
func (b *buffers) fit(o *Options) {
	b.large.Store(max(b.large.Load(), int64(o.Line+o.Head+smallBuffer+maxTrailer)))
}

func (b *buffers) small() *[]byte { return b.smalls.Get().(*[]byte) }

func (b *buffers) all() *[]byte {
	size := int(b.large.Load())
	if s, ok := b.alls.Get().(*[]byte); ok && len(*s) >= size {
		return s
	}
	s := make([]byte, size)
	return &s
}

func (b *buffers) put(s *[]byte) {
	if s == nil {
		return
	}
	if len(*s) == smallBuffer {
		b.smalls.Put(s)
	} else {
		b.alls.Put(s)
	}
}

// input is what was read from a connection and not used yet: buf[r:w]. An idle
// connection has no buffer.
type input struct {
	pool  *buffers
	buf   *[]byte
	held  *[]byte // an earlier buffer, in which the head of the exchange lies
	floor int     // below it lies the head of the exchange
	r, w  int
}

func (in *input) rest() []byte {
	if in.buf == nil {
		return nil
	}
	return (*in.buf)[in.r:in.w]
}

func (in *input) empty() bool { return in.r == in.w }

func (in *input) skip(n int) { in.r += n }

func (in *input) grown(n int) { in.w += n }

func (in *input) take(p []byte) int {
	n := copy(p, in.rest())
	in.r += n
	return n
}

// keep protects the first n octets, a head, until release.
func (in *input) keep(n int) {
	in.r += n
	in.floor = in.r
}

// leastRoom is the least that is worth a read.
const leastRoom = 512

// room returns space to read into. It moves what is unread, into a larger
// buffer if need be.
func (in *input) room() []byte {
	if in.buf == nil {
		in.buf = in.pool.small()
	}
	if in.empty() {
		in.r, in.w = in.floor, in.floor
	}
	if free := (*in.buf)[in.w:]; len(free) >= leastRoom {
		return free
	}
	to := in.buf
	if in.r-in.floor < leastRoom {
		to = in.pool.all()
		in.held, in.floor = in.replace(), 0
	}
	in.w = in.floor + copy((*to)[in.floor:], (*in.buf)[in.r:in.w])
	in.r, in.buf = in.floor, to
	return (*to)[in.w:]
}

// replace decides what becomes of a buffer that has become too small.
func (in *input) replace() *[]byte {
	if in.held != nil {
		return in.held // the garbage collector has the other
	}
	return in.buf
}

// release ends the protection of a head and gives back what is not needed.
func (in *input) release() {
	in.pool.put(in.held)
	in.held, in.floor = nil, 0
	if in.buf == nil {
		return
	}
	if in.empty() {
		in.pool.put(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
		return
	}
	in.w = copy(*in.buf, (*in.buf)[in.r:in.w])
	in.r = 0
}
