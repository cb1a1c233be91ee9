package compile

import (
	"reflect"
	"time"
	"unsafe"
)

// keep makes values that functions may hold on to: interfaces and slices for
// their arguments. They are cut from blocks, so that many of them cost one
// allocation. No part of a block is ever used twice, since nobody knows what a
// function kept; a block lives until its last part is forgotten.
type keep struct {
	anys     []any
	strings  []string
	ints     []int
	longs    []int64
	times    []time.Time
	slices   []slice
	typesOf  types
	hasTypes bool
}

const blockSize = 64

// cut returns n fresh elements of a block.
func cut[T any](block *[]T, n int) []T {
	if n == 0 {
		return []T{} // not nil, as reflection would pass
	}
	if n > len(*block) {
		if n > blockSize/4 {
			return make([]T, n)
		}
		*block = make([]T, blockSize)
	}
	part := (*block)[:n:n]
	*block = (*block)[n:]
	return part
}

func (k *keep) list(n int) []any     { return cut(&k.anys, n) }
func (k *keep) texts(n int) []string { return cut(&k.strings, n) }

// types are the first words of interfaces that hold the types of a keep.
type types struct{ text, integer, long, time unsafe.Pointer }

// iface is an interface{} as the runtime keeps it: what type it holds and, for
// a type that is no single pointer, where the value is. The layout is that of
// runtime.eface, unchanged since Go 1.4; interfacesKnown compares.
type iface struct{ typ, data unsafe.Pointer }

func wordOf(v any) unsafe.Pointer { return (*iface)(unsafe.Pointer(&v)).typ }

func dataOfInterface(v any) unsafe.Pointer { return (*iface)(unsafe.Pointer(&v)).data }

// in returns the interface{} that holds *p of the type whose word is given.
//
// It is what the compiler makes of any(x), without copying x to the heap: p
// already points to a value in the heap that is never written again, which is
// all that an interface asks of its data. The callers see to it that the word
// is the one of the pointer's type and that the type is no single pointer, and
// the garbage collector follows the data word as it would in any interface.
func in(word, p unsafe.Pointer) (v any) {
	*(*iface)(unsafe.Pointer(&v)) = iface{word, p}
	return v
}

func (k *keep) types() *types {
	if !k.hasTypes {
		k.typesOf = types{wordOf(""), wordOf(0), wordOf(int64(0)), wordOf(time.Time{})}
		k.hasTypes = true
	}
	return &k.typesOf
}

func (k *keep) text(s string) any {
	p := &cut(&k.strings, 1)[0]
	*p = s
	return in(k.types().text, unsafe.Pointer(p))
}

func (k *keep) integer(n int) any {
	if 0 <= n && n < 256 {
		return n // the runtime has these
	}
	p := &cut(&k.ints, 1)[0]
	*p = n
	return in(k.types().integer, unsafe.Pointer(p))
}

func (k *keep) long(n int64) any {
	if 0 <= n && n < 256 {
		return n
	}
	p := &cut(&k.longs, 1)[0]
	*p = n
	return in(k.types().long, unsafe.Pointer(p))
}

func (k *keep) time(t time.Time) any {
	p := &cut(&k.times, 1)[0]
	*p = t
	return in(k.types().time, unsafe.Pointer(p))
}

// slice is any slice as the runtime keeps it, see reflect.SliceHeader.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

// slice returns the reflect.Value of a slice of the type with that word.
func (k *keep) slice(word unsafe.Pointer, s slice) reflect.Value {
	p := &cut(&k.slices, 1)[0]
	*p = s
	return reflect.ValueOf(in(word, unsafe.Pointer(p)))
}

// methodful is any interface with methods as the runtime keeps it: a table of
// the methods, which is the same for all values of a type, and the value.
type methodful struct{ table, data unsafe.Pointer }

// methodfulOf returns v in an interface of type t, to which it is assignable.
func methodfulOf(v reflect.Value, t reflect.Type) methodful {
	p := reflect.New(t)
	p.Elem().Set(v)
	return *(*methodful)(p.UnsafePointer())
}

// interfacesKnown compares the layouts of this file with what the compiler of
// this release makes. It reads, and never writes what it has not understood.
func interfacesKnown() bool {
	n := 12345
	var v any = &n
	failed := &Deopt{}
	var s error = failed
	list := make([]int, 2, 5)
	if unsafe.Sizeof(v) != unsafe.Sizeof(iface{}) || unsafe.Sizeof(s) != unsafe.Sizeof(methodful{}) ||
		unsafe.Sizeof(list) != unsafe.Sizeof(slice{}) {
		return false
	}
	boxed := any(n)
	return pointerIn(v) == unsafe.Pointer(&n) && *(*int)(pointerIn(boxed)) == n && wordOf(boxed) == wordOf(0) &&
		(*methodful)(unsafe.Pointer(&s)).data == unsafe.Pointer(failed) &&
		*(*slice)(unsafe.Pointer(&list)) == slice{unsafe.Pointer(&list[0]), 2, 5}
}
