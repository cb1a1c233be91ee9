package form

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxMatched is how many characters a text may have, and all texts of a list
// together, when a rule looks for a pattern in it (email, url, hostname and all
// others but those that compare) and no max or len says how long it may be.
// Patterns take their time for each character: some seconds for a text as large
// as a body may be.
const MaxMatched = 64 << 10

// length is how long the texts of a field may be before other rules look at
// them. The validator goes by the order of the tag: email,max=100 would search
// all of a text that is too long.
type length struct {
	rule  rule // of one text: max, lte, lt or len; none if its tag is ""
	most  int  // characters that it allows
	total int  // characters of all texts together, 0 for any
}

// lengthOf reads the rules for the texts themselves, which in a list are those
// after dive.
func lengthOf(tag string, slice bool) length {
	var l length
	if slice {
		_, tag, _ = strings.Cut(tag, "dive")
	}
	for _, r := range parseRules(tag) {
		n, err := strconv.Atoi(r.param)
		if err != nil || n < 0 {
			continue
		}
		switch r.tag {
		case "max", "lte", "len":
			l.rule, l.most = r, n
		case "lt":
			l.rule, l.most = r, n-1
		}
	}
	if l.rule.tag == "" && matches(tag) {
		l.total = MaxMatched
	}
	return l
}

// matches reports whether a tag has a rule that looks for a pattern.
func matches(tag string) bool {
	for part := range strings.FieldsFuncSeq(tag, func(r rune) bool { return r == ',' || r == '|' }) {
		name, _, _ := strings.Cut(part, "=")
		if !compares(strings.TrimSpace(name)) {
			return true
		}
	}
	return false
}

// compares reports rules that are quick with a text of any length.
func compares(tag string) bool {
	switch tag {
	case "-", "dive", "omitempty", "omitnil", "omitzero", "isdefault", "unique", "json", "lowercase", "uppercase",
		"min", "max", "len", "eq", "ne", "gt", "gte", "lt", "lte", "eq_ignore_case", "ne_ignore_case",
		"oneof", "oneofci", "noneof", "noneofci", "contains", "containsany", "containsrune",
		"excludes", "excludesall", "excludesrune", "startswith", "endswith", "startsnotwith", "endsnotwith":
		return true
	}
	return comparesFields(tag) || strings.HasPrefix(tag, "required") || strings.HasPrefix(tag, "excluded") ||
		strings.HasPrefix(tag, "skip_unless")
}

// measure adds the messages of texts that are too long, marks their fields as
// failed, and returns the Go paths of these fields.
func (c *core) measure(failed map[*field]bool) (long []string) {
	for _, f := range c.plan.fields {
		if failed[f] || f.length == (length{}) {
			continue
		}
		if message := c.tooLong(f); message != "" {
			failed[f] = true
			c.fail(f.name, message)
			long = append(long, f.path)
		}
	}
	return long
}

// tooLong returns what to say about the length of the texts of a field, ""
// where they may be looked at.
func (c *core) tooLong(f *field) string {
	total := 0
	for _, t := range c.values(f) {
		n := utf8.RuneCountInString(t)
		if f.length.rule.tag != "" && n > f.length.most {
			return c.compose(f, f.length.rule.tag, "text", f.length.rule.param, "")
		}
		total += n
	}
	if f.length.total == 0 || total <= f.length.total {
		return ""
	}
	if f.slice {
		return c.compose(f, "max_total", "", strconv.Itoa(f.length.total), "")
	}
	return c.compose(f, "max", "text", strconv.Itoa(f.length.total), "")
}

// values returns the texts that a text field holds.
func (c *core) values(f *field) []string {
	place, ok := c.place(f, false)
	if !ok {
		return nil
	}
	if !f.slice {
		return appendText(nil, place)
	}
	var texts []string
	for i := range place.Len() {
		texts = appendText(texts, place.Index(i))
	}
	return texts
}

// appendText appends a text, which may be behind a pointer, or be nil.
func appendText(texts []string, v reflect.Value) []string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return texts
		}
		v = v.Elem()
	}
	return append(texts, v.String())
}
