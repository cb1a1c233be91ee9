package i18n

import (
	"testing"
	"testing/fstest"

	"golang.org/x/text/feature/plural"
	xlanguage "golang.org/x/text/language"
)

// TestPluralsOfCLDR compares the rules with those of an older CLDR in x/text.
func TestPluralsOfCLDR(t *testing.T) {
	t.Parallel()
	names := map[plural.Form]string{
		plural.Zero: zero, plural.One: one, plural.Two: two, plural.Few: few, plural.Many: many, plural.Other: other,
	}
	numbers := []int64{200, 211, 1000, 1001, 1_000_001, 2_000_003}
	for n := range int64(130) {
		numbers = append(numbers, n)
	}
	for _, tag := range []string{
		"id", "ja", "km", "ko", "lo", "ms", "my", "th", "vi", "zh", "am", "bn", "fa", "gu", "hi", "hy", "kn", "pa", "zu",
		"ca", "es", "it", "fr", "pt", "be", "ru", "uk", "bs", "hr", "sr", "cs", "sk", "pl", "sl", "lt", "lv", "ro",
		"ar", "he", "cy", "ga", "mt", "is", "mk", "en", "de", "nl", "sv", "da", "nb", "fi", "hu", "tr", "el", "bg", "et", "sw", "ta", "ur",
	} {
		for _, n := range numbers {
			want := names[plural.Cardinal.MatchPlural(xlanguage.MustParse(tag), int(n), 0, 0, 0, 0)]
			switch { // changed since
			case tag == "he" && want == many:
				want = other
			case tag == "mk" && n%100 == 11:
				want = other
			case tag == "mt" && n == 2:
				want = two
			case tag == "mt" && n%100 == 2:
				want = other
			}
			if got := category(tag, n); got != want {
				t.Errorf("%s, %d: %s, want %s", tag, n, got, want)
			}
		}
	}
}

// TestMillions is younger than x/text's CLDR.
func TestMillions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag  string
		n    int64
		want string
	}{
		{"es", 1_000_000, many}, {"fr", 2_000_000, many}, {"pt-BR", 1_000_001, other}, {"it", 0, other}, {"ca", 3_000_000, many},
		{"en", 1_000_000, other}, {"ru", -21, one}, {"en", -1, one},
	} {
		if got := category(c.tag, c.n); got != c.want {
			t.Errorf("%s, %d: %s, want %s", c.tag, c.n, got, c.want)
		}
	}
}

func TestFormsOfPlurals(t *testing.T) {
	t.Parallel()
	c, err := Load(fstest.MapFS{"ru.toml": {Data: []byte(`
[answers]
one = "{n} ответ"
few = "{n} ответа"
other = "{n} ответов"

[steps] # three names that happen to be forms, and one that is not
two = "second"
few = "third"
other = "last"
next = "next"
`)}}, "ru")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{1: "1 ответ", 21: "21 ответ", 3: "3 ответа", 11: "11 ответов", 0: "0 ответов"} {
		if got := c.T("ru", "answers", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := c.T("ru", "steps.few"); got != "third" {
		t.Errorf("steps.few is %q", got)
	}
}
