package escape

import "strings"

const (
	unreserved = "-._~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	reserved   = "!#$&*+,/:;=?@[]"
)

// queryRefused are the bytes that become %xx in a query, urlRefused those that
// do in a whole URL, where % may begin an escape.
var (
	queryRefused = inverted(specials(unreserved))
	urlRefused   = inverted(specials(unreserved + reserved))
)

func inverted(t *[256]uint8) *[256]uint8 {
	u := *t
	for c := range u {
		u[c] ^= 1
	}
	return &u
}

// appendQuery appends s as a part of a query.
func appendQuery(dst []byte, s string, from int) []byte {
	return percent(dst, s, from, queryRefused, false)
}

// appendURL appends s as a URL, whose valid escapes stay.
func appendURL(dst []byte, s string, from int) []byte {
	return percent(dst, s, from, urlRefused, true)
}

// percent appends s with every refused byte as %xx; none stands before index
// from.
func percent(dst []byte, s string, from int, refused *[256]uint8, keepEscapes bool) []byte {
	written := 0
	for i := from; i < len(s); i++ {
		c := s[i]
		if refused[c] == 0 || keepEscapes && c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			continue
		}
		dst = append(dst, s[written:i]...)
		dst = append(dst, '%', hex[c>>4], hex[c&15])
		written = i + 1
	}
	return append(dst, s[written:]...)
}

// appendSafeURL appends s unless it begins with a scheme that may run scripts.
func appendSafeURL(dst []byte, s string, _ int) []byte {
	if !isSafeURL(s) {
		return append(dst, "#"+failsafe...)
	}
	return append(dst, s...)
}

// isSafeURL reports whether s is relative, or http, https or mailto.
func isSafeURL(s string) bool {
	scheme, _, found := strings.Cut(s, ":")
	if !found || strings.IndexByte(scheme, '/') >= 0 {
		return true
	}
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "mailto")
}

// srcsetSpecial are the bytes that a URL of a srcset cannot have as they are.
var srcsetSpecial = union(urlRefused, specials(",:"))

// appendSrcset appends a list of URLs, each with what it is for:
// "a.png 1x, b.png 2x".
func appendSrcset(dst []byte, s string, _ int) []byte {
	for {
		one, rest, more := strings.Cut(s, ",")
		dst = appendSource(dst, one)
		if !more {
			return dst
		}
		dst = append(dst, ',')
		s = rest
	}
}

// appendSource appends one element of a srcset.
func appendSource(dst []byte, s string) []byte {
	start := 0
	for start < len(s) && isHTMLSpace(s[start]) {
		start++
	}
	end := start
	for end < len(s) && !isHTMLSpace(s[end]) {
		end++
	}
	if url := s[start:end]; isSafeURL(url) && isDescriptor(s[end:]) {
		dst = append(dst, s[:start]...)
		dst = appendURL(dst, url, 0)
		return append(dst, s[end:]...)
	}
	return append(dst, "#"+failsafe...)
}

// isDescriptor reports whether s holds spaces, letters and digits alone.
func isDescriptor(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isHTMLSpace(c) && !('0' <= c && c <= '9') && !('a' <= c && c <= 'z') && !('A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

func isHTMLSpace(c byte) bool { return isCSSSpace(c) } // the same five
