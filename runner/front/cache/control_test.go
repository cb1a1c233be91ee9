package cache

import (
	"strings"
	"testing"
	"time"
)

func TestParseControl(t *testing.T) {
	for text, want := range map[string]control{
		"":                                        {maxAge: -1, sMaxAge: -1},
		"public, max-age=60":                      {public: true, maxAge: 60 * time.Second, sMaxAge: -1},
		"PUBLIC,Max-Age=60":                       {public: true, maxAge: 60 * time.Second, sMaxAge: -1},
		"max-age=\"60\"":                          {maxAge: 60 * time.Second, sMaxAge: -1}, // section 5.2: recipients accept both forms
		"s-maxage=0, max-age=5":                   {maxAge: 5 * time.Second, sMaxAge: 0},
		"max-age=60, max-age=5":                   {maxAge: 5 * time.Second, sMaxAge: -1}, // section 4.2.1
		"max-age=5, max-age=60":                   {maxAge: 5 * time.Second, sMaxAge: -1},
		"max-age=x":                               {maxAge: 0, sMaxAge: -1}, // section 4.2.1: stale
		"max-age=-1":                              {maxAge: 0, sMaxAge: -1},
		"max-age=1.5":                             {maxAge: 0, sMaxAge: -1},
		"max-age":                                 {maxAge: 0, sMaxAge: -1},
		"max-age=":                                {maxAge: 0, sMaxAge: -1},
		"max-age=99999999999999999999999":         {maxAge: maxSeconds * time.Second, sMaxAge: -1}, // section 1.2.2
		"no-store":                                {noStore: true, maxAge: -1, sMaxAge: -1},
		"no-cache=\"set-cookie, x\", public":      {noCache: true, public: true, maxAge: -1, sMaxAge: -1},
		"private=\"a\\\"b, public\"":              {private: true, maxAge: -1, sMaxAge: -1},
		", ,public ,\t, s-maxage=3 ,":             {public: true, maxAge: -1, sMaxAge: 3 * time.Second},
		"community=\"a,no-store\", public":        {public: true, maxAge: -1, sMaxAge: -1}, // unknown: section 5.2.3
		"publicity, xmax-age=3":                   {maxAge: -1, sMaxAge: -1},
		"only-if-cached":                          {onlyIfCached: true, maxAge: -1, sMaxAge: -1},
		"public, max-age=60, x=\"never closed":    {public: true, maxAge: 60 * time.Second, sMaxAge: -1, noStore: true},
		"public max-age=60":                       {maxAge: -1, sMaxAge: -1, noStore: true},
		"public; max-age=60":                      {maxAge: -1, sMaxAge: -1, noStore: true},
		"s-max-age=60, public":                    {public: true, maxAge: -1, sMaxAge: -1}, // a usual mistake; no directive
		"max-age = 60, public":                    {maxAge: -1, sMaxAge: -1, noStore: true},
		"immutable, max-age=31536000, s-maxage=1": {maxAge: 31536000 * time.Second, sMaxAge: time.Second},
	} {
		if got := parseControl(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// TestLinesAreOneList holds section 5.3 of RFC 9110.
func TestLinesAreOneList(t *testing.T) {
	if got := parseControl("public", "max-age=60", "no-store"); !got.public || got.maxAge != time.Minute || !got.noStore {
		t.Errorf("%+v", got)
	}
	if got := parseControl(`x="`, `no-store"`); !got.noStore {
		t.Error("a quote that is not closed in its line")
	}
}

// FuzzControl compares with a slow reading of the same list, and wants that
// nothing makes a response more public than it says.
func FuzzControl(f *testing.F) {
	for _, seed := range []string{"public, max-age=60", `private="a, b", s-maxage=1`, `x="\"", no-store`, "max-age=1 no-store", `no-cache="`, ",,=,", `public="no-store"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := parseControl(text)
		if got.maxAge > maxSeconds*time.Second || got.sMaxAge > maxSeconds*time.Second {
			t.Errorf("%q: %+v", text, got)
		}
		if upper := parseControl(strings.ToUpper(text)); isASCII(text) && upper != got {
			t.Errorf("%q: %+v, in capitals %+v", text, got, upper)
		}
		if strings.Contains(text, `"`) {
			return
		}
		// Without quotes, commas alone part directives.
		for element := range strings.SplitSeq(text, ",") {
			name, _, _ := strings.Cut(strings.Trim(element, " \t"), "=")
			lower := strings.ToLower(name)
			lost := lower == "no-store" && !got.noStore ||
				!got.noStore && (lower == "private" && !got.private || lower == "no-cache" && !got.noCache ||
					lower == "max-age" && got.maxAge < 0 || lower == "s-maxage" && got.sMaxAge < 0)
			if lost {
				t.Errorf("%q: %+v, lost %q", text, got, element)
			}
		}
		if got.public && !strings.Contains(strings.ToLower(text), "public") {
			t.Errorf("%q is public", text)
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
