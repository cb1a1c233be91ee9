package cache

import (
	"cmp"
	"net/textproto"
	"slices"
	"strings"
)

// varies reads Vary. Not ok: it names something that requests are not compared
// by, or "*".
func varies(lines []string) (by set, ok bool) {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = textproto.TrimString(name)
			if name == "" || strings.EqualFold(name, "Host") {
				continue // Host is a part of every key
			}
			k, known := kindOf(name)
			if !known || k >= selecting && k != cookie {
				return 0, false
			}
			by = by.with(k)
		}
	}
	return by, true
}

// discerns reports whether a request can be told by these fields: where Cookie
// is one, the request must have none.
func discerns(by set, r *Request) bool { return !by.contains(cookie) || !r.has.contains(cookie) }

// appendSelected appends what the fields of a set say. Where the app has told
// its languages, the one that suits Accept-Language stands for that.
func appendSelected(b []byte, by set, r *Request, l languages) []byte {
	for k := range selecting {
		switch {
		case !by.contains(k):
		case k == acceptLanguage && l.known():
			b = append(append(b, 0, byte(k), '='), l.choose(r)...)
		case r.has.contains(k):
			b = appendField(b, k, r.values[k])
		}
	}
	return b
}

// appendSelecting appends what all fields say that Vary could name.
func appendSelecting(b []byte, r *Request, l languages) []byte {
	by := r.has
	if l.known() {
		by = by.with(acceptLanguage)
	}
	b = appendSelected(b, by, r, l)
	if r.has.contains(cookie) {
		b = append(b, 0, byte(cookie))
	}
	return b
}

// appendField appends a field as it is compared. No value has a NUL.
func appendField(b []byte, k kind, value string) []byte {
	b = append(b, 0, byte(k))
	if k == acceptLanguage {
		return appendLanguages(b, value)
	}
	for element := range strings.SplitSeq(value, ",") {
		b = append(append(b, ','), textproto.TrimString(element)...)
	}
	return b
}

// What bounds the work for one Accept-Language, far below the bounds of apps,
// who may not read what is beyond them. Longer ones are compared as they are,
// and so are those with empty elements, which some apps count and some do not.
const (
	maxRanges    = 16
	maxLanguages = 256 // bytes
)

// ordered marks a list that was put in order. No value has this octet: else a
// client could send what another's list becomes, which apps would read otherwise.
const ordered = 1

// appendLanguages appends what Accept-Language asks for: its ranges, the
// most wanted first, each with its weight. The order of equal ones stays.
func appendLanguages(b []byte, value string) []byte {
	if len(value) > maxLanguages {
		return append(b, value...)
	}
	type wanted struct {
		tag    string
		weight int // thousandths
	}
	var array [maxRanges]wanted
	list := array[:0]
	for element := range strings.SplitSeq(value, ",") {
		tag, weight, ok := languageRange(element)
		if !ok || tag == "" || len(list) == maxRanges {
			return append(b, value...)
		}
		list = append(list, wanted{tag, weight})
	}
	slices.SortStableFunc(list, func(x, y wanted) int { return cmp.Compare(y.weight, x.weight) })
	b = append(b, ordered)
	for _, w := range list {
		b = appendLower(b, w.tag)
		b = append(b, ';', byte('0'+w.weight/1000), byte('0'+w.weight/100%10), byte('0'+w.weight/10%10), byte('0'+w.weight%10), ',')
	}
	return b
}

// languageRange reads "en-GB;q=0.8" (RFC 9110, sections 12.4.2 and 12.5.4).
func languageRange(element string) (tag string, weight int, ok bool) {
	tag, parameter, weighted := strings.Cut(element, ";")
	tag = textproto.TrimString(tag)
	if strings.ContainsAny(tag, " \t") {
		return "", 0, false
	}
	if !weighted {
		return tag, 1000, true
	}
	q := textproto.TrimString(parameter)
	if tag == "" || len(q) < 3 || len(q) > len("q=0.123") || q[0] != 'q' && q[0] != 'Q' || q[1] != '=' {
		return "", 0, false
	}
	weight, ok = parseWeight(q[2:])
	return tag, weight, ok
}

// parseWeight reads 0, 1 or 0.123 as thousandths.
func parseWeight(q string) (int, bool) {
	if q[0] != '0' && q[0] != '1' || len(q) > 1 && q[1] != '.' {
		return 0, false
	}
	n, unit := int(q[0]-'0')*1000, 100
	for i := 2; i < len(q); i++ {
		if q[i] < '0' || q[i] > '9' {
			return 0, false
		}
		n += int(q[i]-'0') * unit
		unit /= 10
	}
	return n, n <= 1000
}

// hasCookie reports whether a Cookie field has one of these names.
func hasCookie(value string, names []string) bool {
	for pair := range strings.SplitSeq(value, ";") {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(names, textproto.TrimString(name)) {
			return true
		}
	}
	return false
}
