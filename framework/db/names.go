package db

import (
	"strings"
	"unicode"
)

// snakeCase turns the name of a field into that of its column: AuthorID is
// author_id, HTMLBody is html_body.
func snakeCase(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && startsWord(runes, i) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// startsWord tells the B of HTMLBody and the I of AuthorID from the T of HTML.
func startsWord(runes []rune, i int) bool {
	if !unicode.IsUpper(runes[i-1]) {
		return runes[i-1] != '_'
	}
	return i+1 < len(runes) && unicode.IsLower(runes[i+1])
}
