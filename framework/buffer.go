package dram

import (
	"bytes"
	"sync"
)

// maxPooledBuffer keeps one huge page from staying in memory for ever.
const maxPooledBuffer = 256 << 10

// buffers keeps the memory in which pages are rendered. The zero value is
// ready.
type buffers struct{ pool sync.Pool }

func (b *buffers) borrow() *bytes.Buffer {
	if buf, ok := b.pool.Get().(*bytes.Buffer); ok {
		return buf
	}
	return new(bytes.Buffer)
}

func (b *buffers) giveBack(buf *bytes.Buffer) {
	if buf.Cap() <= maxPooledBuffer {
		buf.Reset()
		b.pool.Put(buf)
	}
}
