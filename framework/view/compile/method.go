package compile

import (
	"reflect"
	"time"
	"unsafe"

	"github.com/dram-go/dram/framework/view/escape"
)

// method returns how to call the method of that name of values of type t, or
// ok is false if they have none. Addressable values have those of their pointer, too.
func (f *field) method(t reflect.Type, addressable bool) (found access, ok bool) {
	receiver := t
	if addressable && t.Kind() != reflect.Pointer {
		receiver = reflect.PointerTo(t)
	}
	m, ok := receiver.MethodByName(f.name)
	if !ok {
		return access{}, false
	}
	sig := withoutFirst(m.Type)
	a := f.args
	if a == nil {
		a = &arguments{at: f.at}
	}
	if wrong := a.misfit(f.name, sig); wrong != "" {
		return f.failing("wrong use of method %s of %s: "+wrong, t), true
	}
	found.get = a.methodByReflection(f.name, sig, addressable && t.Kind() != reflect.Pointer)
	if get := f.directly(t, addressable, sig, a); get != nil {
		found.get = get
	}
	if t == timeType && f.name == "Format" {
		if layout := a.list[0].text(); layout != nil {
			found.put = formatted(layout)
		}
	}
	return found, true
}

// directly calls a method without reflection, on a pointer to the value.
func (f *field) directly(t reflect.Type, addressable bool, sig reflect.Type, a *arguments) func(*state, reflect.Value) value {
	pointer := t
	if t.Kind() != reflect.Pointer {
		pointer = reflect.PointerTo(t)
	}
	m, ok := pointer.MethodByName(f.name)
	if !ok {
		return nil
	}
	do := direct(f.name, sig, pointerIn(m.Func.Interface()), true, a)
	switch {
	case do == nil:
		return nil
	case t.Kind() == reflect.Pointer:
		return func(st *state, v reflect.Value) value { return do(st, v.UnsafePointer()) }
	case addressable:
		return func(st *state, v reflect.Value) value { return do(st, v.Addr().UnsafePointer()) }
	case inMemory(t):
		// The method is one of T and *T only calls it with a copy, so that the
		// value, which nobody may change, is not changed.
		return func(st *state, v reflect.Value) value { return do(st, dataOfInterface(v.Interface())) }
	}
	return nil
}

// inMemory reports whether an interface that holds a T surely points to it,
// and does not hold it instead of a pointer.
func inMemory(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Array:
		return t.Size() > unsafe.Sizeof(uintptr(0))
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Interface:
		return false
	}
	return true
}

func (a *arguments) methodByReflection(name string, sig reflect.Type, byPointer bool) func(*state, reflect.Value) value {
	get, ok := a.getters(sig)
	if !ok {
		wrong := a.wrongLiteral(name)
		return func(st *state, _ reflect.Value) value { return wrong(st, nil) }
	}
	return func(st *state, v reflect.Value) value {
		if byPointer {
			v = v.Addr()
		}
		args := make([]reflect.Value, len(get))
		for i, g := range get {
			args[i] = g(st)
		}
		result, err := safely(v.MethodByName(name), args)
		if err != nil {
			bail(a.at, "error calling %s: %v", name, err)
		}
		return resultOf(result)
	}
}

// formatted writes a time where it is wanted, and not into a string first.
func formatted(layout func(*state) string) func(*state, reflect.Value, *escape.Escaper) {
	return func(st *state, v reflect.Value, e *escape.Escaper) {
		l, from := layout(st), len(st.out)
		st.out = e.EscapeFrom(timeOf(v).AppendFormat(st.out, l), from)
	}
}

// timeOf returns the time in v, without a copy in the heap.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}
