package escape

import (
	"strings"
	"unicode/utf8"
)

// cssTable is for CSS strings and for URLs in CSS.
var cssTable = table{
	0:    `\0`,
	'\t': `\9`,
	'\n': `\a`,
	'\f': `\c`,
	'\r': `\d`,
	'"':  `\22`,
	'&':  `\26`,
	'\'': `\27`,
	'(':  `\28`,
	')':  `\29`,
	'+':  `\2b`,
	'/':  `\2f`,
	':':  `\3a`,
	';':  `\3b`,
	'<':  `\3c`,
	'>':  `\3e`,
	'\\': `\\`,
	'{':  `\7b`,
	'}':  `\7d`,
}

// appendCSS replaces by cssTable. A space ends an escape that the character
// behind it would otherwise lengthen.
func appendCSS(dst []byte, s string, from int) []byte {
	written := 0
	for i := from; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf || cssTable[c] == "" {
			continue
		}
		dst = append(dst, s[written:i]...)
		dst = append(dst, cssTable[c]...)
		written = i + 1
		if c != '\\' && (written == len(s) || isHex(s[written]) || isCSSSpace(s[written])) {
			dst = append(dst, ' ')
		}
	}
	return append(dst, s[written:]...)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isCSSSpace(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r' && c != '\v'
}

// cssRefused are the bytes that no CSS value may hold, and the backslash,
// behind which they may hide.
var cssRefused = specials("\x00\"'()/;@[\\]`{}<>")

// appendCSSValue appends s if it is an innocent value: a length, a colour, a
// word. Values with escapes are judged by html/template, decoded.
func appendCSSValue(dst []byte, s string, _ int) []byte {
	if first := scan(cssRefused, s); first < len(s) {
		if strings.IndexByte(s, '\\') >= 0 {
			return mustGenuine(dst, cssValueFilter, s)
		}
		return append(dst, failsafe...)
	}
	if strings.Contains(s, "--") || runsScript(s) {
		return append(dst, failsafe...)
	}
	return append(dst, s...)
}

// runsScript reports whether the letters, digits and "_" of s, all else left
// out, hold one of the two words by which browsers ran scripts.
func runsScript(s string) bool {
	const expression, mozBinding = "expression", "mozbinding"
	if len(s) < len(expression) { // both are this long
		return false
	}
	// Most values do not even have the last letters.
	if strings.IndexByte(s, 'n') < 0 && strings.IndexByte(s, 'N') < 0 &&
		strings.IndexByte(s, 'g') < 0 && strings.IndexByte(s, 'G') < 0 {
		return false
	}
	id := make([]byte, 0, 64)
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			id = append(id, c+'a'-'A')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_':
			id = append(id, c)
		}
	}
	return strings.Contains(string(id), expression) || strings.Contains(string(id), mozBinding)
}
