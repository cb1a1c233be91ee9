package wire

import "sync"

// bufferSize is how much is read at once, and how much of a response is
// collected before it is sent.
const bufferSize = 16 << 10

// Buffers lends read buffers to connections that have something to read. One
// that waits has none.
type Buffers struct{ pool sync.Pool }

// NewBuffers returns an empty pool.
func NewBuffers() *Buffers {
	return &Buffers{pool: sync.Pool{New: func() any { return new([bufferSize]byte) }}}
}

func (p *Buffers) get() *[bufferSize]byte { return p.pool.Get().(*[bufferSize]byte) }

func (p *Buffers) put(b *[bufferSize]byte) { p.pool.Put(b) }
