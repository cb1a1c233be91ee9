package compile

import "reflect"

// basic is a group of kinds that can be compared with each other.
type basic uint8

const (
	noBasic basic = iota
	boolBasic
	complexBasic
	intBasic
	floatBasic
	stringBasic
	uintBasic
)

// operand is a value ready to be compared: what is inside an interface.
type operand struct {
	kind basic
	n    int64
	s    string
	any  reflect.Value // unless an int, a string or a bool
}

func operandOf(v value) operand {
	switch v.kind {
	case text, markup:
		return operand{kind: stringBasic, s: v.str()}
	case integer, long:
		return operand{kind: intBasic, n: v.num()}
	case boolean:
		return operand{kind: boolBasic, n: v.num()}
	}
	r := indirectInterface(v.any)
	switch r.Kind() {
	case reflect.Bool:
		truth := booleanOf(r.Bool())
		return operand{kind: boolBasic, n: truth.num()}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return operand{kind: intBasic, n: r.Int()}
	case reflect.String:
		return operand{kind: stringBasic, s: r.String()}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return operand{kind: uintBasic, any: r}
	case reflect.Float32, reflect.Float64:
		return operand{kind: floatBasic, any: r}
	case reflect.Complex64, reflect.Complex128:
		return operand{kind: complexBasic, any: r}
	}
	return operand{any: r}
}

// valid reports whether there is anything at all.
func (o operand) valid() bool { return o.kind != noBasic || o.any.IsValid() }

// equal is {{eq a b}}. ok is false if they cannot be compared.
func equal(a, b operand) (truth, ok bool) {
	if a.kind != b.kind {
		switch {
		case a.kind == intBasic && b.kind == uintBasic:
			return a.n >= 0 && uint64(a.n) == b.any.Uint(), true
		case a.kind == uintBasic && b.kind == intBasic:
			return b.n >= 0 && a.any.Uint() == uint64(b.n), true
		}
		return false, !a.valid() || !b.valid()
	}
	switch a.kind {
	case boolBasic, intBasic:
		return a.n == b.n, true
	case stringBasic:
		return a.s == b.s, true
	case uintBasic:
		return a.any.Uint() == b.any.Uint(), true
	case floatBasic:
		return a.any.Float() == b.any.Float(), true
	case complexBasic:
		return a.any.Complex() == b.any.Complex(), true
	}
	return equalOthers(a.any, b.any)
}

func equalOthers(a, b reflect.Value) (truth, ok bool) {
	if a.Kind() != b.Kind() && a.Kind() != reflect.Invalid && b.Kind() != reflect.Invalid {
		return false, false
	}
	if isNil(a) || isNil(b) {
		return isNil(a) == isNil(b), true
	}
	if !b.Type().Comparable() {
		return false, false
	}
	return a.Interface() == b.Interface(), true
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// less is {{lt a b}}. ok is false if they cannot be compared.
func less(a, b operand) (truth, ok bool) {
	switch {
	case a.kind == intBasic && b.kind == uintBasic:
		return a.n < 0 || uint64(a.n) < b.any.Uint(), true
	case a.kind == uintBasic && b.kind == intBasic:
		return b.n >= 0 && a.any.Uint() < uint64(b.n), true
	case a.kind != b.kind:
		return false, false
	}
	switch a.kind {
	case intBasic:
		return a.n < b.n, true
	case stringBasic:
		return a.s < b.s, true
	case uintBasic:
		return a.any.Uint() < b.any.Uint(), true
	case floatBasic:
		return a.any.Float() < b.any.Float(), true
	}
	return false, false
}

// compareBy returns the function of that name for two operands.
func compareBy(name string) func(a, b operand) (truth, ok bool) {
	switch name {
	case "eq":
		return equal
	case "ne":
		return func(a, b operand) (bool, bool) { truth, ok := equal(a, b); return !truth, ok }
	case "lt":
		return less
	case "le":
		return lessOrEqual
	case "gt":
		return func(a, b operand) (bool, bool) { truth, ok := lessOrEqual(a, b); return !truth, ok }
	case "ge":
		return func(a, b operand) (bool, bool) { truth, ok := less(a, b); return !truth, ok }
	}
	return nil
}

func lessOrEqual(a, b operand) (truth, ok bool) {
	if truth, ok = less(a, b); truth || !ok {
		return truth, ok
	}
	return equal(a, b)
}
