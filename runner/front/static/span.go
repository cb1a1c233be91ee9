package static

import "strings"

// span is a part of a representation.
type span struct{ from, length int64 }

// maxSpans is how many ranges one response has. Who asks for more gets the
// whole: many small ones cost more than they save (RFC 9110, section 14.2).
const maxSpans = 2

// spans are the ranges to send, in the order in which they were asked for.
type spans struct {
	list [maxSpans]span
	n    int
}

// parseRange reads a Range of a representation of size octets (RFC 9110,
// section 14.1.2). whole: the field is to be ignored, because it is malformed,
// of another unit, or asks for as much as the whole. Without ranges and not
// whole nothing of what was asked for is there.
func parseRange(value string, size int64) (parts spans, whole bool) {
	unit, set, ok := strings.Cut(value, "=")
	if !ok || !sameFold(unit, "bytes") || size == 0 {
		return spans{}, true
	}
	var total int64
	asked := false
	for len(set) > 0 {
		var element string
		if element, set = nextElement(set); len(element) == 0 {
			continue
		}
		asked = true
		part, valid := parseSpan(element, size)
		switch {
		case !valid:
			return spans{}, true
		case part.length == 0:
			continue
		case parts.n == maxSpans:
			return spans{}, true
		}
		parts.list[parts.n] = part
		parts.n++
		total += part.length
	}
	return parts, !asked || parts.n > 1 && total > size
}

// parseSpan reads one range: FIRST-LAST, FIRST- or -LENGTH. Its length is 0 if
// nothing of it is there.
func parseSpan(b string, size int64) (s span, valid bool) {
	first, last, ok := strings.Cut(b, "-")
	if !ok {
		return span{}, false
	}
	if len(first) == 0 {
		n, ok := parsePosition(last)
		n = min(n, size)
		return span{size - n, n}, ok
	}
	from, ok := parsePosition(first)
	if !ok {
		return span{}, false
	}
	to := size - 1
	if len(last) > 0 {
		named, ok := parsePosition(last)
		if !ok || named < from {
			return span{}, false
		}
		to = min(to, named)
	}
	if from >= size {
		return span{}, true
	}
	return span{from, to - from + 1}, true
}

// maxPosition stands for all that is beyond any file.
const maxPosition = 1 << 62

// parsePosition reads digits, as many as there are.
func parsePosition(b string) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int64(c-'0'); n > maxPosition/16 {
			n = maxPosition / 16
		}
	}
	return n, true
}
