package view

import (
	"fmt"
	"html/template"
	"reflect"
)

// scopeCell carries the scope of the render in progress to the scoped
// functions of one clone.
type scopeCell struct {
	value reflect.Value
	wants []scopeParam
}

// scopeParam is what one scoped function wants the scope to be.
type scopeParam struct {
	name string
	typ  reflect.Type
}

// mustBeScoped panics unless fn is a function with a first parameter for the
// scope and results that templates understand.
func mustBeScoped(name string, fn any) {
	t := reflect.TypeOf(fn)
	if t == nil || t.Kind() != reflect.Func || t.NumIn() == 0 || (t.NumIn() == 1 && t.IsVariadic()) {
		panic(fmt.Sprintf("view: function %q must be a func whose first parameter is the scope, it is %T", name, fn))
	}
}

// bind returns the functions without their first parameter: it is taken from
// the cell at each call.
func (c *scopeCell) bind(scoped template.FuncMap) template.FuncMap {
	bound := make(template.FuncMap, len(scoped))
	for name, fn := range scoped {
		c.wants = append(c.wants, scopeParam{name, reflect.TypeOf(fn).In(0)})
		bound[name] = c.bindOne(reflect.ValueOf(fn)).Interface()
	}
	return bound
}

func (c *scopeCell) bindOne(fn reflect.Value) reflect.Value {
	t := fn.Type()
	in := make([]reflect.Type, 0, t.NumIn()-1)
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	out := make([]reflect.Type, 0, t.NumOut())
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	call := fn.Call
	if t.IsVariadic() {
		call = fn.CallSlice
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		return call(append([]reflect.Value{c.value}, args...))
	})
}

// set gives the functions their scope. It fails when one of them wants
// another type.
func (c *scopeCell) set(scope any) error {
	got := reflect.TypeOf(scope)
	for _, want := range c.wants {
		if got == nil || !got.AssignableTo(want.typ) {
			return fmt.Errorf("function %q of the templates needs a scope of type %s, Render was given %T", want.name, want.typ, scope)
		}
	}
	c.value = reflect.ValueOf(scope)
	return nil
}

func (c *scopeCell) clear() { c.value = reflect.Value{} }
