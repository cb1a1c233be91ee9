package view

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

func setOf(t *testing.T, opts Options, files ...string) *Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	opts.FS = fsys
	return New(opts)
}

// engineOf says who renders a page.
func engineOf(t *testing.T, s *Set, page string) PageStatus {
	t.Helper()
	for _, status := range s.Compiled() {
		if status.Page == page {
			return status
		}
	}
	t.Fatalf("no page %s", page)
	return PageStatus{}
}

const alone = "{{/* layout: none */}}"

func TestCompiledSaysWhy(t *testing.T) {
	s := setOf(t, Options{Prefix: "t/"},
		"good.html", alone+`{{range .}}{{.}}{{end}}`,
		"odd.html", alone+"\n{{print ($x := 1)}}",
		"broken.html", alone+`{{.X`,
		"unsafe.html", alone+`<a href="{{if .}}/x?{{end}}{{.}}">`,
	)
	for page, want := range map[string]string{
		"good.html": "", "odd.html": "t/odd.html:2:10: variable $x is declared inside of an expression",
		"broken.html": "t/broken.html:1: unclosed action", "unsafe.html": "t/unsafe.html:1:52: {{.}} appears in an ambiguous context within a URL",
	} {
		got := engineOf(t, s, page)
		if got.Compiled != (want == "") || !strings.HasPrefix(strings.Join(got.Left, "; "), want) {
			t.Errorf("%s: %+v, want %q", page, got, want)
		}
	}
	if got := engineOf(t, setOf(t, Options{Uncompiled: true}, "a.html", alone), "a.html"); got.Compiled || got.Left == nil {
		t.Errorf("turned off: %+v", got)
	}
}

func TestPageThatMetAChannelIsLeftToHTMLTemplate(t *testing.T) {
	s := setOf(t, Options{}, "a.html", alone+"{{range .}}<{{.}}>{{end}}")
	filled := func() chan int { c := make(chan int, 2); c <- 1; c <- 2; close(c); return c }
	for _, data := range []any{[]int{1, 2}, filled(), filled(), []int{1, 2}} {
		var buf bytes.Buffer
		if err := s.Render(&buf, "a.html", data, nil); err != nil || buf.String() != "&lt;1>&lt;2>" && buf.String() != "<1><2>" {
			t.Errorf("%T: %q, %v", data, &buf, err)
		}
	}
	if got := engineOf(t, s, "a.html"); got.Compiled || !strings.HasSuffix(strings.Join(got.Left, ""), "range over chan int") {
		t.Errorf("%+v", got)
	}
}

func TestImpureFunctionsRunOnce(t *testing.T) {
	calls := 0
	count := func() int { calls++; return calls }
	s := setOf(t, Options{
		Funcs: template.FuncMap{"count": count, "spend": func(n int) (string, error) {
			calls++
			return fmt.Sprint("spent ", n), nil
		}, "fail": func() (string, error) { calls++; return "", errors.New("empty") }},
		Scoped: template.FuncMap{"take": func(p *int) int { *p++; return *p }},
		Impure: []string{"count", "spend", "take", "fail"},
	},
		"late.html", alone+`{{count}} {{spend 7}} {{count}} {{take}} {{take}} {{range .}}{{.}}{{end}}`,
		"fail.html", alone+`{{count}} {{fail}}`,
	)
	odd := func(yield func(int) bool) { yield(1) } // left to html/template
	taken := 0
	var buf bytes.Buffer
	if err := s.Render(&buf, "late.html", odd, &taken); err != nil || buf.String() != "1 spent 7 3 1 2 1" {
		t.Errorf("%q, %v", &buf, err)
	}
	if calls != 3 || taken != 2 {
		t.Errorf("%d calls, %d taken", calls, taken)
	}
	if err := s.Render(&buf, "fail.html", nil, &taken); err == nil || !strings.Contains(err.Error(), "error calling fail: empty") {
		t.Errorf("error %v", err)
	}
	if calls != 5 {
		t.Errorf("%d calls, 5 expected", calls)
	}
}

func TestErrorsAreHTMLTemplates(t *testing.T) {
	cause := errors.New("cause")
	funcs := template.FuncMap{
		"boom": func() string { panic("boom") }, "fail": func() (string, error) { return "", cause },
	}
	for _, source := range []string{"{{.X.Y}}", "{{boom}}", "a{{fail}}", "{{index . 3}}", "{{template \"p\" 1}}", "{{printf 1}}"} {
		files := []string{"a.html", alone + "before " + source, "partials/p.html", "{{.Nope}}"}
		var texts []string
		for _, uncompiled := range []bool{false, true} {
			buf := bytes.NewBufferString("kept")
			err := setOf(t, Options{Funcs: funcs, Uncompiled: uncompiled}, files...).Render(buf, "a.html", struct{ X *struct{ Y int } }{}, nil)
			var placed *Error
			if !errors.As(err, &placed) || buf.String() != "kept" {
				t.Fatalf("%s: %q, %v", source, buf, err)
			}
			if source == "a{{fail}}" && !errors.Is(err, cause) {
				t.Errorf("%v does not wrap what the function returned", err)
			}
			texts = append(texts, err.Error())
		}
		if texts[0] != texts[1] {
			t.Errorf("%s\ncompiled      %s\nhtml/template %s", source, texts[0], texts[1])
		}
	}
}

func TestReloadCompilesAnew(t *testing.T) {
	fsys := fstest.MapFS{"a.html": {Data: []byte(alone + "one {{.}}")}}
	s := New(Options{FS: fsys, Reload: true})
	for _, text := range []string{"one", "second"} {
		fsys["a.html"] = &fstest.MapFile{Data: []byte(alone + text + " {{.}}")}
		var buf bytes.Buffer
		if err := s.Render(&buf, "a.html", "<", nil); err != nil || buf.String() != text+" &lt;" {
			t.Errorf("%q, %v", &buf, err)
		}
		if got := engineOf(t, s, "a.html"); !got.Compiled {
			t.Errorf("%+v", got)
		}
	}
}

func TestUnknownGoTurnsTheCompilerOff(t *testing.T) {
	var log bytes.Buffer
	s := setOf(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, "a.html", alone+"{{.}}", "b.html", alone)
	s.maker.test = func() error { return errors.New("another Go") }
	if err := s.Check(nil); err != nil {
		t.Fatal(err)
	}
	want := []PageStatus{{Page: "a.html", Left: []string{"another Go"}}, {Page: "b.html", Left: []string{"another Go"}}}
	if got := s.Compiled(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	var buf bytes.Buffer
	if err := s.Render(&buf, "a.html", "<", nil); err != nil || buf.String() != "&lt;" {
		t.Errorf("%q, %v", &buf, err)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), `err="another Go"`) {
		t.Errorf("log %q", &log)
	}
}

func TestProgramThatOnlyWastesTimeIsTurnedOff(t *testing.T) {
	deref := func(s *string) string { return *s } // html/template takes the address of the field
	s := setOf(t, Options{Funcs: template.FuncMap{"deref": deref}}, "a.html", alone+"{{if .Odd}}{{deref .Text}}{{end}}")
	type data struct {
		Odd  bool
		Text string
	}
	render := func(odd bool, times int) {
		for range times {
			var buf bytes.Buffer
			if err := s.Render(&buf, "a.html", &data{odd, "x"}, nil); err != nil || odd && buf.String() != "x" {
				t.Fatalf("%q, %v", &buf, err)
			}
		}
	}
	for range 20 { // now and then
		render(true, 1)
		render(false, 20)
	}
	if got := engineOf(t, s, "a.html"); !got.Compiled {
		t.Errorf("%+v", got)
	}
	render(true, 20)
	if got := engineOf(t, s, "a.html"); got.Compiled || !strings.Contains(strings.Join(got.Left, ""), "a.html:1:") {
		t.Errorf("%+v", got)
	}
}
