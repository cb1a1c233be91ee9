package cache

import (
	"math"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// control is what a Cache-Control field says (RFC 9111, section 5.2), as far
// as this cache acts on it.
type control struct {
	public, private, noStore, noCache, onlyIfCached bool

	maxAge, sMaxAge time.Duration // below 0: not there
}

// parseControl reads the lines of a Cache-Control field, of which "" has none. What cannot be read
// counts against keeping: a list that is malformed is no-store, a number that
// is none is 0, and of several numbers the smallest counts (section 4.2.1).
// private and no-cache with field names count as without (sections 5.2.2.4
// and 5.2.2.7 allow that).
func parseControl(lines ...string) control {
	d := control{maxAge: -1, sMaxAge: -1}
	for _, line := range lines {
		for line != "" {
			var name, value string
			var ok bool
			if name, value, line, ok = nextDirective(line); !ok {
				d.noStore = true
				break
			}
			d.add(name, value)
		}
	}
	return d
}

func (d *control) add(name, value string) {
	switch strings.ToLower(name) {
	case "public":
		d.public = true
	case "private":
		d.private = true
	case "no-store":
		d.noStore = true
	case "no-cache":
		d.noCache = true
	case "only-if-cached":
		d.onlyIfCached = true
	case "max-age":
		d.maxAge = smaller(d.maxAge, seconds(value))
	case "s-maxage":
		d.sMaxAge = smaller(d.sMaxAge, seconds(value))
	}
}

// smaller takes a number into account, where one below 0 is none.
func smaller(have, next time.Duration) time.Duration {
	if have < 0 {
		return next
	}
	return min(have, next)
}

// nextDirective cuts the first directive off a list: token, or token=token, or
// token="quoted". The name of an empty element is empty.
func nextDirective(list string) (name, value, rest string, ok bool) {
	list = strings.TrimLeft(list, " \t,")
	n := tokenLen(list)
	name, list = list[:n], list[n:]
	if n > 0 && strings.HasPrefix(list, "=") {
		list = list[1:]
		if strings.HasPrefix(list, `"`) {
			value, list, ok = quoted(list)
		} else {
			n = tokenLen(list)
			value, list, ok = list[:n], list[n:], true
		}
		if !ok {
			return "", "", "", false
		}
	}
	list = strings.TrimLeft(list, " \t")
	if list == "" {
		return name, value, "", true
	}
	return name, value, list[1:], list[0] == ','
}

func tokenLen(s string) int {
	for i := range len(s) {
		if !httpguts.IsTokenRune(rune(s[i])) {
			return i
		}
	}
	return len(s)
}

// quoted reads a quoted-string (RFC 9110, section 5.6.4).
func quoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// maxSeconds is what larger numbers count as (RFC 9111, section 1.2.2).
const maxSeconds = math.MaxInt32

// seconds reads a number of them; what is none is 0.
func seconds(text string) time.Duration {
	n := 0
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return 0
		}
		n = min(n*10+int(c-'0'), maxSeconds)
	}
	return time.Duration(n) * time.Second
}
