package i18n

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// files makes a folder of catalogues from name, content pairs.
func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func load(t *testing.T, def string, pairs ...string) *Catalog {
	t.Helper()
	c, err := Load(files(pairs...), def)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestT(t *testing.T) {
	c := load(t, "en",
		"en.toml", `
title = "Board"
only = "only here"
saved = "{0} was saved by {1}."
named = "{who} at {place}"
braces = "{{0}} and }}"
plain = { other = "always" }
"quoted.key" = "quoted"

[list.total]
one = "{n} question"
other = "{n} questions"

[sort]
one = "first"
other = "rest"
none = "no plural"
`,
		"ko.toml", `
title = "게시판"
saved = "{1:이/가} {0:을/를} 저장했습니다."
after = "‘{0}’{:은/는} 있습니다."

[list]
total = "질문 {n}개"
`)
	type dictionary map[string]any
	tests := []struct {
		name, locale, key string
		args              []any
		want              string
	}{
		{"a plain text", "en", "title", nil, "Board"},
		{"the other locale", "ko", "title", nil, "게시판"},
		{"a regional locale falls back to its language", "ko-KR", "title", nil, "게시판"},
		{"a key that only the default has", "ko", "only", nil, "only here"},
		{"an unknown locale", "fr", "title", nil, "Board"},
		{"an unknown key is itself", "ko", "no.such", nil, "no.such"},
		{"positional", "en", "saved", []any{"It", 7}, "It was saved by 7."},
		{"particles", "ko", "saved", []any{"주소", "관리자"}, "관리자가 주소를 저장했습니다."},
		{"a particle after a quote", "ko", "after", []any{"길"}, "‘길’은 있습니다."},
		{"a missing argument is seen", "en", "saved", []any{"It"}, "It was saved by {1}."},
		{"nil is nothing", "en", "saved", []any{nil, nil}, " was saved by ."},
		{"named", "en", "named", []any{Args{"who": "Kim", "place": time.Monday}}, "Kim at Monday"},
		{"named by another map type", "en", "named", []any{dictionary{"who": "Kim", "place": 1}}, "Kim at 1"},
		{"named by a map of strings", "en", "named", []any{map[string]string{"who": "a", "place": "b"}}, "a at b"},
		{"braces", "en", "braces", []any{1}, "{0} and }"},
		{"a quoted key", "en", "quoted.key", nil, "quoted"},
		{"plural one", "en", "list.total", []any{1}, "1 question"},
		{"plural other", "en", "list.total", []any{0}, "0 questions"},
		{"plural by the first integer", "en", "list.total", []any{"x", uint8(1)}, "1 question"},
		{"plural by the argument n", "en", "list.total", []any{Args{"n": 1, "m": 2}}, "1 question"},
		{"a plural without a number", "en", "list.total", nil, "{n} questions"},
		{"Korean needs no plural", "ko", "list.total", []any{1}, "질문 1개"},
		{"a weekday is no number", "en", "list.total", []any{time.Monday}, "{n} questions"},
		{"a table of three is no plural", "en", "sort.one", nil, "first"},
		{"other alone", "en", "plain", []any{1}, "always"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := c.T(test.locale, test.key, test.args...); got != test.want {
				t.Errorf("T(%q, %q) = %q, want %q", test.locale, test.key, got, test.want)
			}
		})
	}
}

// TestPluralOfTheLocaleThatAnswers: a Korean reader who is shown the English
// text must see English grammar.
func TestPluralOfTheLocaleThatAnswers(t *testing.T) {
	c := load(t, "en", "en.toml", "x = { one = \"one thing\", other = \"things\" }", "ko.toml", "")
	if got := c.T("ko", "x", 1); got != "one thing" {
		t.Errorf("T = %q", got)
	}
}

func TestHasDoesNotFallBackToTheDefault(t *testing.T) {
	c := load(t, "en", "en.toml", `a = "1"`, "ko.toml", `b = "2"`)
	if c.Has("ko", "a") {
		t.Error("ko has a")
	}
	if !c.Has("ko-KR", "b") {
		t.Error("ko-KR does not have b of ko")
	}
}

func TestANilCatalogIsEmpty(t *testing.T) {
	var c *Catalog
	if got := c.T("ko", "key", 1); got != "key" {
		t.Errorf("T = %q", got)
	}
	if c.Has("ko", "key") || c.Negotiate("ko") != "" || c.Locales() != nil || c.Keys("ko") != nil || c.Gaps() != nil || c.Default() != "" {
		t.Error("a nil catalogue is not empty")
	}
}

func TestLocales(t *testing.T) {
	tests := []struct {
		name  string
		def   string
		files []string
		want  []string
	}{
		{"no files: what Dram has", "", nil, []string{"en", "ko"}},
		{"no files, another default", "ko", nil, []string{"ko", "en"}},
		{"no files, a default Dram has no texts for", "fr", nil, []string{"fr", "en", "ko"}},
		{"the app's own", "ko", []string{"ko.toml", "", "en-us.toml", "", "README.md", "x", ".x.toml", "]"}, []string{"ko", "en-US"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := load(t, test.def, test.files...)
			if diff := cmp.Diff(test.want, c.Locales()); diff != "" {
				t.Error(diff)
			}
			if c.Default() != test.want[0] {
				t.Errorf("Default = %q", c.Default())
			}
		})
	}
	if c, err := Load(nil, "ko"); err != nil || !slices.Equal(c.Locales(), []string{"ko", "en"}) {
		t.Errorf("Load(nil): %v, %v", c.Locales(), err)
	}
}

func TestKeysAndGaps(t *testing.T) {
	c := load(t, "en",
		"en.toml", "a = \"1\"\nb = \"2\"\n[form.x]\nlabel = \"X\"",
		"ko.toml", "b = \"2\"\n\n[c]\nd = \"3\"")
	if diff := cmp.Diff([]string{"a", "b", "form.x.label"}, c.Keys("en")); diff != "" {
		t.Error(diff)
	}
	want := []Gap{{"en", "c.d", "locales/ko.toml:4"}, {"ko", "a", "locales/en.toml:1"}}
	if diff := cmp.Diff(want, c.Gaps()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadNamesEveryFaultWithItsLine(t *testing.T) {
	_, err := Load(files(
		"en.toml", "# comment\n\nok = \"fine\"\nnumber = 5\nopen = \"{0\"\n\n[deep.er]\nbad = \"{la bel}\"\nlist = [\n1]\n",
		"ko.toml", "a = \"1\"\nb = ",
		"not a tag.toml", "",
	), "en")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"locales/en.toml:4: number: a text in quotes is expected, not a number",
		"locales/en.toml:5: open: { without its other half",
		"locales/en.toml:8: deep.er.bad: {la bel}: a placeholder is",
		"locales/en.toml:9: deep.er.list: a text in quotes is expected, not an array",
		"locales/ko.toml:2: ",
		"locales/not a tag.toml: the name of the file is not a language tag",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name, def string
		files     []string
		want      string
	}{
		{"a default without a file", "en", []string{"ko.toml", ""}, `there is no locales/en.toml (there is ko)`},
		{"a default that is no tag", "English!", nil, `"English!" is not a language tag`},
		{"one key written two ways", "en", []string{"en.toml", "\"a.b\" = \"1\"\n[a]\nb = \"2\""}, "a.b: the key is there twice"},
		{"a key twice", "en", []string{"en.toml", "a = \"1\"\na = \"2\""}, "locales/en.toml:2: "},
		{"a particle of one form", "en", []string{"en.toml", `a = "{0:은}"`}, "both forms of a particle are expected"},
		{"a lone closing brace", "en", []string{"en.toml", `a = "x } y"`}, "written }}"},
		{"an inline table", "en", []string{"en.toml", "\n\na = { b = true }"}, "locales/en.toml:3: a.b: a text in quotes is expected, not a boolean"},
		{"a dotted plural", "en", []string{"en.toml", "\na.one = \"{\"\na.other = \"x\""}, "locales/en.toml:2: a.one: "},
		{"two files of one locale", "en", []string{"en.toml", "", "EN.toml", ""}, "the locale en has two files"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(files(test.files...), test.def)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestNegotiate(t *testing.T) {
	c := load(t, "en", "en.toml", "", "ko.toml", "", "pt-BR.toml", "")
	tests := []struct{ header, want string }{
		{"", "en"},
		{"ko", "ko"},
		{"ko-KR,ko;q=0.9,en;q=0.8", "ko"},
		{"en-US,en;q=0.9,ko;q=0.8", "en"},
		{"en;q=0.5, ko;q=0.9", "ko"},
		{"KO_kr", "ko"},
		{"pt", "pt-BR"},
		{"pt-PT", "pt-BR"},
		{"fr, de", "en"},
		{"*", "en"},
		{"ko;q=0", "en"},
		{"ko;q=x", "en"},
		{"ko;q=2", "en"},
		{"ko;level=1", "en"},
		{"ko;q=NaN", "en"},
		{"fr;q=1, *;q=0.5, ko;q=0.1", "en"},
		{strings.Repeat("fr,", 31) + "ko", "ko"},
		{strings.Repeat("fr,", 32) + "ko", "en"}, // bounded
		{strings.Repeat(",", 32) + "ko", "en"},
		{strings.Repeat(" ", 1021) + ",ko", "ko"},
		{strings.Repeat(" ", 1021) + ",ko,en", "ko"},
		{strings.Repeat(" ", 1021) + ",kok", "en"}, // and not cut to ko
		{strings.Repeat("x", 2000) + ",ko", "en"},
		{"ko" + strings.Repeat(" ", 2000), "en"},
	}
	for _, test := range tests {
		if got := c.Negotiate(test.header); got != test.want {
			t.Errorf("Negotiate(%.40q) = %q, want %q", test.header, got, test.want)
		}
	}
}
