package compile

import (
	"html/template"
	"reflect"
	"unsafe"
)

// kind says which part of a value holds it.
type kind uint8

const (
	reflected kind = iota // any: whatever text/template would hold in its reflect.Value
	text                  // a string
	markup                // a template.HTML
	integer               // an int
	long                  // an int64
	boolean               // a bool
)

// value is what an expression gives. The common scalars stand unboxed, so that
// they cost no allocation; each means exactly what reflect.ValueOf of it would
// mean to text/template. The zero value is its invalid reflect.Value: nil, or
// the value of a key that a map does not have.
//
// It is no larger than it must be, since every node returns one: a scalar is
// kept in the memory of the reflect.Value, see words.
type value struct {
	any  reflect.Value
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

// words is a reflect.Value, or a scalar in its place. Both are a pointer, a
// pointer and a word that is none, so the garbage collector sees the same
// whatever is kept there: for a string the second word is its data. While the
// kind says that it is a scalar, nobody reads the place as a reflect.Value.
// layoutKnown makes sure of all that before anything is compiled.
type words struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
	n    uintptr
}

// layoutKnown reports whether reflect.Value is what words takes it for, an
// int64 fits into a word, and interfaces and slices are what keep makes them.
func layoutKnown() bool {
	t, w := reflect.TypeFor[reflect.Value](), reflect.TypeFor[words]()
	if t.Size() != w.Size() || t.NumField() != w.NumField() || unsafe.Sizeof(uintptr(0)) != 8 {
		return false
	}
	for _, v := range []any{0, "", &t, struct{ a, b int }{}, []int{}, new(any)} {
		if typeWord(reflect.ValueOf(v)) != pointerIn(reflect.TypeOf(v)) {
			return false
		}
	}
	if !interfacesKnown() {
		return false
	}
	isPointer := func(k reflect.Kind) bool { return k == reflect.Pointer || k == reflect.UnsafePointer }
	return isPointer(t.Field(0).Type.Kind()) && isPointer(t.Field(1).Type.Kind()) &&
		t.Field(2).Type.Kind() == reflect.Uintptr
}

// typeWord identifies the type of a valid v: types are equal if and only if
// the pointers to their descriptions are, and a reflect.Value begins with
// that pointer, which layoutKnown has compared with the reflect.Type.
func typeWord(v reflect.Value) unsafe.Pointer { return (*words)(unsafe.Pointer(&v)).typ }

func scalar(k kind, data unsafe.Pointer, n uintptr) value {
	w := words{data: data, n: n}
	return value{any: *(*reflect.Value)(unsafe.Pointer(&w)), kind: k}
}

func stringOf(k kind, s string) value {
	return scalar(k, unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s)))
}

func textOf(s string) value    { return stringOf(text, s) }
func markupOf(s string) value  { return stringOf(markup, s) }
func integerOf(n int) value    { return scalar(integer, nil, uintptr(n)) }
func longOf(n int64) value     { return scalar(long, nil, uintptr(n)) }
func of(v reflect.Value) value { return value{any: v} }

func booleanOf(b bool) value {
	if b {
		return scalar(boolean, nil, 1)
	}
	return scalar(boolean, nil, 0)
}

// str is the string of a text or of markup.
func (v *value) str() string {
	w := (*words)(unsafe.Pointer(&v.any))
	return unsafe.String((*byte)(w.data), int(w.n))
}

// num is the number of an integer, a long or a boolean.
func (v *value) num() int64 { return int64((*words)(unsafe.Pointer(&v.any)).n) }

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
			return textOf(v.String())
		case htmlType:
			return markupOf(v.String())
		}
	case reflect.Int:
		if v.Type() == intType {
			return integerOf(int(v.Int()))
		}
	case reflect.Int64:
		if v.Type() == int64Type {
			return longOf(v.Int())
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
		return markupOf(string(v))
	case int64:
		return longOf(v)
	}
	return value{any: reflect.ValueOf(v)}
}

// reflect returns the value as text/template would hold it.
func (v value) reflect() reflect.Value {
	switch v.kind {
	case text:
		return reflect.ValueOf(v.str())
	case markup:
		return reflect.ValueOf(template.HTML(v.str()))
	case integer:
		return reflect.ValueOf(int(v.num()))
	case long:
		return reflect.ValueOf(v.num())
	case boolean:
		return reflect.ValueOf(v.num() != 0)
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
		return v.str() != "", true
	case integer, long, boolean:
		return v.num() != 0, true
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
