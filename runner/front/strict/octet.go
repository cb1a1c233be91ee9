package strict

import (
	"encoding/binary"
	"unsafe"
)

// The classes of octets that a head is made of.
const (
	Token  byte = 1 << iota // RFC 9110, section 5.6.2
	Text                    // of a field value: visible, space, tab, 0x80 and above
	Target                  // of a request target: visible but "#", 0x80 and above
	Host                    // of a registered name that is not escaped, without sub-delims
	Digit                   // decimal
	Hex                     // of a hexadecimal number, in either case
)

// octets has the classes of each octet.
var octets = classify()

func classify() (t [256]byte) {
	set := func(from, to byte, class byte) {
		for c := int(from); c <= int(to); c++ {
			t[c] |= class
		}
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		t[c] |= Token
	}
	for _, c := range []byte("-._~") {
		t[c] |= Host
	}
	set('0', '9', Token|Host|Digit|Hex)
	set('a', 'z', Token|Host)
	set('A', 'Z', Token|Host)
	set('a', 'f', Hex)
	set('A', 'F', Hex)
	set('!', '~', Text|Target)
	set(0x80, 0xff, Text|Target)
	t[' '] |= Text
	t['\t'] |= Text
	t['#'] &^= Target
	return t
}

// Class returns the classes of an octet, as bits.
func Class(c byte) byte { return octets[c] }

// All reports that every octet is of a class.
func All(b []byte, class byte) bool {
	for _, c := range b {
		if octets[c]&class == 0 {
			return false
		}
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// IsName reports a field name.
func IsName(s string) bool {
	for i := range len(s) {
		if octets[s[i]]&Token == 0 {
			return false
		}
	}
	return s != ""
}

// IsValue reports octets that a field value may have. It looks at eight at
// once: most of a head is values, and control characters are rare.
func IsValue(b []byte) bool {
	for len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		d := v ^ 0x7f*ones                                  // zero where v has DEL
		controls := ((v-' '*ones)&^v | (d-ones)&^d) & highs // marks one, if there is any
		if controls != 0 && !All(b[:8], Text) {
			return false
		}
		b = b[8:]
	}
	return All(b, Text)
}

// IsText is IsValue of a string.
func IsText(s string) bool { return IsValue(unsafe.Slice(unsafe.StringData(s), len(s))) } // which is only read

// SameFold compares with a lower-case word, letters of ASCII in either case.
func SameFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Trim removes the optional whitespace around a value.
func Trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// NextOption cuts the first element off a comma-separated list.
func NextOption(list []byte) (option, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return Trim(list[:i]), list[i+1:]
		}
	}
	return Trim(list), nil
}
