package compile

import (
	"html/template"
	"reflect"
)

// kind says which part of a value holds it.
type kind uint8

const (
	reflected kind = iota // any: whatever text/template would hold in its reflect.Value
	text                  // s, of type string
	markup                // s, of type template.HTML
	integer               // n, of type int
	long                  // n, of type int64
	boolean               // n is 0 or 1, of type bool
)

// value is what an expression gives. The common scalars stand unboxed, so that
// they cost no allocation; each means exactly what reflect.ValueOf of it would
// mean to text/template. The zero value is its invalid reflect.Value: nil, or
// the value of a key that a map does not have.
type value struct {
	any  reflect.Value
	s    string
	n    int64
	kind kind
}

// The types of the unboxed kinds, and others with meaning.
var (
	stringType   = reflect.TypeFor[string]()
	htmlType     = reflect.TypeFor[template.HTML]()
	intType      = reflect.TypeFor[int]()
	int64Type    = reflect.TypeFor[int64]()
	boolType     = reflect.TypeFor[bool]()
	anyType      = reflect.TypeFor[any]()
	errorType    = reflect.TypeFor[error]()
	valueType    = reflect.TypeFor[reflect.Value]()
	nilInterface = reflect.Zero(anyType)
)

func textOf(s string) value    { return value{kind: text, s: s} }
func integerOf(n int) value    { return value{kind: integer, n: int64(n)} }
func of(v reflect.Value) value { return value{any: v} }

func booleanOf(b bool) value {
	if b {
		return value{kind: boolean, n: 1}
	}
	return value{kind: boolean}
}

// unboxed is of for a value that is likely to be a plain scalar. What is
// addressable stays so only if it is none: nothing but a parameter of type
// *string could tell, and that is refused later.
func unboxed(v reflect.Value) value {
	if !v.IsValid() {
		return value{}
	}
	switch v.Kind() {
	case reflect.String:
		switch v.Type() {
		case stringType:
			return value{kind: text, s: v.String()}
		case htmlType:
			return value{kind: markup, s: v.String()}
		}
	case reflect.Int:
		if v.Type() == intType {
			return value{kind: integer, n: v.Int()}
		}
	case reflect.Int64:
		if v.Type() == int64Type {
			return value{kind: long, n: v.Int()}
		}
	case reflect.Bool:
		if v.Type() == boolType {
			return booleanOf(v.Bool())
		}
	}
	return value{any: v}
}

// ofInterface is what a pipeline makes of an interface{} that holds v.
func ofInterface(v any) value {
	switch v := v.(type) {
	case nil:
		return value{}
	case string:
		return textOf(v)
	case int:
		return integerOf(v)
	case bool:
		return booleanOf(v)
	case template.HTML:
		return value{kind: markup, s: string(v)}
	case int64:
		return value{kind: long, n: v}
	}
	return value{any: reflect.ValueOf(v)}
}

// reflect returns the value as text/template would hold it.
func (v value) reflect() reflect.Value {
	switch v.kind {
	case text:
		return reflect.ValueOf(v.s)
	case markup:
		return reflect.ValueOf(template.HTML(v.s))
	case integer:
		return reflect.ValueOf(int(v.n))
	case long:
		return reflect.ValueOf(v.n)
	case boolean:
		return reflect.ValueOf(v.n != 0)
	}
	return v.any
}

// dig does what a pipeline does to the value of each command: of an
// interface{} it takes what is inside.
func (v value) dig() value {
	if v.kind == reflected && v.any.Kind() == reflect.Interface && v.any.Type().NumMethod() == 0 {
		return unboxed(v.any.Elem())
	}
	return v
}

// truth is text/template's IsTrue of the value inside an interface.
func (v value) truth() (truth, ok bool) {
	switch v.kind {
	case text, markup:
		return v.s != "", true
	case integer, long, boolean:
		return v.n != 0, true
	}
	return isTrue(indirectInterface(v.any))
}

func isTrue(v reflect.Value) (truth, ok bool) {
	if !v.IsValid() {
		return false, true
	}
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() > 0, true
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Complex64, reflect.Complex128:
		return v.Complex() != 0, true
	case reflect.Chan, reflect.Func, reflect.Pointer, reflect.UnsafePointer, reflect.Interface:
		return !v.IsNil(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int() != 0, true
	case reflect.Float32, reflect.Float64:
		return v.Float() != 0, true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return v.Uint() != 0, true
	case reflect.Struct:
		return true, true
	}
	return false, false
}

// indirect follows pointers and interfaces to their end, or to the nil there.
func indirect(v reflect.Value) (end reflect.Value, isNil bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, true
		}
		v = v.Elem()
	}
	return v, false
}

// indirectInterface returns what is inside an interface, and other values as
// they are.
func indirectInterface(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Interface {
		return v
	}
	if v.IsNil() {
		return reflect.Value{}
	}
	return v.Elem()
}
