package view_test

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dram-go/dram/framework/view"
)

// files makes a file system of pairs of name and content.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

const base = `<title>{{block "title" .}}Board{{end}}</title><main>{{block "content" .}}{{end}}</main>{{block "foot" .}}foot{{end}}`

func render(t *testing.T, s *view.Set, page string, data, scope any) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Render(&b, page, data, scope); err != nil {
		t.Fatalf("Render(%q): %v", page, err)
	}
	return b.String()
}

func TestPagesFillTheirLayouts(t *testing.T) {
	fsys := files(
		"layouts/base.html", base,
		"layouts/admin.html", "{{/* layout: base */}}\n"+`{{define "content"}}<nav></nav>{{block "panel" .}}{{end}}{{end}}`,
		"partials/answer.html", `<p>{{.}}</p>`,
		"partials/form/row.html", `<tr>{{.}}</tr>`,
		"partials/many.html", `{{define "one"}}1{{end}}{{define "two"}}2{{end}}`,
		"default.html", `{{define "content"}}none of it{{end}}`,
		"blocks.html", `{{define "title"}}{{.T}}{{end}}{{define "content"}}{{range .L}}{{template "answer" .}}{{end}}{{end}}`,
		"emptied.html", `{{define "foot"}}{{end}}`,
		"admin/home.html", "{{/* layout: admin */}}\n"+`{{define "panel"}}P{{end}}`,
		"whole.html", "{{- /* layout: none */ -}}\n<b>{{.}}</b>",
		"pieces.html", `{{define "content"}}{{template "one"}}{{template "two"}}{{template "form/row" "x"}}{{end}}`,
		"empty.html", "",
		"notes.txt", "not a {{template}}",
	)
	s := view.New(view.Options{FS: fsys})
	if err := s.Check(nil); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		page string
		data any
		want string
	}{
		{"default.html", nil, "<title>Board</title><main>none of it</main>foot"},
		{"blocks.html", map[string]any{"T": "<&>", "L": []string{"a", "<b>"}}, "<title>&lt;&amp;&gt;</title><main><p>a</p><p>&lt;b&gt;</p></main>foot"},
		{"emptied.html", nil, "<title>Board</title><main></main>"},
		{"admin/home.html", nil, "<title>Board</title><main><nav></nav>P</main>foot"},
		{"whole.html", "<", "<b>&lt;</b>"},
		{"pieces.html", nil, "<title>Board</title><main>12<tr>x</tr></main>foot"},
		{"empty.html", nil, "<title>Board</title><main></main>foot"},
	}
	for _, tt := range tests {
		if got := render(t, s, tt.page, tt.data, nil); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.page, got, tt.want)
		}
	}
	if !s.Has("whole.html") || s.Has("layouts/base.html") || s.Has("notes.txt") {
		t.Error("Has knows the wrong files")
	}
}

func TestScopedFunctionsSeeTheirOwnRequest(t *testing.T) {
	type request struct{ user string }
	s := view.New(view.Options{
		FS: files("layouts/base.html", base, "partials/row.html", `[{{user}}{{join "-" "a" "b"}}]`,
			"p.html", `{{define "content"}}{{template "row" .}}{{range .}}{{template "row" .}}{{end}}{{end}}`),
		Scoped: template.FuncMap{
			"user": func(r *request) string { return r.user },
			"join": func(_ *request, sep string, parts ...string) string { return strings.Join(parts, sep) },
		},
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				name := fmt.Sprint("u", i)
				want := strings.Repeat("["+name+"a-b]", 3)
				var b bytes.Buffer
				if err := s.Render(&b, "p.html", []int{1, 2}, &request{name}); err != nil || !strings.Contains(b.String(), want) {
					t.Errorf("got %q, %v; want %q in it", b.String(), err, want)
					return
				}
			}
		})
	}
	wg.Wait()

	err := s.Render(new(bytes.Buffer), "p.html", []int{1}, "no request")
	if err == nil || !strings.Contains(err.Error(), "scope of type *view_test.request") {
		t.Errorf("a scope of the wrong type: %v", err)
	}
	if err := s.Render(new(bytes.Buffer), "p.html", []int{1}, nil); err == nil {
		t.Error("a missing scope rendered")
	}
}

func TestAnErrorWritesNothingAndKnowsItsPlace(t *testing.T) {
	cause := errors.New("no such thing")
	s := view.New(view.Options{
		FS: files("layouts/base.html", base, "p.html", "{{define \"content\"}}\n<p>half\n  {{fail}}{{end}}",
			"field.html", `{{define "content"}}{{.Nope}}{{end}}`),
		Prefix: "templates/",
		Funcs:  template.FuncMap{"fail": func() (string, error) { return "", cause }},
	})
	buf := bytes.NewBufferString("before")
	err := s.Render(buf, "p.html", nil, nil)
	var at *view.Error
	if !errors.As(err, &at) {
		t.Fatalf("got %T %v, want *view.Error", err, err)
	}
	if got := at.Place.String(); got != "templates/p.html:3:5" {
		t.Errorf("place %s", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if buf.String() != "before" {
		t.Errorf("written: %q", buf)
	}
	if lines := strings.Split(at.Source, "\n"); len(lines) < at.Line || lines[at.Line-1] != "  {{fail}}{{end}}" {
		t.Errorf("source %q", at.Source)
	}

	var w countingWriter
	if err := s.Render(&w, "field.html", struct{ Yes int }{}, nil); err == nil || w.calls != 0 {
		t.Errorf("err %v, %d writes", err, w.calls)
	}
	if err := s.Render(&w, "p.htm", nil, nil); err == nil || !strings.Contains(err.Error(), `did you mean "p.html"?`) {
		t.Errorf("unknown page: %v", err)
	}
}

type countingWriter struct{ calls int }

func (w *countingWriter) Write(p []byte) (int, error) { w.calls++; return len(p), nil }

func TestCheckFindsEverythingAtOnceWithoutRunningFunctions(t *testing.T) {
	ran := false
	s := view.New(view.Options{
		Prefix: "templates/",
		Funcs:  template.FuncMap{"user": func() string { ran = true; return "" }, "url": func(string, ...any) string { ran = true; return "" }},
		FS: files(
			"layouts/base.html", base,
			"layouts/loop.html", "{{/* layout: loop */}}",
			"good.html", `{{define "content"}}{{user}}{{url "home"}}{{end}}`,
			"syntax.html", "\n{{if}}",
			"func.html", `{{define "content"}}{{nofunc}}{{end}}`,
			"misspelt.html", `{{define "content"}}{{urll "home"}}{{end}}`,
			"builtin.html", `{{define "content"}}{{pritnf "%d" 1}}{{end}}`,
			"missing.html", "{{define \"content\"}}\n {{template \"anser\" .}}{{end}}",
			"partials/answer.html", "x",
			"context.html", `{{define "content"}}<a href={{if .}}"x{{end}}>{{end}}`,
			"layout.html", `{{/* layout: bse */}}`,
			"looping.html", `{{/* layout: loop */}}`,
			"outside.html", "text\n",
			"block.html", `{{define "contnet"}}x{{end}}`,
			"links.html", `{{define "title"}}{{url "nope" .ID 2}}{{end}}{{define "content"}}{{if url "nope"}}{{.ID | url "nope"}}{{url .Dynamic}}{{end}}{{end}}`,
		),
	})
	var calls []string
	err := s.Check(map[string]view.Checker{"url": func(c view.Call) error {
		calls = append(calls, fmt.Sprintf("%s literal=%v args=%d", c.Name, c.Literal, c.Args))
		if c.Name == "nope" {
			return errors.New("no route nope")
		}
		return nil
	}})
	if err == nil {
		t.Fatal("no fault found")
	}
	got := err.Error()
	for _, want := range []string{
		"templates/syntax.html:2: missing value for if",
		"templates/func.html:1: function \"nofunc\" not defined\n",
		`templates/misspelt.html:1: function "urll" not defined, did you mean "url"?`,
		`templates/builtin.html:1: function "pritnf" not defined, did you mean "printf"?`,
		`templates/missing.html:2:13: there is no template "anser", did you mean "answer"?`,
		"templates/context.html:1:",
		`templates/layout.html:1: there is no layout "bse": expected templates/layouts/bse.html, did you mean "base"?`,
		`templates/layouts/loop.html:1: layout "loop" is its own layout`,
		"templates/outside.html:1:1: this stands outside of a {{define}}",
		`templates/block.html:1:`, `nothing shows the block "contnet": the layout has "content", "foot", "title"`,
		"templates/links.html:1:21: no route nope",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "no route nope"); n != 3 {
		t.Errorf("%d bad links, want 3:\n%s", n, got)
	}
	if strings.Contains(got, "good.html") || ran {
		t.Errorf("ran=%v, errors:\n%s", ran, got)
	}
	want := "home literal=true args=0;nope literal=true args=0;nope literal=true args=1; literal=false args=0;nope literal=true args=2"
	if joined := strings.Join(calls, ";"); joined != want {
		t.Errorf("calls\n got %s\nwant %s", joined, want)
	}
	for _, fault := range err.(interface{ Unwrap() []error }).Unwrap() {
		if _, ok := fault.(*view.Error); !ok {
			t.Errorf("%T without a place: %v", fault, fault)
		}
	}
	// A page of which nothing is wrong renders although its neighbours are broken.
	render(t, s, "good.html", nil, nil)
	if err := s.Render(new(bytes.Buffer), "syntax.html", nil, nil); err == nil {
		t.Error("a broken page rendered")
	}
}

func TestPartialsMayNotShadowEachOther(t *testing.T) {
	s := view.New(view.Options{FS: files(
		"partials/a.html", `{{define "x"}}1{{end}}`,
		"partials/b.html", `{{define "x"}}2{{end}}`,
		"partials/c.html", "\n{{define \"c\"}}own{{end}}",
	)})
	err := s.Check(nil)
	if err == nil || !strings.Contains(err.Error(), `partial "x" is already defined at partials/a.html:1`) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), `"c"`) {
		t.Errorf("a partial file may define its own name: %v", err)
	}
}

func TestReloadReadsChangedFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, at time.Time) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Unix(1_700_000_000, 0)
	write("p.html", "{{/* layout: none */}}one", start)
	fixed := view.New(view.Options{FS: os.DirFS(dir)})
	live := view.New(view.Options{FS: os.DirFS(dir), Reload: true})
	if got := render(t, live, "p.html", nil, nil); got != "one" {
		t.Fatal(got)
	}
	write("p.html", "{{/* layout: none */}}two", start.Add(time.Second)) // same size
	if got := render(t, live, "p.html", nil, nil); got != "two" {
		t.Errorf("after the change: %q", got)
	}
	if got := render(t, fixed, "p.html", nil, nil); got != "one" {
		t.Errorf("without Reload: %q", got)
	}
	write("new.html", "{{/* layout: none */}}new", start)
	if !live.Has("new.html") || render(t, live, "new.html", nil, nil) != "new" {
		t.Error("the new page is not there")
	}
	write("p.html", "{{/* layout: none */}}{{if}}", start.Add(2*time.Second))
	if err := live.Render(new(bytes.Buffer), "p.html", nil, nil); err == nil {
		t.Error("the broken page rendered")
	}
	if got := render(t, live, "new.html", nil, nil); got != "new" {
		t.Error("a broken page took another one with it")
	}
}

func TestWithoutTemplates(t *testing.T) {
	for name, s := range map[string]*view.Set{
		"nil":               view.New(view.Options{}),
		"a missing folder":  view.New(view.Options{FS: os.DirFS(filepath.Join(t.TempDir(), "none"))}),
		"an empty one":      view.New(view.Options{FS: files()}),
		"nil, with reload ": view.New(view.Options{Reload: true}),
	} {
		if err := s.Check(nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Render(new(bytes.Buffer), "x.html", nil, nil); err == nil {
			t.Errorf("%s: rendered", name)
		}
	}
}

func TestBadScopedFunctionPanicsAtOnce(t *testing.T) {
	for _, fn := range []any{nil, "text", func() string { return "" }, func(...int) string { return "" }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was accepted", fn)
				}
			}()
			view.New(view.Options{Scoped: template.FuncMap{"f": fn}})
		}()
	}
}
