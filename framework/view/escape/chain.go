package escape

// Chain returns the escaper that does the work of all of the given ones, in
// their order: as in a pipeline of html/template, the first takes the value,
// each other one the string that the one before made. A chain of none prints
// the value.
func Chain(escapers ...*Escaper) *Escaper {
	switch len(escapers) {
	case 0:
		return all()[evalArgs]
	case 1:
		return escapers[0]
	}
	first, rest := escapers[0], Chain(escapers[1:]...)
	c := &Escaper{
		name:    first.name + "|" + rest.name,
		numbers: first.numbers && rest.numbers,
		first:   first,
		rest:    rest,
		write: func(dst []byte, s string, _ int) []byte {
			if first.leaves(s) {
				return rest.AppendString(dst, s)
			}
			from := len(dst)
			return rest.EscapeFrom(first.AppendString(dst, s), from)
		},
		other: func(_ *Escaper, dst []byte, v any) ([]byte, error) {
			from := len(dst)
			dst, err := first.Append(dst, v)
			if err != nil {
				return dst, err
			}
			return rest.EscapeFrom(dst, from), nil
		},
	}
	if first.special != nil && rest.special != nil {
		c.special = union(first.special, rest.special)
		c.ifEmpty = string(rest.AppendString(nil, first.ifEmpty))
	}
	return c
}

// leaves reports whether s comes out of the escaper as it is.
func (e *Escaper) leaves(s string) bool {
	return e.special != nil && scan(e.special, s) == len(s) && (s != "" || e.ifEmpty == "")
}
