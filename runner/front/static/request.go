package static

import "strings"

// Request is what a client asks for, as far as files are concerned.
type Request struct {
	method string
	path   string // as it was sent, without the query
	query  string // from "?" on

	match           string // If-Match; so are the others "" when they were not sent
	noneMatch       string // If-None-Match
	modifiedSince   string // If-Modified-Since
	unmodifiedSince string // If-Unmodified-Since
	span            string // Range
	ifRange         string // If-Range
	encodings       string // Accept-Encoding
}

// Head is a parsed request head.
type Head interface {
	Method() string
	Target() string
	Fields() int
	Field(i int) (name, value string)
}

// Read takes a request from its head.
func (r *Request) Read(h Head) {
	*r = Request{method: h.Method()}
	r.path, r.query = split(h.Target())
	for i := range h.Fields() {
		if name, value := h.Field(i); isOurs(name) {
			r.field(name, value)
		}
	}
}

// split parts the target of a request in origin form; one in another form has
// no path here.
func split(target string) (path, query string) {
	if target == "" || target[0] != '/' {
		return "", ""
	}
	if at := strings.IndexByte(target, '?'); at >= 0 {
		return target[:at], target[at:]
	}
	return target, ""
}

// isOurs sorts most fields out by the length of their name.
func isOurs(name string) bool {
	switch len(name) {
	case 5, 8, 13, 15, 17, 19:
		return true
	}
	return false
}

func (r *Request) field(name, value string) {
	switch {
	case sameFold(name, "range"):
		join(&r.span, value)
	case sameFold(name, "if-match"):
		join(&r.match, value)
	case sameFold(name, "if-range"):
		join(&r.ifRange, value)
	case sameFold(name, "if-none-match"):
		join(&r.noneMatch, value)
	case sameFold(name, "accept-encoding"):
		join(&r.encodings, value)
	case sameFold(name, "if-modified-since"):
		join(&r.modifiedSince, value)
	case sameFold(name, "if-unmodified-since"):
		join(&r.unmodifiedSince, value)
	}
}

// join adds a line of a field to those before it (RFC 9110, section 5.3). A
// field that may occur once only becomes one that means nothing.
func join(to *string, value string) {
	if *to != "" {
		value = *to + ", " + value
	}
	*to = value
}

// sameFold compares with a lower-case word, letters of ASCII in either case.
func sameFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// trim removes the optional whitespace around a value.
func trim(s string) string { return strings.Trim(s, " \t") }

// nextElement cuts the first element off a comma-separated list that has no
// quoted strings.
func nextElement(list string) (element, rest string) {
	element, rest, _ = strings.Cut(list, ",")
	return trim(element), rest
}
