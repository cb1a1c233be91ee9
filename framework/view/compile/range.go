package compile

import (
	"reflect"
	"slices"
	"text/template/parse"
)

// loop is one {{range}}.
type loop struct {
	over      expr
	whole     []int // every variable of the pipeline: each gets the value itself first
	index     int   // slot of the index, or -1
	element   int   // slot of the element, or -1
	body      list
	otherwise list
	at        spot
}

func (c *compiler) ranging(n *parse.RangeNode) node {
	defer c.forget(len(c.seen))
	l := &loop{index: -1, element: -1, at: c.where(n)}
	l.over, l.whole = c.declaring(n.Pipe)
	switch len(l.whole) {
	case 1:
		l.element = l.whole[0]
	case 2:
		l.index, l.element = l.whole[0], l.whole[1]
	}
	mark := len(c.seen)
	l.body = c.list(n.List)
	c.forget(mark)
	l.otherwise = c.list(n.ElseList)
	return l.run
}

func (l *loop) run(st *state) control {
	v := l.over.eval(st)
	st.assign(l.whole, v)
	outer := st.dot
	ran, end := l.each(st, v)
	st.dot = outer
	if !ran {
		return l.otherwise.run(st)
	}
	return end
}

// each runs the body for every element. ran is false if there was none.
func (l *loop) each(st *state, v value) (ran bool, end control) {
	if v.kind == integer {
		return l.count(st, v.num())
	}
	items, _ := indirect(v.reflect())
	switch items.Kind() {
	case reflect.Invalid:
		return false, onward
	case reflect.Slice, reflect.Array:
		return l.slice(st, items)
	case reflect.Map:
		return l.sorted(st, items)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return l.integers(st, items)
	case reflect.Chan, reflect.Func:
		// What comes out of these is gone: it could not be given to
		// html/template a second time.
		refuse(l.at, "range over %s", items.Type())
	}
	bail(l.at, "range can't iterate over a %s", items.Type())
	return false, onward
}

// once runs the body for one element. It returns false to end the loop.
func (l *loop) once(st *state, index, element value) bool {
	if l.index >= 0 {
		st.vars[st.base+l.index] = index
	}
	if l.element >= 0 {
		st.vars[st.base+l.element] = element
	}
	st.dot = element
	return l.body.run(st) != breaks
}

func (l *loop) slice(st *state, items reflect.Value) (ran bool, end control) {
	if items.Len() == 0 {
		return false, onward
	}
	for i := 0; i < items.Len(); i++ {
		if !l.once(st, integerOf(i), unboxed(items.Index(i))) {
			break
		}
	}
	return true, onward
}

// count ranges over an int: there is an element and no index.
func (l *loop) count(st *state, n int64) (ran bool, end control) {
	l.oneVariable()
	for i := range n {
		if !l.once(st, value{}, integerOf(int(i))) {
			break
		}
	}
	return n > 0, onward
}

// integers ranges over an integer of another type, whose elements are of that
// type as well.
func (l *loop) integers(st *state, n reflect.Value) (ran bool, end control) {
	l.oneVariable()
	for i := range n.Seq() {
		ran = true
		if !l.once(st, value{}, unboxed(i)) {
			break
		}
	}
	return ran, onward
}

func (l *loop) oneVariable() {
	if l.index >= 0 {
		bail(l.at, "range over an integer has one variable")
	}
}

// sorted ranges over a map in the order of its keys.
func (l *loop) sorted(st *state, m reflect.Value) (ran bool, end control) {
	if m.Len() == 0 {
		return false, onward
	}
	type pair struct{ key, value reflect.Value }
	pairs := make([]pair, 0, m.Len())
	for iter := m.MapRange(); iter.Next(); {
		pairs = append(pairs, pair{iter.Key(), iter.Value()})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return compareKeys(a.key, b.key) })
	for _, p := range pairs {
		if !l.once(st, unboxed(p.key), unboxed(p.value)) {
			break
		}
	}
	return true, onward
}
