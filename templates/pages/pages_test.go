package pages

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const evil = `<script>alert(1)</script>"'&`

func render(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func errorPage(t *testing.T, p ErrorPage) string {
	t.Helper()
	return render(t, func(b *strings.Builder) error { return Error(b, p) })
}

func debugPage(t *testing.T, p DebugPage) string {
	t.Helper()
	return render(t, func(b *strings.Builder) error { return Debug(b, p) })
}

func wantText(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("page has no %q", text)
		}
	}
}

func TestErrorInBothLocales(t *testing.T) {
	english := errorPage(t, ErrorPage{Status: 404, ID: "a1b2c3"})
	wantText(t, english, `lang="en"`, ">404<", "Page not found", "a1b2c3", `href="/"`)
	korean := errorPage(t, ErrorPage{Status: 502, Locale: "ko-KR", ID: "a1b2c3"})
	wantText(t, korean, `lang="ko"`, ">502<", "응답을 받지 못했습니다", "요청 번호", "다시 시도")
	own := errorPage(t, ErrorPage{Status: 404, Title: "No such bottle", Text: "It is empty.", Home: "/shop/"})
	wantText(t, own, "<h1>No such bottle</h1>", "It is empty.", `href="/shop/"`)
	if strings.Contains(own, "Reference") {
		t.Error("a page without an id speaks of one")
	}
}

func TestMaintenance(t *testing.T) {
	page := render(t, func(b *strings.Builder) error {
		return Maintenance(b, MaintenancePage{Text: "Until noon.", Locale: "de"})
	})
	wantText(t, page, `lang="en"`, "Back soon", "Until noon.")
	if strings.Contains(page, ">503<") {
		t.Error("the maintenance page shows a number")
	}
}

func TestTextOfUnknownStatusIsThatOfItsClass(t *testing.T) {
	for status, same := range map[int]int{418: 400, 499: 400, 507: 500, 599: 500} {
		title, sentence := Text(status, Korean)
		wantTitle, wantSentence := Text(same, Korean)
		if title != wantTitle || sentence != wantSentence {
			t.Errorf("text of %d is %q, %q, want that of %d", status, title, sentence, same)
		}
	}
	for status, want := range map[int]string{418: "I'm a teapot", 426: "Upgrade Required", 507: "Insufficient Storage", 499: "Bad request", 599: "Something went wrong"} {
		if title, _ := Text(status, English); title != want {
			t.Errorf("title of %d is %q, want %q", status, title, want)
		}
	}
}

func TestBothLocalesHaveTheSameTexts(t *testing.T) {
	for status := range english {
		if korean[status].title == "" || korean[status].sentence == "" {
			t.Errorf("no Korean text for %d", status)
		}
	}
	if len(english) != len(korean) {
		t.Errorf("%d English texts and %d Korean", len(english), len(korean))
	}
}

func TestEverythingIsEscaped(t *testing.T) {
	pages := map[string]string{
		"error": errorPage(t, ErrorPage{Status: 500, Title: evil, Text: evil, ID: evil, Locale: evil, Home: "javascript:alert(1)"}),
		"home":  errorPage(t, ErrorPage{Status: 404, Home: "javascript:alert(1)"}),
		"debug": debugPage(t, DebugPage{
			ID: evil, Type: evil, Message: evil, Hint: evil,
			Source: NewSource(evil, evil, 1, 1),
			Causes: []Cause{{evil, evil, 0}, {evil, evil, 1}},
			Frames: []Frame{{Func: evil, File: evil, App: true, Source: NewSource(evil, evil, 1, 0)}, {Func: evil, File: evil}},
			Request: &Request{Method: evil, URL: evil, Proto: evil, Remote: evil, Route: evil,
				Params: []Field{{evil, evil}}, Header: []Field{{evil, evil}}},
		}),
	}
	for name, page := range pages {
		if strings.Contains(page, "<script") || strings.Contains(page, `"'&`) {
			t.Errorf("%s page carries markup from its values:\n%s", name, page)
		}
		if strings.Contains(page, `href="javascript:`) {
			t.Errorf("%s page links to a script", name)
		}
	}
}

// TestCSPAllowsOurStyles takes the styles from the pages as a browser gets
// them: a template that changes one byte of them would lose the style.
func TestCSPAllowsOurStyles(t *testing.T) {
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`)
	for name, page := range map[string]string{
		"error": errorPage(t, ErrorPage{Status: 404}),
		"debug": debugPage(t, DebugPage{Message: "x"}),
	} {
		m := style.FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("%s page has no style", name)
		}
		if !strings.Contains(CSP, hash(m[1])) {
			t.Errorf("CSP does not allow the style of the %s page", name)
		}
		if strings.Contains(page, "style=") {
			t.Errorf("%s page has a style attribute, which CSP refuses", name)
		}
	}
}

func TestPagesRequestNothing(t *testing.T) {
	outside := regexp.MustCompile(`(?i)(https?:)?//[a-z]|@import|url\(|<img|<script|src=`)
	page := errorPage(t, ErrorPage{Status: 404}) + debugPage(t, DebugPage{Message: "x"})
	if m := outside.FindString(page); m != "" {
		t.Errorf("a page loads something: %q", m)
	}
}

func TestDebugShowsWhereAndWhy(t *testing.T) {
	err := fmt.Errorf("load question: %w", &fs.PathError{Op: "open", Path: "app.db", Err: fs.ErrNotExist})
	callers := make([]uintptr, 16)
	callers = callers[:runtime.Callers(1, callers)]
	r := httptest.NewRequest("GET", "/question/7?page=2", nil)
	r.Header.Set("Cookie", "session="+strings.Repeat("s", 6)) // this line itself is on the page
	r.Header.Set("Accept", "text/html")
	page := debugPage(t, DebugPage{
		Status: 500, ID: "a1b2c3", Type: "*fmt.wrapError", Message: err.Error(),
		Causes:  Causes(err),
		Frames:  Frames(callers, func(function, file string) bool { return strings.Contains(function, "pages.Test") }),
		Request: NewRequest(r, "question.detail", []Field{{"id", "7"}}),
	})
	wantText(t, page, "load question: open app.db", "*fs.PathError", "file does not exist",
		"pages.TestDebugShowsWhereAndWhy", "runtime.Callers(1, callers)", "more outside the app",
		"/question/7?page=2", "question.detail", "text/html", "(14 bytes, hidden)")
	if strings.Contains(page, strings.Repeat("s", 6)) {
		t.Error("the page shows a cookie")
	}
}

func TestCauses(t *testing.T) {
	inner := errors.New("inner")
	missing := &fs.PathError{Op: "open", Path: "a.db", Err: fs.ErrNotExist}
	executing := fmt.Errorf(`template: templates/a.html:2:4: executing "content" at <url>: %w`, inner)
	for _, tt := range []struct {
		err  error
		want []string
	}{
		{fmt.Errorf("outer: %w", errors.Join(inner, errors.New("other"))), []string{"0 outer", "1 inner", "1 other"}},
		{errors.Join(inner, missing), []string{"0 inner", "0 open a.db", "1 file does not exist"}},
		{fmt.Errorf("load: %w", missing), []string{"0 load", "1 open a.db", "2 file does not exist"}},
		{fmt.Errorf("%w and %w", inner, missing), []string{"0 inner and open a.db: file does not exist", "1 inner", "1 open a.db", "2 file does not exist"}},
		{fmt.Errorf("no (%w)", inner), []string{"0 no (inner)", "1 inner"}},
		{fmt.Errorf("%w", fmt.Errorf("%w", inner)), []string{"0 inner"}},
		{fmt.Errorf(`templates/a.html:2:5: executing "content" at <url>: %w`, inner), []string{`0 templates/a.html:2:5: executing "content" at <url>`, "1 inner"}},
		{placed{`templates/a.html:2:5: executing "content" at <url>: inner`, executing}, []string{`0 templates/a.html:2:5: executing "content" at <url>`, "1 inner"}},
		{placed{"templates/a.html:9: unexpected EOF", errors.New("template: templates/a.html:9: unexpected EOF")}, []string{"0 templates/a.html:9: unexpected EOF"}},
		{nil, nil},
	} {
		var got []string
		for _, c := range Causes(tt.err) {
			got = append(got, fmt.Sprintf("%d %s", c.Depth, c.Message))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%v\n%s", tt.err, d)
		}
	}
	if n := len(Causes(endless{})); n == 0 || n > maxCauses {
		t.Errorf("%d causes of an endless chain, at most %d are shown", n, maxCauses)
	}
}

// placed is an error of package view.
type placed struct {
	text string
	err  error
}

func (p placed) Error() string { return p.text }
func (p placed) Unwrap() error { return p.err }

type endless struct{}

func (endless) Error() string { return "endless" }
func (e endless) Unwrap() error {
	return e
}

func TestExcerpt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte("one\r\n나무 {{.X}}\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Excerpt(file, 2, 4)
	if s == nil || len(s.Lines) != 3 {
		t.Fatalf("excerpt %+v", s)
	}
	hit := s.Lines[1]
	if got := []string{s.Lines[0].Text, hit.Before(), hit.At(), hit.After()}; cmp.Diff([]string{"one", "나", "무", " {{.X}}"}, got) != "" {
		t.Errorf("parts %q", got)
	}
	if l := (SourceLine{Text: "x", Column: 9}); l.Before() != "x" || l.At() != "" || l.After() != "" {
		t.Error("a column outside the line marks something")
	}
	for name, bad := range map[string]*Source{
		"missing file": Excerpt(file+"x", 1, 0), "directory": Excerpt(t.TempDir(), 1, 0),
		"line 0": Excerpt(file, 0, 0), "line after the end": Excerpt(file, 4, 0),
	} {
		if bad != nil {
			t.Errorf("%s gave an excerpt", name)
		}
	}
	long := NewSource("x", strings.Repeat("x\n", 100), 50, 0)
	if n := len(long.Lines); n != 2*nearby+1 || long.Lines[nearby].Number != 50 || !long.Lines[nearby].Hit {
		t.Errorf("excerpt of a long file: %d lines, %+v in the middle", n, long.Lines[nearby])
	}
}

func TestNegotiate(t *testing.T) {
	for header, want := range map[string]string{
		"":                        English,
		"ko":                      Korean,
		"ko-KR,ko;q=0.9,en;q=0.8": Korean,
		"en-US,en;q=0.9,ko;q=0.8": English,
		"en;q=0.5, ko":            Korean,
		"fr-FR, ko;q=0.5":         Korean,
		"ko;q=0, de":              English,
		"*":                       English,
		"\x00;;q=":                English,
	} {
		if got := Negotiate(header); got != want {
			t.Errorf("Negotiate(%q) = %q, want %q", header, got, want)
		}
	}
}

// TestErrorPagesAreSmall: they are sent when a server has little to give.
func TestErrorPagesAreSmall(t *testing.T) {
	page := render(t, func(b *strings.Builder) error {
		return Maintenance(b, MaintenancePage{Text: strings.Repeat("x", 200), ID: "abc123", Locale: "ko"})
	})
	if len(page) > 4<<10 {
		t.Errorf("the page has %d bytes", len(page))
	}
	wantText(t, page, "점검 중입니다", "요청 번호", "abc123")
	wantText(t, errorPage(t, ErrorPage{Status: 429}), "Try again")
}
