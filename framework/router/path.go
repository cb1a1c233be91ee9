package router

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// decodePath decodes an escaped path. Because a segment may not hold a decoded
// slash, the decoded path falls into the same segments as the escaped one, and
// the whole can be decoded at once. It reports false for a bad path; without
// a percent sign it returns the path unchecked.
func decodePath(escaped string) (string, bool) {
	if strings.IndexByte(escaped, '%') < 0 {
		return escaped, true
	}
	var b strings.Builder
	b.Grow(len(escaped))
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c == '%' {
			if i+2 >= len(escaped) || !isHex(escaped[i+1]) || !isHex(escaped[i+2]) {
				return "", false
			}
			c = unhex(escaped[i+1])<<4 | unhex(escaped[i+2])
			if c == '/' {
				return "", false
			}
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// goodRest checks every segment of a decoded path, which is given without the
// slash that it begins with.
func goodRest(path string) bool {
	if !goodText(path) {
		return false
	}
	for path != "" {
		segment, after, _ := strings.Cut(path, "/")
		if dots(segment) {
			return false
		}
		path = after
	}
	return true
}

// goodSegment checks one decoded segment.
func goodSegment(s string) bool { return !dots(s) && goodText(s) }

func dots(s string) bool { return s == "." || s == ".." }

// goodText reports whether s has no backslash and no NUL and is valid UTF-8.
func goodText(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' || c == 0:
			return false
		case c >= utf8.RuneSelf:
			return utf8.ValidString(s[i:]) && strings.IndexByte(s[i:], '\\') < 0 && strings.IndexByte(s[i:], 0) < 0
		}
	}
	return true
}

// escapeSegment percent-encodes one segment.
func escapeSegment(s string) string { return url.PathEscape(s) }
