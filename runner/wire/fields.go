package wire

import (
	"encoding/binary"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// appendString appends a length and the bytes.
func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// AppendField appends one field to a list. A name that is no field name (RFC
// 9110, section 5.1) is left out; CR, LF and NUL in a value become spaces, and
// space around it goes, as in net/http.
func AppendField(b []byte, name, value string) []byte {
	if code, ok := codes[name]; ok {
		b = append(b, code)
	} else {
		if !httpguts.ValidHeaderFieldName(name) {
			return b
		}
		b = appendString(append(b, literalName), name)
	}
	if !plain(value) {
		value = noBreaks.Replace(value)
	}
	return appendString(b, textproto.TrimString(value))
}

// noBreaks makes of a value what one line can hold.
var noBreaks = strings.NewReplacer("\n", " ", "\r", " ", "\x00", " ")

// AppendFields appends all fields of h to a list, which AppendEnd ends.
func AppendFields(b []byte, h http.Header) []byte {
	for name, values := range h {
		for _, value := range values {
			b = AppendField(b, name, value)
		}
	}
	return b
}

// AppendEnd ends a list of fields.
func AppendEnd(b []byte) []byte { return append(b, endOfFields) }

// fewFields reports a list, without its end, that has no more fields than are
// allowed.
func fewFields(list []byte) bool {
	const smallest = 2 // bytes of a field: the code of its name, and an empty value
	if len(list) <= MaxFields*smallest {
		return true
	}
	r := reader{rest: string(AppendEnd(slices.Clip(list)))}
	r.count()
	return r.fault == nil
}

// Fields is a list of fields as it was received, checked and not decoded. Its
// strings are parts of it.
type Fields string

// Next takes the first field off the list, its name in canonical form; false
// at the end.
func (f *Fields) Next() (name, value string, ok bool) {
	r := reader{rest: string(*f)}
	if name, ok = r.name(); !ok {
		*f = ""
		return "", "", false
	}
	value = r.string("value")
	*f = Fields(r.rest)
	return name, value, true
}

// Get returns the first value of a field, "" when there is none. The name must
// be canonical.
func (f Fields) Get(name string) string {
	for {
		n, value, ok := f.Next()
		if n == name || !ok {
			return value
		}
	}
}

// Header decodes the list.
func (f Fields) Header() http.Header {
	r := reader{rest: string(f)}
	return r.fields()
}

// plain reports a value without CR, LF and NUL.
func plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && (c == '\n' || c == '\r' || c == 0) {
			return false
		}
	}
	return true
}

// reader decodes a payload. Its strings are parts of one copy of the payload.
// After a fault all results are zero.
type reader struct {
	rest  string
	fault error
}

func (r *reader) fail(format string, args ...any) {
	if r.fault == nil {
		r.fault = violation(format, args...)
	}
	r.rest = ""
}

func (r *reader) byte(what string) byte {
	if len(r.rest) == 0 {
		r.fail("%s is missing", what)
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uint16(what string) uint16 {
	high := r.byte(what)
	return uint16(high)<<8 | uint16(r.byte(what))
}

// uvarint reads a number in the encoding of encoding/binary.
func (r *reader) uvarint(what string) uint64 {
	var x uint64
	for i := range len(r.rest) {
		c := r.rest[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break
		}
		x |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return x
		}
		if i == binary.MaxVarintLen64-1 {
			break
		}
	}
	r.fail("%s is no number", what)
	return 0
}

func (r *reader) string(what string) string {
	n := r.uvarint(what)
	if n > uint64(len(r.rest)) {
		r.fail("%s of %d bytes, %d are left", what, n, len(r.rest))
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// maxLength is above any length of a body.
const maxLength = 1 << 62

// length reads a body length: -1 when it is unknown.
func (r *reader) length() int64 {
	n := r.uvarint("length")
	if n > maxLength {
		r.fail("length of %d bytes", n)
		return 0
	}
	return int64(n) - 1
}

// end wants the payload to be over.
func (r *reader) end() error {
	if r.fault == nil && len(r.rest) > 0 {
		r.fail("%d bytes after the end", len(r.rest))
	}
	return r.fault
}

// fields reads a list into a header with canonical names.
func (r *reader) fields() http.Header {
	count := r.count()
	h := make(http.Header, count)
	values := make([]string, count) // of all fields
	for r.fault == nil {
		name, ok := r.name()
		if !ok {
			break
		}
		value := r.string("value")
		if !plain(value) {
			r.fail("value of field %s has CR, LF or NUL", name)
			break
		}
		if list, more := h[name]; more {
			h[name] = append(list, value)
			continue
		}
		values[0] = value
		h[name], values = values[:1:1], values[1:]
	}
	return h
}

// list takes a list as it is, if it can be read.
func (r *reader) list() Fields {
	all := r.rest
	for n := 0; ; n++ {
		name, ok := r.name()
		if !ok {
			return Fields(all[:len(all)-len(r.rest)])
		}
		if !plain(r.string("value")) {
			r.fail("value of field %s has CR, LF or NUL", name)
		}
		if n == MaxFields {
			r.fail("%d fields, at most %d are allowed", n+1, MaxFields)
		}
	}
}

// name reads the name of a field; false at the end of the list.
func (r *reader) name() (string, bool) {
	switch code := r.byte("field name"); {
	case code == endOfFields:
		return "", false
	case code >= firstName && int(code-firstName) < len(names):
		return names[code-firstName], true
	case code != literalName:
		r.fail("field name of code %d, the table ends with %d", code, len(names)+firstName-1)
		return "", false
	}
	name := r.string("field name")
	if r.fault == nil && !httpguts.ValidHeaderFieldName(name) {
		r.fail("field name %.40q", name)
	}
	return http.CanonicalHeaderKey(name), r.fault == nil
}

// count looks ahead how many fields a list has.
func (r *reader) count() int {
	ahead := *r
	n := 0
	for {
		code := ahead.byte("field name")
		if code == endOfFields || ahead.fault != nil {
			break
		}
		if code == literalName {
			ahead.string("field name")
		}
		ahead.string("value")
		n++
	}
	switch {
	case ahead.fault != nil:
		r.fail("%s", ahead.fault.(*ProtocolError).Reason)
		return 0
	case n > MaxFields:
		r.fail("%d fields, at most %d are allowed", n, MaxFields)
		return 0
	}
	return n
}
