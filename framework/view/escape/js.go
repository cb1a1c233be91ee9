package escape

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// jsTable is for JavaScript strings in quotes.
var jsTable = func() table {
	t := table{
		'"':  `\u0022`,
		'`':  `\u0060`,
		'&':  `\u0026`,
		'\'': `\u0027`,
		'+':  `\u002b`,
		'/':  `\/`,
		'<':  `\u003c`,
		'>':  `\u003e`,
		'\\': `\\`,
	}
	return t.controls()
}()

// jsLiteralTable is for template literals: `…`.
var jsLiteralTable = func() table {
	t := jsTable
	t['$'], t['{'], t['}'] = `\u0024`, `\u007b`, `\u007d`
	return t
}()

// jsRegexpTable is for regular expressions: /…/.
var jsRegexpTable = func() table {
	t := table{
		'"':  `\u0022`,
		'&':  `\u0026`,
		'\'': `\u0027`,
		'+':  `\u002b`,
		'<':  `\u003c`,
		'>':  `\u003e`,
	}
	for _, c := range `$()*-./?[\]^{|}` {
		t[c] = `\` + string(c)
	}
	return t.controls()
}()

// controls returns the table with the control characters as JavaScript writes
// them.
func (t table) controls() table {
	for c := range ' ' {
		t[c] = `\u00` + string(hex[c>>4]) + string(hex[c&15])
	}
	t['\t'], t['\n'], t['\f'], t['\r'] = `\t`, `\n`, `\f`, `\r`
	return t
}

const hex = "0123456789abcdef"

// lineSeparators is the first byte of U+2028 and U+2029, which end a line in
// JavaScript.
const lineSeparators = 0xe2

// replaceJS replaces by the table, and the two line separators.
func (t *table) replaceJS(dst []byte, s string, from int) []byte {
	written := 0
	for i := from; i < len(s); i++ {
		c := s[i]
		with, size := "", 1
		if c < utf8.RuneSelf {
			with = t[c]
		} else if c == lineSeparators {
			with, size = separator(s[i:]), 3
		}
		if with == "" {
			continue
		}
		dst = append(dst, s[written:i]...)
		dst = append(dst, with...)
		written = i + size
	}
	return append(dst, s[written:]...)
}

// separator returns the escape of the line separator that s begins with, or "".
func separator(s string) string {
	if len(s) < 3 || s[1] != 0x80 {
		return ""
	}
	switch s[2] {
	case 0xa8:
		return `\u2028`
	case 0xa9:
		return `\u2029`
	}
	return ""
}

// jsonTable is encoding/json's, with HTML escaped.
var jsonTable = func() table {
	var t table
	t = t.controls()
	t['\b'] = `\b`
	t['"'], t['\\'] = `\"`, `\\`
	t['<'], t['>'], t['&'] = `\u003c`, `\u003e`, `\u0026`
	return t
}()

// jsonSpecial adds to the table the bytes that may not be UTF-8.
var jsonSpecial = marked(jsonTable.special(), utf8.RuneSelf, 255)

// appendJSString appends s as a JavaScript string, as encoding/json does.
func appendJSString(dst []byte, s string, _ int) []byte {
	dst = append(dst, '"')
	written := 0
	for i := scan(jsonSpecial, s); i < len(s); {
		with, size := "", 1
		if c := s[i]; c < utf8.RuneSelf {
			with = jsonTable[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				with = `\ufffd`
			case r == '\u2028':
				with = `\u2028`
			case r == '\u2029':
				with = `\u2029`
			}
		}
		if with != "" {
			dst = append(dst, s[written:i]...)
			dst = append(dst, with...)
			written = i + size
		}
		i += size
	}
	dst = append(dst, s[written:]...)
	return append(dst, '"')
}

// appendJSFloat appends f as encoding/json does, which is ECMAScript's way,
// between spaces. What JSON cannot say becomes null and a comment.
func appendJSFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		dst = append(dst, " /* json: unsupported value: "...)
		dst = strconv.AppendFloat(dst, f, 'g', -1, bits)
		return append(dst, " */null "...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 {
		small, large := abs < 1e-6, abs >= 1e21
		if bits == 32 {
			small, large = float32(abs) < 1e-6, float32(abs) >= 1e21
		}
		if small || large {
			format = 'e'
		}
	}
	dst = append(dst, ' ')
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	if n := len(dst); format == 'e' && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		// e-09 is written e-9.
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return append(dst, ' ')
}
