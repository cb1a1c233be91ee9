package h2

import (
	"io"
	"sync"
)

// inputSize holds any frame.
const inputSize = frameHead + maxFrame

// input is what was read from a connection and not used yet: buf[r:w]. While
// nothing is there it has no buffer.
type input struct {
	pool  *sync.Pool
	buf   *[inputSize]byte
	r, w  int
	first [1]byte
}

func (in *input) rest() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf[in.r:in.w]
}

func (in *input) empty() bool { return in.r == in.w }

func (in *input) skip(n int) { in.r += n }

// release gives the buffer of an empty input back.
func (in *input) release() {
	if in.buf != nil {
		in.pool.Put(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
	}
}

// read reads more. Without a buffer it waits with one octet in hand: TLS keeps
// the rest of a record.
func (in *input) read(from io.Reader) (n int, err error) {
	if in.buf == nil {
		if n, err = from.Read(in.first[:]); n > 0 {
			in.buf = in.pool.Get().(*[inputSize]byte)
			in.buf[0] = in.first[0]
			in.r, in.w = 0, n
		}
		return n, err
	}
	if in.r > 0 {
		in.w = copy(in.buf[:], in.buf[in.r:in.w])
		in.r = 0
	}
	n, err = from.Read(in.buf[in.w:])
	in.w += n
	return n, err
}
