package lint

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"

	"github.com/dram-go/dram/framework/nearest"
)

// value is what is known of a value in a template before there is one: its
// type, nil when that shows only at run time.
type value struct {
	typ types.Type
	// settable is set where methods of the pointer can be called: behind a
	// pointer and in a slice.
	settable bool
}

// unknown is a value of which nothing is known, so that nothing is wrong.
var unknown = value{}

// of returns a value of a type. An interface holds what nobody knows.
func of(t types.Type, settable bool) value {
	if t == nil {
		return unknown
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return unknown
	}
	if named, ok := types.Unalias(t).(*types.Named); ok && packageOf(named.Obj()) == "reflect" && named.Obj().Name() == "Value" {
		return unknown // templates take the value out of it
	}
	switch u := t.Underlying().(type) {
	case *types.Interface, *types.Tuple:
		return unknown
	case *types.Basic:
		if u.Kind() == types.Invalid || u.Kind() == types.UntypedNil || u.Kind() == types.UnsafePointer {
			return unknown
		}
	}
	return value{types.Default(t), settable}
}

// indirect follows pointers, as templates do.
func (v value) indirect() value {
	for v.typ != nil {
		p, ok := v.typ.Underlying().(*types.Pointer)
		if !ok {
			return v
		}
		v = of(p.Elem(), true)
	}
	return v
}

func (v value) String() string { return typeName(v.typ) }

// typeName writes a type as the source of another package would.
func typeName(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// member returns what .name of v is. What is wrong with it is "" when nothing
// is, or nothing is known. args counts the arguments that it is given.
func (v value) member(name string, args int) (value, string) {
	v = v.indirect()
	if v.typ == nil {
		return unknown, ""
	}
	obj, _, indirect := types.LookupFieldOrMethod(v.typ, v.settable, nil, name)
	switch obj := obj.(type) {
	case *types.Func:
		return method(obj, args)
	case *types.Var:
		if args > 0 {
			return unknown, fmt.Sprintf("%s.%s is a field and takes no arguments", v, name)
		}
		return of(obj.Type(), v.settable || indirect), ""
	}
	if indirect {
		return unknown, fmt.Sprintf("method %s belongs to *%s, and here is no pointer: render a pointer, or declare it on %[2]s", name, v)
	}
	if ambiguous(v.typ, name) {
		return unknown, ""
	}
	if m, ok := v.typ.Underlying().(*types.Map); ok && types.AssignableTo(types.Typ[types.String], m.Key()) {
		if args > 0 {
			return unknown, fmt.Sprintf("%s is a key of the %s and takes no arguments", name, v)
		}
		return of(m.Elem(), false), ""
	}
	return unknown, v.lacks(name)
}

// method returns the result of a method that is called with so many arguments.
func method(fn *types.Func, args int) (value, string) {
	sig := fn.Signature()
	if what := badCall(sig, fn.Name(), args); what != "" {
		return unknown, what
	}
	return result(sig), ""
}

// badCall says what keeps a template from calling a function so, or "".
func badCall(sig *types.Signature, name string, args int) string {
	want := sig.Params().Len()
	switch {
	case sig.Variadic() && args < want-1:
		return fmt.Sprintf("%s takes at least %d %s, not %d", name, want-1, plural(want-1, "argument"), args)
	case !sig.Variadic() && args != want:
		return fmt.Sprintf("%s takes %d %s, not %d", name, want, plural(want, "argument"), args)
	}
	results := sig.Results()
	if n := results.Len(); n == 1 || n == 2 && types.TypeString(results.At(1).Type(), nil) == "error" {
		return ""
	}
	return fmt.Sprintf("%s returns %s: a template calls what returns one value, or one and an error", name, resultsOf(sig))
}

func resultsOf(sig *types.Signature) string {
	if sig.Results().Len() == 0 {
		return "nothing"
	}
	return types.TypeString(sig.Results(), func(p *types.Package) string { return p.Name() })
}

// result returns what a call yields.
func result(sig *types.Signature) value {
	if sig == nil || sig.Results().Len() == 0 {
		return unknown
	}
	return of(sig.Results().At(0).Type(), false)
}

// lacks says that v has no such field or method.
func (v value) lacks(name string) string {
	if !token.IsExported(name) {
		if hidden(v.typ, name) {
			return fmt.Sprintf("%s.%s is not exported: templates see exported fields and methods alone%s", v, name, nearest.Hint(name, v.names()))
		}
	}
	return fmt.Sprintf("%s has no field or method %s%s", v, name, nearest.Hint(name, v.names()))
}

// hidden reports whether the type has an unexported field of this name.
func hidden(t types.Type, name string) bool {
	return slices.ContainsFunc(fieldsOf(t), func(f *types.Var) bool { return f.Name() == name })
}

// ambiguous reports whether several embedded types have this name: Go and
// reflection do not agree on what that means.
func ambiguous(t types.Type, name string) bool {
	_, index, _ := types.LookupFieldOrMethod(t, true, nil, name)
	return index != nil
}

// names returns what a template may call or read.
func (v value) names() []string {
	var names []string
	for _, f := range fieldsOf(v.typ) {
		if f.Exported() {
			names = append(names, f.Name())
		}
	}
	t := v.typ
	if v.settable {
		t = types.NewPointer(t)
	}
	for sel := range types.NewMethodSet(t).Methods() {
		if sel.Obj().Exported() {
			names = append(names, sel.Obj().Name())
		}
	}
	return names
}

// fieldsOf returns the fields of a struct, promoted ones included.
func fieldsOf(t types.Type) []*types.Var {
	var fields []*types.Var
	seen := map[types.Type]bool{}
	var collect func(types.Type)
	collect = func(t types.Type) {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		if !ok || seen[t] {
			return
		}
		seen[t] = true
		for f := range s.Fields() {
			fields = append(fields, f)
			if f.Embedded() {
				collect(f.Type())
			}
		}
	}
	collect(t)
	return fields
}

// elements returns what range sets its two variables to, and the dot; wrong
// says that nothing can be ranged over.
func (v value) elements() (key, elem value, wrong string) {
	settable := v.settable
	v = v.indirect()
	if v.typ == nil {
		return unknown, unknown, ""
	}
	number := of(types.Typ[types.Int], false)
	switch u := v.typ.Underlying().(type) {
	case *types.Slice:
		return number, of(u.Elem(), true), ""
	case *types.Array:
		return number, of(u.Elem(), v.settable || settable), ""
	case *types.Map:
		return of(u.Key(), false), of(u.Elem(), false), ""
	case *types.Chan:
		return number, of(u.Elem(), false), ""
	case *types.Basic:
		if u.Info()&types.IsInteger != 0 {
			return unknown, value{v.typ, false}, ""
		}
	case *types.Signature:
		return unknown, unknown, "" // an iterator, or an error of its own
	}
	return unknown, unknown, fmt.Sprintf("range cannot go over %s", v)
}
