package tags

import (
	"strings"
	"testing"
)

// FuzzChoose: any header gives one of the locales, and what lies behind the
// bounds does not matter.
func FuzzChoose(f *testing.F) {
	for _, seed := range []string{"", "ko", "ko-KR,en;q=0.5", "*;q=0.1", ";;;,,,q=", "zh-Hant-TW-x-y",
		strings.Repeat("fr,", 31) + "ko", strings.Repeat(",", 32) + "ko", strings.Repeat(" ", 1021) + ",kok", strings.Repeat("x-", 600) + ",ko"} {
		f.Add(seed)
	}
	choose := func(header string) string { return Choose(header, []string{"en", "ko", "zh-Hant"}, "en") }
	f.Fuzz(func(t *testing.T, header string) {
		if got := choose(header); got != "en" && got != "ko" && got != "zh-Hant" {
			t.Errorf("Choose(%q) = %q", header, got)
		}
		long := header + strings.Repeat(" ", max(0, maxHeader-len(header)))
		ranges := header + strings.Repeat(",", maxRanges)
		for _, full := range []string{long, ranges} {
			if ko, zh := choose(full+",ko"), choose(full+",zh-Hant"); ko != zh {
				t.Errorf("what follows %q counts: %q and %q", full, ko, zh)
			}
		}
	})
}

func TestCanonical(t *testing.T) {
	tests := []struct {
		tag, want string
		ok        bool
	}{
		{"KO", "ko", true},
		{"en_us", "en-US", true},
		{"zh-hant-tw", "zh-Hant-TW", true},
		{"de-1996", "de-1996", true},
		{"x", "", false},
		{"", "", false},
		{"en-", "", false},
		{"../en", "", false},
		{"한국", "", false},
	}
	for _, test := range tests {
		if got, ok := Canonical(test.tag); got != test.want || ok != test.ok {
			t.Errorf("Canonical(%q) = %q, %v", test.tag, got, ok)
		}
	}
}

func TestParent(t *testing.T) {
	for locale, want := range map[string]string{"zh-Hant-TW": "zh-Hant", "ko": "", "de-x-old": "de"} {
		if got := Parent(locale); got != want {
			t.Errorf("Parent(%q) = %q, want %q", locale, got, want)
		}
	}
}
