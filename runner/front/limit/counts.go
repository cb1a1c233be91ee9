package limit

import (
	"hash/maphash"
	"sync"
)

// Counts say how many of something each address has now.
type Counts struct {
	seed  maphash.Seed
	parts [64]part
}

type part struct {
	mu    sync.Mutex
	count map[Address]int32
}

// NewCounts returns counts of 0.
func NewCounts() *Counts {
	c := &Counts{seed: maphash.MakeSeed()}
	for i := range c.parts {
		c.parts[i].count = make(map[Address]int32)
	}
	return c
}

func (c *Counts) part(a Address) *part {
	return &c.parts[maphash.Bytes(c.seed, a[:])%uint64(len(c.parts))]
}

// Enter counts one more, unless there are as many as the limit.
func (c *Counts) Enter(a Address, limit int) bool {
	p := c.part(a)
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.count[a]
	if int(n) >= limit {
		return false
	}
	p.count[a] = n + 1
	return true
}

// Leave takes one back.
func (c *Counts) Leave(a Address) {
	p := c.part(a)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[a]--; p.count[a] <= 0 {
		delete(p.count, a)
	}
}
