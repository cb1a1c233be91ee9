package i18n

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// message is a parsed text: what is written between placeholders, and those.
type message []segment

// segment is a literal, a placeholder or a particle. name "" with a particle
// attaches the particle to the text written so far.
type segment struct {
	literal  string
	name     string
	index    int // of a positional placeholder, else -1
	particle string
}

// parse reads the notation of the package documentation.
func parse(source string) (message, error) {
	var m message
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			m = append(m, segment{literal: literal.String()})
			literal.Reset()
		}
	}
	for rest := source; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			literal.WriteString(rest)
			break
		}
		literal.WriteString(rest[:at])
		brace := rest[at : at+1]
		rest = rest[at:]
		if strings.HasPrefix(rest[1:], brace) { // {{ or }}
			literal.WriteString(brace)
			rest = rest[2:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if brace == "}" || end < 0 {
			return nil, fmt.Errorf("%s without its other half; a brace itself is written %s%s", brace, brace, brace)
		}
		s, err := placeholder(rest[1:end])
		if err != nil {
			return nil, err
		}
		flush()
		m = append(m, s)
		rest = rest[end+1:]
	}
	flush()
	return m, nil
}

// placeholder reads what stands between braces: name, name:은/는 or :은/는.
func placeholder(source string) (segment, error) {
	name, particle, hasParticle := strings.Cut(source, ":")
	s := segment{name: name, index: -1, particle: particle}
	if hasParticle {
		if _, _, ok := forms(particle); !ok {
			return s, fmt.Errorf("{%s}: after the colon both forms of a particle are expected, as in {%s:은/는}", source, name)
		}
	}
	if name == "" && hasParticle {
		return s, nil
	}
	if !isName(name) {
		return s, fmt.Errorf("{%s}: a placeholder is {0} or {name}; a brace itself is written {{", source)
	}
	if i, err := strconv.Atoi(name); err == nil {
		s.index = i
	}
	return s, nil
}

// isName reports whether s is a word of ASCII letters, digits and underscores.
func isName(s string) bool {
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != ""
}

// format writes the message with its placeholders filled.
func (m message) format(v values) string {
	if len(m) == 1 && m[0].literal != "" {
		return m[0].literal
	}
	var b strings.Builder
	for _, s := range m {
		switch {
		case s.literal != "":
			b.WriteString(s.literal)
		case s.name == "":
			b.WriteString(Particle(b.String(), s.particle))
		default:
			s.write(&b, v)
		}
	}
	return b.String()
}

// write writes the value of a placeholder, and the particle that it asks for.
func (s segment) write(b *strings.Builder, v values) {
	value, ok := v.lookup(s)
	if !ok {
		b.WriteString("{" + s.name + "}")
		return
	}
	word := toText(value)
	b.WriteString(word)
	if s.particle != "" {
		b.WriteString(Particle(word, s.particle))
	}
}

// values are the arguments of one call of T.
type values struct {
	list    []any
	named   map[string]any
	count   int64 // what chooses the plural, if counted
	counted bool
}

func newValues(args []any) values {
	v := values{list: args}
	for _, arg := range args {
		if named, ok := asArgs(arg); ok {
			v.named = named
			break
		}
	}
	if n, ok := v.named["n"]; ok {
		v.count, v.counted = asInt(n)
		return v
	}
	for _, arg := range args {
		if v.count, v.counted = asInt(arg); v.counted {
			break
		}
	}
	return v
}

func (v values) lookup(s segment) (any, bool) {
	if s.index >= 0 {
		if s.index < len(v.list) {
			return v.list[s.index], true
		}
		return nil, false
	}
	if value, ok := v.named[s.name]; ok {
		return value, true
	}
	if s.name == "n" && v.counted {
		return v.count, true
	}
	return nil, false
}

// asArgs returns arg as named arguments, if it is a map from strings.
func asArgs(arg any) (map[string]any, bool) {
	switch m := arg.(type) {
	case Args:
		return m, true
	case map[string]any:
		return m, true
	}
	rv := reflect.ValueOf(arg)
	if rv.Kind() != reflect.Map || rv.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	named := make(map[string]any, rv.Len())
	for it := rv.MapRange(); it.Next(); {
		named[it.Key().String()] = it.Value().Interface()
	}
	return named, true
}

// asInt returns arg as a number to count with, if it is an integer.
func asInt(arg any) (int64, bool) {
	switch n := arg.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case fmt.Stringer, error: // time.Weekday and its like are words
		return 0, false
	}
	rv := reflect.ValueOf(arg)
	switch {
	case rv.CanInt():
		return rv.Int(), true
	case rv.CanUint():
		return int64(min(rv.Uint(), 1<<62)), true // only its plural form matters
	}
	return 0, false
}

// toText writes an argument as text, nil as nothing.
func toText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(value) // Sprint recovers from panics of String methods
}
