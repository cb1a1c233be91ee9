package compile

import (
	"reflect"
	"text/template/parse"
	"time"
)

// arguments are what a function or a method is called with.
type arguments struct {
	list []argument
	at   spot
}

// argument is a literal, whose value depends on the parameter, or anything
// else, whose value is converted to it.
type argument struct {
	lit parse.Node
	e   expr
	c   *compiler
	at  spot
}

// withArguments compiles the arguments of a command and what is piped into
// it, and gives them to make.
//
// What is piped in is made before everything else of the command. Where nobody
// can tell the difference, late, it is made together with the arguments.
func (c *compiler) withArguments(n parse.Node, nodes []parse.Node, final expr, late bool, make func(*arguments) expr) expr {
	a := &arguments{at: c.where(n)}
	for _, n := range nodes {
		arg := argument{c: c, at: c.where(n)}
		switch n.(type) {
		case *parse.BoolNode, *parse.StringNode, *parse.NumberNode, *parse.NilNode:
			arg.lit = n
		default:
			arg.e = c.operand(n)
			late = late && simple(arg.e)
		}
		a.list = append(a.list, arg)
	}
	if final == nil {
		return make(a)
	}
	if late || simple(final) {
		a.list = append(a.list, argument{e: final, at: a.at})
		return make(a)
	}
	slot := len(c.scope)
	c.scope = append(c.scope, "") // a slot without a name
	a.list = append(a.list, argument{e: variable{slot}, at: a.at})
	return kept{final, slot, make(a)}
}

// value returns how to get the argument for a parameter of type t, or nil if
// it is a literal that does not fit.
func (a argument) value(t reflect.Type) func(st *state) reflect.Value {
	if a.lit != nil {
		v, ok := a.c.literalAs(a.lit, t)
		if !ok {
			return nil
		}
		return func(*state) reflect.Value { return v }
	}
	return func(st *state) reflect.Value { return a.convert(a.e.eval(st).reflect(), t) }
}

func (a argument) convert(v reflect.Value, t reflect.Type) reflect.Value {
	arg, ok := convert(v, t)
	if !ok {
		got := "nil"
		if v.IsValid() {
			got = v.Type().String()
		}
		bail(a.at, "wrong type for value; expected %s; got %s", t, got)
	}
	return arg
}

// The getters below give an argument without reflection where it is of the
// type already.

func (a argument) text() func(st *state) string {
	if v := a.value(stringType); v == nil {
		return nil
	} else if a.lit != nil {
		s := v(nil).String()
		return func(*state) string { return s }
	}
	return func(st *state) string {
		v := a.e.eval(st)
		if v.kind == text {
			return v.str()
		}
		return a.convert(v.reflect(), stringType).String()
	}
}

func (a argument) integer() func(st *state) int {
	if v := a.value(intType); v == nil {
		return nil
	} else if a.lit != nil {
		n := int(v(nil).Int())
		return func(*state) int { return n }
	}
	return func(st *state) int {
		v := a.e.eval(st)
		if v.kind == integer {
			return int(v.num())
		}
		return int(a.convert(v.reflect(), intType).Int())
	}
}

func (a argument) long() func(st *state) int64 {
	if v := a.value(int64Type); v == nil {
		return nil
	} else if a.lit != nil {
		n := v(nil).Int()
		return func(*state) int64 { return n }
	}
	return func(st *state) int64 {
		v := a.e.eval(st)
		if v.kind == long {
			return v.num()
		}
		return a.convert(v.reflect(), int64Type).Int()
	}
}

func (a argument) anything() func(st *state) any {
	if v := a.value(anyType); v == nil {
		return nil
	} else if a.lit != nil {
		var boxed any
		if lit := v(nil); lit.IsValid() && !(lit.Kind() == reflect.Interface && lit.IsNil()) {
			boxed = lit.Interface()
		}
		return func(*state) any { return boxed }
	}
	return func(st *state) any { return st.box(a.e.eval(st)) }
}

var timeType = reflect.TypeFor[time.Time]()

// box returns the value in an interface.
func (st *state) box(v value) any {
	switch v.kind {
	case text:
		return st.kept.text(v.str())
	case integer:
		return st.kept.integer(int(v.num()))
	case long:
		return st.kept.long(v.num())
	case boolean:
		return v.num() != 0
	case markup:
		return v.reflect().Interface()
	}
	if !v.any.IsValid() {
		return nil
	}
	if v.any.CanAddr() && v.any.Type() == timeType {
		return st.kept.time(*v.any.Addr().Interface().(*time.Time))
	}
	return v.any.Interface()
}

// from returns how to get the arguments from the n-th on as the slice of a
// variadic parameter.
func (a *arguments) anythingFrom(n int) func(st *state) []any {
	var get []func(*state) any
	for _, arg := range a.list[n:] {
		g := arg.anything()
		if g == nil {
			return nil
		}
		get = append(get, g)
	}
	return func(st *state) []any {
		list := st.kept.list(len(get))
		for i, g := range get {
			list[i] = g(st)
		}
		return list
	}
}

func (a *arguments) textFrom(n int) func(st *state) []string {
	var get []func(*state) string
	for _, arg := range a.list[n:] {
		g := arg.text()
		if g == nil {
			return nil
		}
		get = append(get, g)
	}
	return func(st *state) []string {
		list := st.kept.texts(len(get))
		for i, g := range get {
			list[i] = g(st)
		}
		return list
	}
}

// methods returns how to get the argument for a parameter whose type is an
// interface with methods.
func (a argument) methods(t reflect.Type) func(st *state) methodful {
	get := a.value(t)
	if get == nil {
		return nil
	}
	var tables cache[methodful]
	return func(st *state) methodful {
		v := get(st)
		if v.Kind() != reflect.Pointer {
			return methodfulOf(v, t)
		}
		// The table of a pointer's methods is looked up once for its type, and
		// the value in the interface is the pointer.
		known := tables.find(v)
		if known == nil {
			known = tables.add(v, methodful{table: methodfulOf(v, t).table})
		}
		return methodful{known.table, v.UnsafePointer()}
	}
}
