package router

import (
	"fmt"
	"strings"

	"github.com/dram-go/dram/framework/nearest"
)

// Path writes the path of a named route: each value in args stands for one
// parameter, from left to right. The result is escaped and has no query.
//
// An error names the route and the value: an unknown name (with the nearest
// known one), too few or too many values, a value that the parameter's
// converter would not accept, or one that no path may hold ("", ".", "..", or
// text with a slash or backslash; a rest takes slashes).
func (r *Router[T]) Path(name string, args ...any) (string, error) {
	p, err := r.lookup(name)
	if err != nil {
		return "", err
	}
	if len(args) != len(p.params) {
		return "", fmt.Errorf("route %q is %s: it takes %s, not %d", name, p.text, count(len(p.params)), len(args))
	}
	values := make([]string, 0, MaxParams)
	for _, s := range p.segments {
		if s.kind == literal {
			continue
		}
		i := len(values)
		text, err := s.format(args[i])
		if err != nil {
			return "", fmt.Errorf("route %q, value %d for {%s} of %s: %w", name, i+1, s.text, p.text, err)
		}
		values = append(values, text)
	}
	return p.path(values), nil
}

func count(n int) string {
	if n == 1 {
		return "1 value"
	}
	return fmt.Sprintf("%d values", n)
}

func (r *Router[T]) lookup(name string) (*pattern, error) {
	if p := r.named[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is no route named %q%s", name, nearest.Hint(name, keys(r.named)))
}

// Params returns the names of the parameters that Path wants for a name, from
// left to right, or the error that Path would return for an unknown name. It
// is for checking links without their values.
func (r *Router[T]) Params(name string) ([]string, error) {
	p, err := r.lookup(name)
	if err != nil {
		return nil, err
	}
	return append([]string(nil), p.params...), nil
}

// format turns a value into the text of the segment.
func (s segment) format(value any) (string, error) {
	write := formatText
	if s.conv != nil && s.conv.Format != nil {
		write = s.conv.Format
	}
	text, err := write(value)
	switch {
	case err != nil:
		return "", err
	case s.kind == rest:
		return text, checkRest(text)
	case text == "":
		return "", fmt.Errorf("is empty")
	case strings.Contains(text, "/") || !goodSegment(text):
		return "", fmt.Errorf("%q cannot stand in one segment of a path", text)
	case s.conv != nil && !s.conv.Match(text):
		return "", fmt.Errorf("%q is not of the kind %q", text, s.conv.name)
	}
	return text, nil
}

// checkRest accepts what a rest can match.
func checkRest(text string) error {
	if strings.HasPrefix(text, "/") || strings.Contains(text, "//") || !goodRest(text) {
		return fmt.Errorf("%q cannot be the rest of a path", text)
	}
	return nil
}

// path writes the pattern with values in place of its parameters. It begins
// with exactly one slash because no segment is empty but the last.
func (p *pattern) path(values []string) string {
	var b strings.Builder
	next := 0
	for _, s := range p.segments {
		b.WriteByte('/')
		switch s.kind {
		case literal:
			b.WriteString(escapeSegment(s.text))
			continue
		case rest:
			writeRest(&b, values[next])
		default:
			b.WriteString(escapeSegment(values[next]))
		}
		next++
	}
	if p.slash {
		b.WriteByte('/')
	}
	return b.String()
}

func writeRest(b *strings.Builder, value string) {
	for i, part := range strings.Split(value, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(escapeSegment(part))
	}
}
