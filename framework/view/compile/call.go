package compile

import (
	"fmt"
	"reflect"
	"text/template/parse"
	"unsafe"
)

// caller calls a function. self is its first argument if that is not written
// in the template: the receiver of a method, the scope of a scoped function.
type caller func(st *state, self unsafe.Pointer) value

// funcCall is a call of a function.
type funcCall struct {
	name  string
	at    spot
	do    caller
	wants reflect.Type   // what the scope must be; nil for a plain function
	word  unsafe.Pointer // the same as typeWord has it
	digs  bool
}

// function compiles a call of a function by its name.
func (c *compiler) function(name string, n parse.Node, args []parse.Node, final expr) expr {
	fn, ours := c.funcs[name]
	if !ours {
		return c.builtin(name, n, args, final)
	}
	if takesValues(reflect.TypeOf(fn.Fn)) {
		c.leave(n, "function %q has a parameter of type reflect.Value", name)
		return constant{}
	}
	return c.withArguments(n, args, final, true, func(a *arguments) expr { return funcCallOf(name, fn, a) })
}

// takesValues reports whether a function can see how a value is held, in an
// interface or addressable for instance, which is not kept here.
func takesValues(sig reflect.Type) bool {
	for i := range sig.NumIn() {
		if t := sig.In(i); t == valueType || sig.IsVariadic() && t == reflect.SliceOf(valueType) {
			return true
		}
	}
	return false
}

func funcCallOf(name string, fn Func, a *arguments) expr {
	v := reflect.ValueOf(fn.Fn)
	call, sig := &funcCall{name: name, at: a.at}, v.Type()
	if fn.Scoped {
		call.wants, call.word, sig = sig.In(0), pointerIn(sig.In(0)), withoutFirst(sig)
	}
	if wrong := a.misfit(name, sig); wrong != "" {
		return failing{a.at, wrong}
	}
	if !fn.Impure && (!fn.Scoped || call.wants.Kind() == reflect.Pointer) {
		call.do = direct(name, sig, pointerIn(fn.Fn), fn.Scoped, a)
	}
	if call.do == nil {
		call.do = a.byReflection(name, sig, fn, v)
	}
	return call
}

func (f *funcCall) eval(st *state) value {
	if f.word != st.scopeType && f.wants != nil {
		if got := reflect.TypeOf(st.scope); got == nil || !got.AssignableTo(f.wants) {
			bail(f.at, "function %q needs a scope of type %s, not %T", f.name, f.wants, st.scope)
		}
	}
	v := f.do(st, st.self)
	if f.digs {
		return v.dig()
	}
	return v
}

// withoutFirst returns the type of a function without its first parameter.
func withoutFirst(t reflect.Type) reflect.Type {
	var in, out []reflect.Type
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	return reflect.FuncOf(in, out, t.IsVariadic())
}

// misfit says what html/template will say of a call of a function of type sig
// with these arguments, or "".
func (a *arguments) misfit(name string, sig reflect.Type) string {
	least := sig.NumIn()
	if sig.IsVariadic() {
		least--
	}
	n := a.len()
	if n < least || n > least && !sig.IsVariadic() {
		return fmt.Sprintf("wrong number of args for %s: want %d got %d", name, least, n)
	}
	if sig.NumOut() == 0 || sig.NumOut() > 2 || sig.NumOut() == 2 && sig.Out(1) != errorType {
		return fmt.Sprintf("function %s has other results than one, or one and an error", name)
	}
	if takesValues(sig) {
		return fmt.Sprintf("%s has a parameter of type reflect.Value", name)
	}
	return ""
}

func (a *arguments) len() int {
	if a == nil {
		return 0
	}
	return len(a.list)
}

// getters returns how to get the arguments for a function of type sig as
// reflect.Values, or nil if a literal does not fit.
func (a *arguments) getters(sig reflect.Type) ([]func(*state) reflect.Value, bool) {
	get := make([]func(*state) reflect.Value, a.len())
	for i := range get {
		last := sig.NumIn() - 1
		var t reflect.Type
		if sig.IsVariadic() && i >= last {
			t = sig.In(last).Elem()
		} else {
			t = sig.In(i)
		}
		if get[i] = a.list[i].value(t); get[i] == nil {
			return nil, false
		}
	}
	return get, true
}

// byReflection calls a function that direct does not know, or that is impure.
func (a *arguments) byReflection(name string, sig reflect.Type, fn Func, v reflect.Value) caller {
	get, ok := a.getters(sig)
	if !ok {
		return a.wrongLiteral(name)
	}
	return func(st *state, _ unsafe.Pointer) value {
		args := make([]reflect.Value, 0, len(get)+1)
		if fn.Scoped {
			args = append(args, reflect.ValueOf(st.scope))
		}
		for _, g := range get {
			args = append(args, g(st))
		}
		result, err := safely(v, args)
		if fn.Impure {
			st.calls = append(st.calls, call{name, result, err})
		}
		if err != nil {
			bail(a.at, "error calling %s: %v", name, err)
		}
		return resultOf(result)
	}
}

func (a *arguments) wrongLiteral(name string) caller {
	return func(*state, unsafe.Pointer) value {
		bail(a.at, "an argument of %s is of the wrong type", name)
		return value{}
	}
}

// safely calls fn. A panic is an error, as for text/template.
func safely(fn reflect.Value, args []reflect.Value) (result reflect.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok {
				err = e
			} else {
				err = fmt.Errorf("%v", r)
			}
		}
	}()
	out := fn.Call(args)
	if len(out) == 2 && !out[1].IsNil() {
		return out[0], out[1].Interface().(error)
	}
	return out[0], nil
}

// resultOf is what a template gets of a function's result.
func resultOf(v reflect.Value) value {
	if v.Type() == valueType {
		v = v.Interface().(reflect.Value)
	}
	return unboxed(v)
}

// check ends the render if a function returned an error.
func (st *state) check(err error, h *how) {
	if err != nil {
		bail(h.at, "error calling %s: %v", h.name, err)
	}
}
