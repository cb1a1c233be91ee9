package router

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dram-go/dram/framework/nearest"
)

// segment is one part of a parsed pattern: literal text or a parameter.
type segment struct {
	text string // literal text, or the name of the parameter
	kind kind
	conv *converter // of a typed parameter
}

type kind uint8

const (
	literal kind = iota
	typed
	plain
	rest
)

// pattern is a parsed pattern, shared by its entries of all methods.
type pattern struct {
	text     string
	segments []segment
	slash    bool     // ends in a slash
	params   []string // names from left to right
}

// parsePattern reads a pattern; an error says what is wrong with which part.
func parsePattern(text string, converters map[string]*converter) (*pattern, error) {
	if !strings.HasPrefix(text, "/") {
		return nil, fmt.Errorf("must begin with a slash")
	}
	p := &pattern{text: text}
	if text == "/" {
		p.slash = true
		return p, nil
	}
	parts := strings.Split(text[1:], "/")
	if last := len(parts) - 1; parts[last] == "" {
		p.slash, parts = true, parts[:last]
	}
	for i, part := range parts {
		s, err := parseSegment(part, converters)
		if err != nil {
			return nil, err
		}
		if s.kind == rest && (i < len(parts)-1 || p.slash) {
			return nil, fmt.Errorf("{%s...} must be the end of the pattern: it takes all that is left", s.text)
		}
		p.segments = append(p.segments, s)
		if s.kind == literal {
			continue
		}
		for _, name := range p.params {
			if name == s.text {
				return nil, fmt.Errorf("parameter %q occurs twice", name)
			}
		}
		p.params = append(p.params, s.text)
	}
	if len(p.params) > MaxParams {
		return nil, fmt.Errorf("has %d parameters, at most %d are possible", len(p.params), MaxParams)
	}
	return p, nil
}

func parseSegment(part string, converters map[string]*converter) (segment, error) {
	if part == "" {
		return segment{}, fmt.Errorf("has an empty segment (//)")
	}
	if !strings.ContainsAny(part, "{}") {
		return segment{text: part}, checkLiteral(part)
	}
	inner, ok := strings.CutPrefix(part, "{")
	if inner, ok = cutSuffix(inner, "}", ok); !ok || strings.ContainsAny(inner, "{}") {
		return segment{}, fmt.Errorf("%q: a parameter takes a whole segment, {name} between two slashes", part)
	}
	name, conv, isTyped := strings.Cut(inner, ":")
	name, isRest := strings.CutSuffix(name, "...")
	switch {
	case !isName(name):
		return segment{}, fmt.Errorf("%q: the name must be a letter followed by letters, digits or _", part)
	case isRest && isTyped:
		return segment{}, fmt.Errorf("%q: a rest has no converter", part)
	case isRest:
		return segment{text: name, kind: rest}, nil
	case !isTyped:
		return segment{text: name, kind: plain}, nil
	}
	c := converters[conv]
	if c == nil {
		return segment{}, fmt.Errorf("%q: unknown converter %q%s", part, conv, nearest.Hint(conv, keys(converters)))
	}
	return segment{text: name, kind: typed, conv: c}, nil
}

func cutSuffix(s, suffix string, ok bool) (string, bool) {
	cut, found := strings.CutSuffix(s, suffix)
	return cut, ok && found
}

func checkLiteral(part string) error {
	switch {
	case strings.Contains(part, "%"):
		return fmt.Errorf("%q: write the text itself, not its percent-encoding", part)
	case strings.ContainsAny(part, "?#"):
		return fmt.Errorf("%q: query and fragment are not part of a pattern", part)
	case !goodSegment(part):
		return fmt.Errorf("%q can never match: such a path is refused", part)
	case strings.ContainsFunc(part, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return fmt.Errorf("%q: spaces and control characters are not allowed", part)
	}
	return nil
}

// isName reports whether s could be an identifier of Go.
func isName(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) || r == utf8.RuneError {
			return false
		}
	}
	return s != ""
}
