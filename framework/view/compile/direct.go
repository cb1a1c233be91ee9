package compile

import (
	"reflect"
	"strings"
	"unsafe"
)

// The functions and methods that templates call most are called without
// reflection, by turning their code into a Go function of a common type.
//
// That is sound because only types are exchanged that Go's calling convention
// (cmd/compile/abi-internal.md) cannot tell apart: arguments and results are
// laid out by kind and size, by the recursive structure of their types and by
// nothing else. So are, in the types used here and in the real ones:
//
//   - every pointer: the receiver *T of a method and the scope are an
//     unsafe.Pointer;
//   - every type whose kind is string, a string;
//   - every slice, a struct of a pointer and two ints, which is what the
//     convention says that a slice is;
//   - every interface with methods, a struct of the two pointers that it is;
//   - a variadic parameter, the slice that it is in the callee.
//
// All other parameters and results must be of exactly the type that is
// written. A function value is a pointer to its closure in both types, so the
// context that a closure finds is its own. What escapes and which words are
// pointers is a matter of the callee, which was compiled for its own types;
// here everything passed is kept alive in variables of pointer type.
// TestOracleShapes calls a function of each shape, also under the race detector,
// whose build checks pointers (checkptr).

// pointerIn returns the closure of a function, or the pointer in an interface
// that holds one.
func pointerIn(v any) unsafe.Pointer { return dataOfInterface(v) }

// as makes the closure code a function of type F.
func as[F any](code unsafe.Pointer) F { return *(*F)(unsafe.Pointer(&code)) }

// how a function is called.
type how struct {
	code     unsafe.Pointer
	withSelf bool // the first argument is the receiver or the scope
	withErr  bool // the second result is an error
	name     string
	at       spot
	args     *arguments
}

// direct returns a caller without reflection for the function with that code,
// or nil if its shape is not among the common ones. sig is its type without
// the receiver or the scope.
func direct(name string, sig reflect.Type, code unsafe.Pointer, withSelf bool, a *arguments) caller {
	h := &how{code: code, withSelf: withSelf, withErr: sig.NumOut() == 2, name: name, at: a.at, args: a}
	shape, ok := shapeOf(sig)
	if !ok {
		return nil
	}
	t := sig.Out(0)
	switch t.Kind() {
	case reflect.String:
		return more(h, shape, sig, stringResult(t))
	case reflect.Int:
		if t == intType {
			return few(h, shape, func(_ *state, n int) value { return integerOf(n) })
		}
	case reflect.Bool:
		if t == boolType {
			return few(h, shape, func(_ *state, b bool) value { return booleanOf(b) })
		}
	case reflect.Interface:
		if t == anyType {
			return few(h, shape, func(_ *state, v any) value { return ofResult(v) })
		}
	case reflect.Slice:
		return few(h, shape, sliceResult(t))
	}
	return nil
}

// ofResult is a result of type any. A nil one is a nil interface until a
// pipeline opens it.
func ofResult(v any) value {
	if v == nil {
		return of(nilInterface)
	}
	return ofInterface(v)
}

func stringResult(t reflect.Type) func(*state, string) value {
	switch t {
	case stringType:
		return func(_ *state, s string) value { return textOf(s) }
	case htmlType:
		return func(_ *state, s string) value { return markupOf(s) }
	}
	return func(_ *state, s string) value { return of(reflect.ValueOf(s).Convert(t)) }
}

func sliceResult(t reflect.Type) func(*state, slice) value {
	null := reflect.Zero(t)
	word := wordOf(null.Interface())
	return func(st *state, s slice) value {
		if s.data == nil {
			return of(null)
		}
		return of(st.kept.slice(word, s))
	}
}

// shapeOf writes the parameters of a function as letters: s string, i int,
// l int64, a any, m an interface with methods, S …string, A …any.
func shapeOf(sig reflect.Type) (shape string, ok bool) {
	var b strings.Builder
	for i := range sig.NumIn() {
		t := sig.In(i)
		variadic := sig.IsVariadic() && i == sig.NumIn()-1
		if variadic {
			t = t.Elem()
		}
		letter := map[reflect.Type]string{stringType: "s", intType: "i", int64Type: "l", anyType: "a"}[t]
		if t.Kind() == reflect.Interface && t.NumMethod() > 0 {
			letter = "m"
		}
		if variadic {
			letter = map[string]string{"s": "S", "a": "A"}[letter]
		}
		if letter == "" {
			return "", false
		}
		b.WriteString(letter)
	}
	return b.String(), true
}

// few returns the caller for a function with parameters of that shape, or nil.
// Each line costs a program some kilobytes, hence the choice.
func few[R any](h *how, shape string, give func(*state, R) value) caller {
	a := h.args
	switch shape {
	case "":
		return none(h, give)
	case "i":
		return one(h, a.list[0].integer(), give)
	case "s":
		return one(h, a.list[0].text(), give)
	case "a":
		return one(h, a.list[0].anything(), give)
	}
	return nil
}

// more is few for what most functions return: text.
func more(h *how, shape string, sig reflect.Type, give func(*state, string) value) caller {
	a := h.args
	switch shape {
	case "l":
		return one(h, a.list[0].long(), give)
	case "A":
		return one(h, a.anythingFrom(0), give)
	case "m":
		return one(h, a.list[0].methods(sig.In(0)), give)
	case "ms":
		return two(h, a.list[0].methods(sig.In(0)), a.list[1].text(), give)
	case "ss":
		return two(h, a.list[0].text(), a.list[1].text(), give)
	case "is":
		return two(h, a.list[0].integer(), a.list[1].text(), give)
	case "as":
		return two(h, a.list[0].anything(), a.list[1].text(), give)
	case "aa":
		return two(h, a.list[0].anything(), a.list[1].anything(), give)
	case "sA":
		return two(h, a.list[0].text(), a.anythingFrom(1), give)
	case "aA":
		return two(h, a.list[0].anything(), a.anythingFrom(1), give)
	case "aS":
		return two(h, a.list[0].anything(), a.textFrom(1), give)
	}
	return few(h, shape, give)
}

func none[R any](h *how, give func(*state, R) value) caller {
	switch {
	case h.withSelf && h.withErr:
		f := as[func(unsafe.Pointer) (R, error)](h.code)
		return func(st *state, self unsafe.Pointer) value {
			r, err := f(self)
			st.check(err, h)
			return give(st, r)
		}
	case h.withSelf:
		f := as[func(unsafe.Pointer) R](h.code)
		return func(st *state, self unsafe.Pointer) value { return give(st, f(self)) }
	case h.withErr:
		f := as[func() (R, error)](h.code)
		return func(st *state, _ unsafe.Pointer) value {
			r, err := f()
			st.check(err, h)
			return give(st, r)
		}
	}
	f := as[func() R](h.code)
	return func(st *state, _ unsafe.Pointer) value { return give(st, f()) }
}

func one[A, R any](h *how, a func(*state) A, give func(*state, R) value) caller {
	switch {
	case a == nil:
		return h.args.wrongLiteral(h.name)
	case h.withSelf && h.withErr:
		f := as[func(unsafe.Pointer, A) (R, error)](h.code)
		return func(st *state, self unsafe.Pointer) value {
			r, err := f(self, a(st))
			st.check(err, h)
			return give(st, r)
		}
	case h.withSelf:
		f := as[func(unsafe.Pointer, A) R](h.code)
		return func(st *state, self unsafe.Pointer) value { return give(st, f(self, a(st))) }
	case h.withErr:
		f := as[func(A) (R, error)](h.code)
		return func(st *state, _ unsafe.Pointer) value {
			r, err := f(a(st))
			st.check(err, h)
			return give(st, r)
		}
	}
	f := as[func(A) R](h.code)
	return func(st *state, _ unsafe.Pointer) value { return give(st, f(a(st))) }
}

func two[A, B, R any](h *how, a func(*state) A, b func(*state) B, give func(*state, R) value) caller {
	switch {
	case a == nil || b == nil:
		return h.args.wrongLiteral(h.name)
	case h.withSelf && h.withErr:
		f := as[func(unsafe.Pointer, A, B) (R, error)](h.code)
		return func(st *state, self unsafe.Pointer) value {
			x := a(st)
			r, err := f(self, x, b(st))
			st.check(err, h)
			return give(st, r)
		}
	case h.withSelf:
		f := as[func(unsafe.Pointer, A, B) R](h.code)
		return func(st *state, self unsafe.Pointer) value {
			x := a(st)
			return give(st, f(self, x, b(st)))
		}
	case h.withErr:
		f := as[func(A, B) (R, error)](h.code)
		return func(st *state, _ unsafe.Pointer) value {
			x := a(st)
			r, err := f(x, b(st))
			st.check(err, h)
			return give(st, r)
		}
	}
	f := as[func(A, B) R](h.code)
	return func(st *state, _ unsafe.Pointer) value {
		x := a(st)
		return give(st, f(x, b(st)))
	}
}
