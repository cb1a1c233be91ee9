package compile

import "reflect"

// convert makes v an argument for a parameter of type t by the rules of
// text/template. ok is false if it would refuse.
func convert(v reflect.Value, t reflect.Type) (arg reflect.Value, ok bool) {
	if !v.IsValid() {
		return reflect.Zero(t), canBeNil(t)
	}
	if t == valueType && v.Type() != t {
		return reflect.ValueOf(v), true
	}
	if v.Type().AssignableTo(t) {
		return v, true
	}
	if v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
		if v.Type().AssignableTo(t) {
			return v, true
		}
	}
	switch {
	case v.Kind() == reflect.Pointer && v.Type().Elem().AssignableTo(t):
		v = v.Elem()
		return v, v.IsValid()
	case reflect.PointerTo(v.Type()).AssignableTo(t) && v.CanAddr():
		return v.Addr(), true
	}
	return v, false
}

// canBeNil reports whether nil is an argument for a parameter of type t.
func canBeNil(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return true
	case reflect.Struct:
		return t == valueType
	}
	return false
}
