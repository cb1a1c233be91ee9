package i18n

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMessage: any text parses or is refused, formats without a panic, and a
// text without braces comes out as it went in.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{"", "plain", "{0}", "{label:은/는}", "{:이/가}", "‘{0}’{:으로/로}", "{{}}", "{", "}", "{n} {9999999999999999999}", "{a:b/}"} {
		f.Add(seed, "제목", 3)
	}
	f.Fuzz(func(t *testing.T, source, word string, n int) {
		m, err := parse(source)
		if err != nil {
			if !strings.ContainsAny(source, "{}") {
				t.Fatalf("%q is refused: %v", source, err)
			}
			return
		}
		got := m.format(newValues([]any{word, n, Args{"label": word}}))
		if !strings.ContainsAny(source, "{}") && got != source {
			t.Errorf("%q became %q", source, got)
		}
		if utf8.ValidString(source) && utf8.ValidString(word) && !utf8.ValidString(got) {
			t.Errorf("%q made invalid UTF-8 of %q: %q", source, word, got)
		}
	})
}

// FuzzLoad: any file loads or is refused with its name; what loads has a text
// for every key.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"a = \"b\"", "[t]\none = \"x\"\nother = \"y\"", "a.b.c = '''x\ny'''", "\"a b\".\"\" = \"\"", "[[x]]\na=1",
		"a = { b = { c = \"{0:을/를}\" } }", "a = 1", "a = [", "\xff", "[a]\n[a.b]\nother = \"x\"\n", "\r\na=\"b\"\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		texts, err := parseFile("locales/en.toml", []byte(source))
		if err != nil {
			if !strings.Contains(err.Error(), "locales/en.toml:") {
				t.Fatalf("the error does not name the file: %v", err)
			}
			return
		}
		c := &Catalog{def: "en", locales: []string{"en"}, texts: map[string]map[string]text{"en": texts}}
		lines := strings.Count(source, "\n") + 1
		for key, entry := range texts {
			_ = c.T("en", key, 1, "x")
			var line int
			if _, err := fmt.Sscanf(entry.where, "locales/en.toml:%d", &line); err != nil || line < 1 || line > lines {
				t.Errorf("%q stands at %s in %d lines", key, entry.where, lines)
			}
		}
	})
}

// FuzzParticle: any word takes one of three forms.
func FuzzParticle(f *testing.F) {
	for _, seed := range []string{"제목", "URL", "1,000", "(((", "a)", "\xff", "）"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		switch got := Particle(word, "은/는"); got {
		case "은", "는", "은(는)":
		default:
			t.Errorf("Particle(%q) = %q", word, got)
		}
	})
}
