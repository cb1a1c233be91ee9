package h1

import "encoding/binary"

// The classes of octets that a head is made of.
const (
	isToken  byte = 1 << iota // RFC 9110, section 5.6.2
	isText                    // of a field value: visible, space, tab, 0x80 and above
	isTarget                  // of a request target: visible but "#", 0x80 and above
	isHost                    // of a registered name that is not escaped, without sub-delims
	isDigit
	isHex
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
		t[c] |= isToken
	}
	for _, c := range []byte("-._~") {
		t[c] |= isHost
	}
	set('0', '9', isToken|isHost|isDigit|isHex)
	set('a', 'z', isToken|isHost)
	set('A', 'Z', isToken|isHost)
	set('a', 'f', isHex)
	set('A', 'F', isHex)
	set('!', '~', isText|isTarget)
	set(0x80, 0xff, isText|isTarget)
	t[' '] |= isText
	t['\t'] |= isText
	t['#'] &^= isTarget
	return t
}

// all reports that every octet is of a class.
func all(b []byte, class byte) bool {
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

// isName reports a field name.
func isName(s string) bool {
	for i := range len(s) {
		if octets[s[i]]&isToken == 0 {
			return false
		}
	}
	return s != ""
}

// isValue reports octets that a field value may have. It looks at eight at
// once: most of a head is values, and control characters are rare.
func isValue(b []byte) bool {
	for len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		d := v ^ 0x7f*ones                                  // zero where v has DEL
		controls := ((v-' '*ones)&^v | (d-ones)&^d) & highs // marks one, if there is any
		if controls != 0 && !all(b[:8], isText) {
			return false
		}
		b = b[8:]
	}
	return all(b, isText)
}

// sameFold compares with a lower-case word, letters of ASCII in either case.
func sameFold(b []byte, lower string) bool {
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

// trim removes the optional whitespace around a value.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// nextOption cuts the first element off a comma-separated list.
func nextOption(list []byte) (option, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}
