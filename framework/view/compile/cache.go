package compile

import (
	"reflect"
	"sync/atomic"
)

// maxPlans is how many types one node keeps plans for. A node that meets more
// types makes a plan anew for each of the others: slower, never wrong, and the
// memory of a program stays bounded by its templates.
const maxPlans = 4

// cache is the inline cache of one node: what to do with a value by its type.
// It is written a few times in its life and read by all renders without locks.
type cache[P any] struct {
	entries atomic.Pointer[[]entry[P]]
}

// entry is a plan and what it is for. Whether a value is addressable decides
// which methods it has.
type entry[P any] struct {
	typ         reflect.Type
	addressable bool
	plan        *P
}

// get returns the plan for values of a type, made by build at the first time.
func (c *cache[P]) get(t reflect.Type, addressable bool, build func(t reflect.Type, addressable bool) *P) *P {
	known := c.entries.Load()
	if known != nil {
		for i := range *known {
			if e := &(*known)[i]; e.typ == t && e.addressable == addressable {
				return e.plan
			}
		}
	}
	plan := build(t, addressable)
	for known == nil || len(*known) < maxPlans {
		var grown []entry[P]
		if known != nil {
			grown = append(make([]entry[P], 0, len(*known)+1), *known...)
		}
		grown = append(grown, entry[P]{t, addressable, plan})
		if c.entries.CompareAndSwap(known, &grown) {
			break
		}
		known = c.entries.Load() // another render was quicker; a type kept twice does no harm
	}
	return plan
}
