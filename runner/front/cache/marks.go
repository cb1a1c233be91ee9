package cache

import (
	"sync/atomic"
	"time"
)

// mark says why it is no use to wait for an answer.
type mark uint64

const (
	unmarked mark = iota
	dull          // it is not for keeping
	failed        // there may be none
)

// marks remember for a while the requests that nobody should wait for. One that
// is pushed out by another costs a wait.
//
// An element is the upper half of a hash, the second at which the mark ends,
// and the mark in the last two bits.
type marks [1 << 13]atomic.Uint64

const (
	markBits = 2
	markHash = 0xffffffff << 32
)

func (m *marks) set(sum uint64, what mark, until time.Duration) {
	end := uint64(until/time.Second+1) << markBits &^ markHash
	m[sum%uint64(len(m))].Store(sum&markHash | end | uint64(what))
}

func (m *marks) get(sum uint64, now time.Duration) mark {
	v := m[sum%uint64(len(m))].Load()
	if v&markHash != sum&markHash || uint64(now/time.Second)<<markBits >= v&^markHash&^(1<<markBits-1) {
		return unmarked
	}
	return mark(v & (1<<markBits - 1))
}
