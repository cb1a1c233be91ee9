package compile

import (
	"fmt"
	"reflect"
	"unsafe"
)

// maxDepth is how deep templates may call each other before html/template is
// asked, whose limit is far beyond and whose error names the place.
const maxDepth = 1000

// state is one render.
type state struct {
	out       []byte
	dot       value
	vars      []value // the variables of all templates in progress
	base      int     // where those of the current one begin
	depth     int
	scope     any
	scopeType unsafe.Pointer // of the scope, see typeWord
	self      unsafe.Pointer // of the scope, if it is a pointer
	kept      keep
	calls     []call // of impure functions, in their order
}

// control says how a list of nodes ended.
type control uint8

const (
	onward control = iota
	breaks
	continues
)

// node writes a part of the page.
type node func(st *state) control

// list is nodes one after another.
type list []node

func (l list) run(st *state) control {
	for _, n := range l {
		if c := n(st); c != onward {
			return c
		}
	}
	return onward
}

// expr is something with a value.
type expr interface{ eval(st *state) value }

// enter makes room for the variables of a template whose dot is $, and returns
// what leave needs.
func (st *state) enter(slots int) (before int) {
	before = st.base
	st.base = len(st.vars)
	for range slots {
		st.vars = append(st.vars, value{})
	}
	return before
}

func (st *state) leave(before int) {
	clear(st.vars[st.base:])
	st.vars = st.vars[:st.base]
	st.base = before
}

// setScope sets what the scoped functions get first.
func (st *state) setScope(scope any) {
	st.scope, st.scopeType = scope, wordOf(scope)
	if scope != nil && reflect.TypeOf(scope).Kind() == reflect.Pointer {
		st.self = pointerIn(scope)
	}
}

// clear lets go of the request, so that a state in the pool keeps nothing but
// the rest of its blocks.
func (st *state) clear() {
	clear(st.vars)
	clear(st.calls)
	st.out, st.dot, st.scope, st.scopeType, st.self = nil, value{}, nil, nil, nil
	st.vars, st.calls, st.base, st.depth = st.vars[:0], st.calls[:0], 0, 0
}

// spot is where in a template something stands. It is worked out only when
// somebody asks.
type spot func() string

// bail gives the render up: html/template is to answer.
func bail(at spot, format string, args ...any) {
	panic(&Deopt{At: at(), Reason: fmt.Sprintf(format, args...)})
}

// refuse is bail for what the compiler will not do for this page whatever the
// next request brings.
func refuse(at spot, format string, args ...any) {
	panic(&Deopt{At: at(), Reason: fmt.Sprintf(format, args...), lasting: true})
}

// Deopt is why a render was given up: an error of the template or of its
// functions, or something that is left to html/template. It is not an error to
// show, since html/template's answer on the same data is the answer.
type Deopt struct {
	At     string // file:line:column in the template, "" if unknown
	Reason string

	lasting bool
	calls   []call
}

// Error returns "file:line:column: reason".
func (d *Deopt) Error() string { return Left{d.At, d.Reason}.Error() }

// call is a call of an impure function, which must not be repeated.
type call struct {
	name   string
	result reflect.Value
	err    error
}

// Replay returns what the next call of the impure function of that name
// returned in the render that was given up; ok is false when there was none.
// html/template, rendering the same page with the same data, makes the same
// calls in the same order, so with Replay no effect happens twice. result is
// of type want.
func (d *Deopt) Replay(name string, want reflect.Type) (result reflect.Value, err error, ok bool) {
	if d == nil {
		return reflect.Value{}, nil, false
	}
	for i, c := range d.calls {
		if c.name != name {
			continue
		}
		d.calls = append(d.calls[:i:i], d.calls[i+1:]...)
		result = reflect.New(want).Elem()
		if v := c.result; v.IsValid() {
			result.Set(v)
		}
		return result, c.err, true
	}
	return reflect.Value{}, nil, false
}
