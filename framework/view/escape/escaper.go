package escape

import (
	"strconv"
	"unsafe"
)

// Escaper is one of html/template's escapers, or a chain of them. It is
// immutable and may be used by many goroutines at once.
type Escaper struct {
	name string
	// special marks the bytes that are looked at: a string without any of
	// them comes out as it is. Without the table every string is looked at.
	special *[256]uint8
	// ifEmpty stands for the empty string, where special is set.
	ifEmpty string
	// numbers promises that no number and no bool holds a special byte,
	// exponents and what is not finite left aside.
	numbers bool
	// json is set for the one escaper that writes JavaScript values.
	json bool
	// write appends s, whose first special byte is at index from.
	write func(dst []byte, s string, from int) []byte
	// safe is the one kind of content that the escaper treats as safe, trust
	// how it does.
	safe  content
	trust func(dst []byte, s string) ([]byte, error)
	// other appends a value that is neither a string, a number, a bool nor
	// typed content.
	other func(e *Escaper, dst []byte, v any) ([]byte, error)
	// first and rest are set for a chain.
	first, rest *Escaper
}

// Named returns the escaper that html/template calls by that name: one of
// _html_template_…, _eval_args_ (which prints), or the predefined html, js and
// urlquery.
func Named(name string) (*Escaper, bool) {
	e, ok := all()[name]
	return e, ok
}

// Name returns the name by which html/template calls the escaper; that of a
// chain holds all of them, joined by "|".
func (e *Escaper) Name() string { return e.name }

// AppendString appends s, escaped as the plain string that it is.
func (e *Escaper) AppendString(dst []byte, s string) []byte {
	if e.special == nil {
		return e.write(dst, s, 0)
	}
	from := scan(e.special, s)
	if from < len(s) {
		return e.write(dst, s, from)
	}
	if s == "" {
		return append(dst, e.ifEmpty...)
	}
	return append(dst, s...)
}

// EscapeFrom escapes dst[from:] as the plain string that it is, in its place.
// It is for what has been appended by a function that knows no escapers.
func (e *Escaper) EscapeFrom(dst []byte, from int) []byte {
	if from == len(dst) {
		return e.AppendString(dst, "")
	}
	// The string lives as long as this function, and its bytes do not change
	// meanwhile: all that is written goes behind len(dst), in this array or in
	// a larger one.
	tail := unsafe.String(&dst[from], len(dst)-from)
	first := 0
	if e.special != nil {
		if first = scan(e.special, tail); first == len(tail) {
			return dst
		}
	}
	end := len(dst)
	dst = e.write(dst, tail, first)
	n := copy(dst[from:], dst[end:])
	return dst[:from+n]
}

// AppendInt appends n as html/template prints an int of any size.
func (e *Escaper) AppendInt(dst []byte, n int64) []byte {
	from := len(dst)
	switch {
	case e.numbers:
		return strconv.AppendInt(dst, n, 10)
	case e.json:
		dst = append(dst, ' ')
		dst = strconv.AppendInt(dst, n, 10)
		return append(dst, ' ')
	case e.first != nil:
		return e.rest.EscapeFrom(e.first.AppendInt(dst, n), from)
	}
	return e.EscapeFrom(strconv.AppendInt(dst, n, 10), from)
}

// AppendUint appends n as html/template prints a uint of any size.
func (e *Escaper) AppendUint(dst []byte, n uint64) []byte {
	from := len(dst)
	switch {
	case e.numbers:
		return strconv.AppendUint(dst, n, 10)
	case e.json:
		dst = append(dst, ' ')
		dst = strconv.AppendUint(dst, n, 10)
		return append(dst, ' ')
	case e.first != nil:
		return e.rest.EscapeFrom(e.first.AppendUint(dst, n), from)
	}
	return e.EscapeFrom(strconv.AppendUint(dst, n, 10), from)
}

// AppendFloat appends f, a float of 32 or 64 bits, as html/template prints it.
func (e *Escaper) AppendFloat(dst []byte, f float64, bits int) []byte {
	from := len(dst)
	switch {
	case e.json:
		return appendJSFloat(dst, f, bits)
	case e.first != nil:
		return e.rest.EscapeFrom(e.first.AppendFloat(dst, f, bits), from)
	}
	return e.EscapeFrom(strconv.AppendFloat(dst, f, 'g', -1, bits), from)
}

// AppendBool appends b as html/template prints it.
func (e *Escaper) AppendBool(dst []byte, b bool) []byte {
	from := len(dst)
	switch {
	case e.numbers:
		return strconv.AppendBool(dst, b)
	case e.json:
		dst = append(dst, ' ')
		dst = strconv.AppendBool(dst, b)
		return append(dst, ' ')
	case e.first != nil:
		return e.rest.EscapeFrom(e.first.AppendBool(dst, b), from)
	}
	return e.EscapeFrom(strconv.AppendBool(dst, b), from)
}
