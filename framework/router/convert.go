package router

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Converter says which segments a parameter accepts and how values become
// segments again.
type Converter struct {
	// Match reports whether a decoded, non-empty segment is acceptable. It is
	// called on the path of every request that comes this way, by many
	// goroutines at once, and must be quick.
	Match func(segment string) bool
	// Format writes a value given to [Router.Path] as a segment, unescaped.
	// Nil takes strings, integers, encoding.TextMarshaler and fmt.Stringer.
	// What it returns must satisfy Match.
	Format func(value any) (string, error)
}

// converter is a Converter as the tree uses it.
type converter struct {
	Converter
	name string
	rank int  // order of trial at one place, lowest first
	safe bool // Match accepts only segments that checkSegment accepts
}

// ownRank leaves room above the built-in ranks: the app's own come first.
const ownRank = -1 << 20

func builtins() map[string]*converter {
	list := []*converter{
		{name: "date", Converter: Converter{Match: matchDate, Format: formatDate}},
		{name: "uuid", Converter: Converter{Match: matchUUID}},
		{name: "uint", Converter: Converter{Match: matchUint, Format: formatInteger}},
		{name: "int", Converter: Converter{Match: matchInt, Format: formatInteger}},
		{name: "slug", Converter: Converter{Match: matchSlug}},
	}
	byName := make(map[string]*converter, len(list))
	for i, c := range list {
		c.rank, c.safe = i, true
		byName[c.name] = c
	}
	return byName
}

// matchUint accepts 0 to 18446744073709551615 in the one spelling that
// strconv.FormatUint writes.
func matchUint(s string) bool {
	if !digits(s) {
		return false
	}
	if len(s) < 20 {
		return true
	}
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// matchInt accepts the int64 range in the one spelling of strconv.FormatInt.
func matchInt(s string) bool {
	abs := s
	if s[0] == '-' {
		abs = s[1:]
	}
	if !digits(abs) || s == "-0" {
		return false
	}
	if len(abs) < 19 {
		return true
	}
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// digits reports whether s is a decimal number without leading zeros.
func digits(s string) bool {
	if s == "" || s[0] == '0' && len(s) > 1 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// matchUUID accepts the text form of RFC 9562 section 4, in either case.
func matchUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// matchSlug accepts letters and digits of any script, marks, '-' and '_'.
func matchSlug(s string) bool {
	for _, r := range s {
		switch {
		case r == '-' || r == '_':
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case r < utf8.RuneSelf:
			return false
		case !unicode.In(r, unicode.L, unicode.M, unicode.Nd):
			return false
		}
	}
	return true
}

// matchDate accepts a day of the calendar as YYYY-MM-DD.
func matchDate(s string) bool {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if i != 4 && i != 7 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func formatDate(v any) (string, error) {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.DateOnly), nil
	}
	return formatText(v)
}

// formatInteger prefers the number of an integer type to its String method:
// an enumeration has both.
func formatInteger(v any) (string, error) {
	if s, ok := integer(v); ok {
		return s, nil
	}
	return formatText(v)
}

// formatText is the Format of converters that have none.
func formatText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case encoding.TextMarshaler:
		if nilPointer(v) {
			break
		}
		text, err := v.MarshalText()
		return string(text), err
	case fmt.Stringer:
		if nilPointer(v) {
			break
		}
		return v.String(), nil
	}
	if s, ok := integer(v); ok {
		return s, nil
	}
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.String {
		return rv.String(), nil
	}
	return "", fmt.Errorf("a %T has no text for a path; give a string, an integer or a fmt.Stringer", v)
}

func nilPointer(v any) bool {
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Pointer && rv.IsNil()
}

func integer(v any) (string, bool) {
	rv := reflect.ValueOf(v)
	switch {
	case !rv.IsValid():
		return "", false
	case rv.CanInt():
		return strconv.FormatInt(rv.Int(), 10), true
	case rv.CanUint():
		return strconv.FormatUint(rv.Uint(), 10), true
	}
	return "", false
}
