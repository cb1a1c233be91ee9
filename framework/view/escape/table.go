package escape

import "unicode/utf8"

// scan returns the index of the first byte of s that is special, or len(s).
func scan(special *[256]uint8, s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		if special[b[0]]|special[b[1]]|special[b[2]]|special[b[3]]|
			special[b[4]]|special[b[5]]|special[b[6]]|special[b[7]] != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if special[s[i]] != 0 {
			break
		}
	}
	return i
}

// specials returns a table in which the bytes of s are marked.
func specials(s string) *[256]uint8 {
	var t [256]uint8
	for i := 0; i < len(s); i++ {
		t[s[i]] = 1
	}
	return &t
}

// marked returns a copy of t in which the bytes from first to last are marked
// too.
func marked(t *[256]uint8, first, last byte) *[256]uint8 {
	u := *t
	for c := int(first); c <= int(last); c++ {
		u[c] = 1
	}
	return &u
}

// union returns a table with the marks of both.
func union(a, b *[256]uint8) *[256]uint8 {
	u := *a
	for c, mark := range b {
		u[c] |= mark
	}
	return &u
}

// table says what becomes of single characters of ASCII; what it does not
// name stays.
type table [utf8.RuneSelf]string

// special returns the bytes that the table replaces.
func (t *table) special() *[256]uint8 {
	var marks [256]uint8
	for c, with := range t {
		if with != "" {
			marks[c] = 1
		}
	}
	return &marks
}

// without returns a copy of the table that leaves c alone.
func (t table) without(c byte) *table {
	t[c] = ""
	return &t
}

// replace appends s with every character replaced that t names; none stands
// before index from. Bytes above ASCII stay, valid or not.
func (t *table) replace(dst []byte, s string, from int) []byte {
	written := 0
	for i := from; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || t[c] == "" {
			continue
		}
		dst = append(dst, s[written:i]...)
		dst = append(dst, t[c]...)
		written = i + 1
	}
	return append(dst, s[written:]...)
}
