package compile_test

import "reflect"

// bindScope gives a scoped function its first argument, as html/template needs.
func bindScope(fn, scope any) any {
	v := reflect.ValueOf(fn)
	t := v.Type()
	var in, out []reflect.Type
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	call := v.Call
	if t.IsVariadic() {
		call = v.CallSlice
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		return call(append([]reflect.Value{reflect.ValueOf(scope)}, args...))
	}).Interface()
}
