package compile

import (
	"reflect"
	"sync/atomic"
	"unsafe"
)

// maxPlans is how many types one node keeps plans for. A node that meets more
// types makes a plan anew for each of the others: slower, never wrong, and the
// memory of a program stays bounded by its templates.
const maxPlans = 4

// cache is the inline cache of one node: what to do with a value by its type.
// It is written a few times in its life and read by all renders without locks.
type cache[P any] struct {
	newest atomic.Pointer[entry[P]]
}

// entry is a plan and what it is for. Whether a value is addressable decides
// which methods it has. An entry never changes.
type entry[P any] struct {
	typ         unsafe.Pointer // see typeWord
	addressable bool
	plan        P
	next        *entry[P]
	place       int // 1 for the oldest
}

// find returns the plan for values of v's type, or nil.
func (c *cache[P]) find(v reflect.Value) *P {
	typ, addressable := typeWord(v), v.CanAddr()
	for e := c.newest.Load(); e != nil; e = e.next {
		if e.typ == typ && e.addressable == addressable {
			return &e.plan
		}
	}
	return nil
}

// add keeps a plan for values of v's type if there is room.
func (c *cache[P]) add(v reflect.Value, plan P) *P {
	e := &entry[P]{typ: typeWord(v), addressable: v.CanAddr(), plan: plan}
	for {
		newest := c.newest.Load()
		if newest != nil {
			e.next, e.place = newest, newest.place+1
		} else {
			e.place = 1
		}
		// A type that another render has added meanwhile is kept twice, which
		// does no harm.
		if e.place > maxPlans || c.newest.CompareAndSwap(newest, e) {
			return &e.plan
		}
	}
}
