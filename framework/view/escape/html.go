package escape

import (
	"strconv"
	"unicode/utf8"
)

// failsafe is what html/template writes in the place of what it refuses.
const failsafe = "ZgotmplZ"

// htmlTable is for text, RCDATA and attribute values in quotes.
var htmlTable = table{
	0:    "\uFFFD",
	'"':  "&#34;",
	'&':  "&amp;",
	'\'': "&#39;",
	'+':  "&#43;",
	'<':  "&lt;",
	'>':  "&gt;",
}

// nospaceTable is for attribute values without quotes.
var nospaceTable = table{
	0:    "&#xfffd;",
	'\t': "&#9;",
	'\n': "&#10;",
	'\v': "&#11;",
	'\f': "&#12;",
	'\r': "&#13;",
	' ':  "&#32;",
	'"':  "&#34;",
	'&':  "&amp;",
	'\'': "&#39;",
	'+':  "&#43;",
	'<':  "&lt;",
	'=':  "&#61;",
	'>':  "&gt;",
	'`':  "&#96;",
}

// predefinedHTMLTable is that of text/template's own html.
var predefinedHTMLTable = htmlTable.without('+')

// appendNospace replaces by nospaceTable, and the code points that browsers
// have treated as the end of an attribute; a byte that is not UTF-8 counts as
// U+FFFD, which is one of them.
func appendNospace(dst []byte, s string, from int) []byte {
	written := 0
	for i := from; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if with := nospaceTable[c]; with != "" {
				dst = append(dst, s[written:i]...)
				dst = append(dst, with...)
				written = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if 0xfdd0 <= r && r <= 0xfdef || 0xfff0 <= r && r <= 0xffff {
			dst = append(dst, s[written:i]...)
			dst = append(dst, "&#x"...)
			dst = strconv.AppendInt(dst, int64(r), 16)
			dst = append(dst, ';')
			written = i + size
		}
		i += size
	}
	return append(dst, s[written:]...)
}

// appendNothing is the escaper of comments, whose content is dropped.
func appendNothing(dst []byte, _ string, _ int) []byte { return dst }
