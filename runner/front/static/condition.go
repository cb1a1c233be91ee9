package static

import (
	"net/http"
	"strings"
	"time"
)

// validators are what a representation is recognised by.
type validators struct {
	tag      string    // with its quotes, and W/ if it is weak; "" for none
	modified time.Time // zero for unknown; in whole seconds
}

// judge evaluates the preconditions of a request in the order of RFC 9110,
// section 13.2.2. It returns 200, 304 or 412.
func (r *Request) judge(v validators) int {
	switch {
	case r.match != "":
		if !matches(r.match, v.tag, true) {
			return http.StatusPreconditionFailed
		}
	case r.unmodifiedSince != "" && !v.modified.IsZero():
		if since, ok := parseDate(r.unmodifiedSince); ok && v.modified.After(since) {
			return http.StatusPreconditionFailed
		}
	}
	switch {
	case r.noneMatch != "":
		if matches(r.noneMatch, v.tag, false) {
			return http.StatusNotModified
		}
	case r.modifiedSince != "" && !v.modified.IsZero():
		if since, ok := parseDate(r.modifiedSince); ok && !v.modified.After(since) {
			return http.StatusNotModified
		}
	}
	return http.StatusOK
}

// wantsPart reports whether a Range may be heeded: there is no If-Range, or it
// says that the client has a part of what there is now (RFC 9110, section
// 13.1.5). A date does only if nothing can have changed within its second.
func (r *Request) wantsPart(v validators, now time.Time) bool {
	if r.span == "" || r.method != http.MethodGet {
		return false
	}
	if r.ifRange == "" {
		return true
	}
	if tag, rest, ok := nextTag(r.ifRange); ok {
		return len(trim(rest)) == 0 && sameTag(tag, v.tag, true)
	}
	since, ok := parseDate(r.ifRange)
	return ok && !v.modified.IsZero() && since.Equal(v.modified) && now.Sub(v.modified) >= 2*time.Second
}

func parseDate(value string) (time.Time, bool) {
	date, err := http.ParseTime(value)
	return date, err == nil
}

// matches reports whether a list of entity tags, or "*", has one that is
// equivalent (RFC 9110, section 8.8.3.2). What comes after something that is no
// tag is not read.
func matches(list string, tag string, strong bool) bool {
	if list = trim(list); len(list) == 1 && list[0] == '*' {
		return true
	}
	for len(list) > 0 {
		if list[0] == ',' || list[0] == ' ' || list[0] == '\t' {
			list = list[1:]
			continue
		}
		next, rest, ok := nextTag(list)
		if !ok {
			return false
		}
		if sameTag(next, tag, strong) {
			return true
		}
		if rest = trim(rest); len(rest) > 0 && rest[0] != ',' {
			return false
		}
		list = rest
	}
	return false
}

func sameTag(a, b string, strong bool) bool {
	if b == "" {
		return false
	}
	if strong {
		return a == b && a[0] == '"'
	}
	return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// nextTag cuts an entity tag off the beginning of b (RFC 9110, section 8.8.3).
func nextTag(b string) (tag, rest string, ok bool) {
	i := 0
	if strings.HasPrefix(b, "W/") {
		i = 2
	}
	if i >= len(b) || b[i] != '"' {
		return "", "", false
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[:i+1], b[i+1:], true
		case c < 0x21 || c == 0x7f:
			return "", "", false
		}
	}
	return "", "", false
}
