package view

import (
	"fmt"
	"html/template"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/dram-go/dram/framework/view/compile"
)

// scoped are the functions that a clone has for itself: those that take the
// scope, and those that are impure.
type scoped struct {
	funcs  map[string]any
	byName map[string]bool // the ones that take the scope
	impure map[string]bool
	wants  []scopeParam
	last   atomic.Pointer[reflect.Type] // of the last scope that fitted
}

// scopeParam is what one scoped function wants the scope to be.
type scopeParam struct {
	name string
	typ  reflect.Type
}

func newScoped(opts Options) *scoped {
	s := &scoped{funcs: map[string]any{}, byName: map[string]bool{}, impure: map[string]bool{}}
	for _, name := range sortedKeys(opts.Scoped) {
		fn := opts.Scoped[name]
		s.funcs[name], s.byName[name] = fn, true
		s.wants = append(s.wants, scopeParam{name, reflect.TypeOf(fn).In(0)})
	}
	for _, name := range opts.Impure {
		s.impure[name] = true
		if fn, ok := opts.Funcs[name]; ok {
			s.funcs[name] = fn
		}
	}
	return s
}

// table describes all functions to the compiler.
func (s *scoped) table(funcs template.FuncMap) map[string]compile.Func {
	table := make(map[string]compile.Func, len(funcs))
	for name, fn := range funcs {
		table[name] = compile.Func{Fn: fn, Scoped: s.byName[name], Impure: s.impure[name]}
	}
	return table
}

// fits fails when one of the functions wants the scope to be of another type.
func (s *scoped) fits(scope any) error {
	got := reflect.TypeOf(scope)
	if last := s.last.Load(); last != nil && *last == got {
		return nil
	}
	for _, want := range s.wants {
		if got == nil || !got.AssignableTo(want.typ) {
			return fmt.Errorf("function %q of the templates needs a scope of type %s, Render was given %T", want.name, want.typ, scope)
		}
	}
	s.last.Store(&got)
	return nil
}

// mustBeScoped panics unless fn is a function with a first parameter for the
// scope and results that templates understand.
func mustBeScoped(name string, fn any) {
	t := reflect.TypeOf(fn)
	if t == nil || t.Kind() != reflect.Func || t.NumIn() == 0 || (t.NumIn() == 1 && t.IsVariadic()) {
		panic(fmt.Sprintf("view: function %q must be a func whose first parameter is the scope, it is %T", name, fn))
	}
}

// scopeCell carries the scope of the render in progress to the functions of
// one clone, and what impure ones have returned in it already.
type scopeCell struct {
	value  reflect.Value
	before *compile.Deopt
}

// bind returns the functions as templates call them: the scope is taken from
// the cell at each call.
func (c *scopeCell) bind(s *scoped) template.FuncMap {
	bound := make(template.FuncMap, len(s.funcs))
	for name, fn := range s.funcs {
		bound[name] = c.bindOne(name, reflect.ValueOf(fn), s.byName[name], s.impure[name])
	}
	return bound
}

func (c *scopeCell) bindOne(name string, fn reflect.Value, scoped, impure bool) any {
	t := fn.Type()
	var in, out []reflect.Type
	for i := range t.NumIn() {
		in = append(in, t.In(i))
	}
	if scoped {
		in = in[1:]
	}
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	call := fn.Call
	if t.IsVariadic() {
		call = fn.CallSlice
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		if impure {
			if results, ok := c.replay(name, out); ok {
				return results
			}
		}
		if scoped {
			args = slices.Concat([]reflect.Value{c.value}, args)
		}
		return call(args)
	}).Interface()
}

// replay returns what an impure function returned in the render that was given
// up before this one. One without an error result can only have panicked
// instead, and does so again.
func (c *scopeCell) replay(name string, out []reflect.Type) ([]reflect.Value, bool) {
	result, err, ok := c.before.Replay(name, out[0])
	switch {
	case !ok:
		return nil, false
	case len(out) == 1 && err != nil:
		panic(err)
	case len(out) == 1:
		return []reflect.Value{result}, true
	}
	failed := reflect.New(out[1]).Elem()
	if err != nil {
		failed.Set(reflect.ValueOf(err))
	}
	return []reflect.Value{result, failed}, true
}

// set begins a render, perhaps after one that was given up.
func (c *scopeCell) set(scope any, before *compile.Deopt) {
	c.value, c.before = reflect.ValueOf(scope), before
}

func (c *scopeCell) clear() { c.value, c.before = reflect.Value{}, nil }
