package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"reflect"
	"strconv"
	"strings"
)

// maxSeq bounds {{seq}}: a page number from a query string must not be able
// to ask for a billion rows.
const maxSeq = 10_000

// Funcs returns the functions that every set has:
//
//	add 1 2, sub 2 1     sums of integers
//	seq 1 5              the integers from 1 to 5, for range
//	dict "k" v …         a map, list a b c a slice: arguments for a partial
//	default "x" .V       .V unless it is empty
//	number 1234567       "1,234,567"
//	truncate 80 .Text    at most 80 characters, with an ellipsis if cut
//	nl2br .Text          escaped text with <br> for line ends
//	json .V              for a data attribute or a script
//	safe .HTML           HTML that is trusted as it is: never from a user
func Funcs() template.FuncMap {
	return template.FuncMap{
		"add":      func(a, b any) (int, error) { return sum(a, b, 1) },
		"sub":      func(a, b any) (int, error) { return sum(a, b, -1) },
		"seq":      seq,
		"dict":     dict,
		"list":     func(items ...any) []any { return items },
		"default":  orElse,
		"number":   number,
		"truncate": truncate,
		"nl2br":    nl2br,
		"json":     toJSON,
		"safe":     func(s string) template.HTML { return template.HTML(s) },
	}
}

func sum(a, b any, sign int) (int, error) {
	x, err := integer(a)
	if err != nil {
		return 0, err
	}
	y, err := integer(b)
	return x + sign*y, err
}

func integer(v any) (int, error) {
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return int(r.Int()), nil
	case r.CanUint():
		return int(r.Uint()), nil
	}
	return 0, fmt.Errorf("expected an integer, got %T", v)
}

func seq(from, to any) ([]int, error) {
	first, err := integer(from)
	if err != nil {
		return nil, err
	}
	last, err := integer(to)
	if err != nil {
		return nil, err
	}
	if last < first {
		return nil, nil
	}
	if last-first >= maxSeq || last-first < 0 {
		return nil, fmt.Errorf("seq from %d to %d is longer than %d", first, last, maxSeq)
	}
	numbers := make([]int, 0, last-first+1)
	for n := first; n <= last; n++ {
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict needs pairs of key and value")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict needs a string as key %d, got %T", i/2+1, pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

func orElse(def, value any) any {
	if truth, ok := template.IsTrue(value); ok && truth {
		return value
	}
	return def
}

// number groups the digits of an integer by thousands.
func number(v any) (string, error) {
	n, err := integer(v)
	if err != nil {
		return "", err
	}
	digits := strconv.Itoa(n)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits, nil
}

func truncate(length int, s string) string {
	count := 0
	for i := range s {
		if count == length {
			return strings.TrimRight(s[:i], " \t\r\n") + "…"
		}
		count++
	}
	return s
}

func nl2br(s string) template.HTML {
	escaped := template.HTMLEscapeString(strings.ReplaceAll(s, "\r\n", "\n"))
	return template.HTML(strings.ReplaceAll(escaped, "\n", "<br>\n"))
}

// toJSON escapes <, > and & in strings, so its result is safe in a script and
// is escaped like any text in an attribute.
func toJSON(v any) (template.JS, error) {
	data, err := json.Marshal(v)
	return template.JS(data), err
}
