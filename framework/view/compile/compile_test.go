package compile_test

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/view/compile"
)

// pair is one template for both engines.
type pair struct {
	html    *template.Template
	program *compile.Program
}

func unscoped(funcs map[string]compile.Func, scope any) template.FuncMap {
	bound := template.FuncMap{}
	for name, f := range funcs {
		bound[name] = f.Fn
		if f.Scoped {
			bound[name] = bindScope(f.Fn, scope)
		}
	}
	return bound
}

// compiled parses source, whose defines are templates of their own, for both.
func compiled(t testing.TB, source string, funcs map[string]compile.Func) pair {
	t.Helper()
	root, err := template.New("root").Funcs(unscoped(funcs, theScope)).Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	escaped, err := root.Clone()
	if err != nil {
		t.Fatal(err)
	}
	if err := compile.Escape(escaped); err != nil {
		t.Fatal(err)
	}
	return pair{root, compile.New(escaped, funcs)}
}

// same renders data with both and compares the bytes. compiled says whether
// the program must have answered itself.
func (p pair) same(t testing.TB, data any, mustCompile bool) {
	t.Helper()
	var want bytes.Buffer
	wantErr := p.html.Execute(&want, data)
	for range 2 { // the second one finds its plans
		out, why := p.program.Render([]byte("before "), data, theScope)
		switch {
		case why == nil && wantErr != nil:
			t.Errorf("compiled: %q, html/template: error %v", out, wantErr)
		case why == nil && string(out) != "before "+want.String():
			t.Errorf("\ncompiled      %q\nhtml/template %q", out, "before "+want.String())
		case why != nil && string(out) != "before ":
			t.Errorf("a render that was given up returned %q", out)
		case why != nil && mustCompile && wantErr == nil:
			t.Errorf("given up at %s: %s\nwanted %q", why.At, why.Reason, want.String())
		}
	}
}

type user struct {
	Name  string
	Admin bool
	tags  []string
}

func (u user) Greet(how string) string     { return how + ", " + u.Name }
func (u *user) Tags() []string             { return u.tags }
func (u *user) Fail() (string, error)      { return "", errors.New("failed") }
func (u user) Plus(n int) int              { return len(u.Name) + n }
func (u user) Wide(a, b int, c ...any) any { return fmt.Sprint(a, b, c) }

type post struct {
	ID int64
	*user
	Title   string
	Body    template.HTML
	Created time.Time
	Any     any
	Map     map[string]any
	Counts  map[int]string
	Next    *post
	F       func(int, ...string) string
	Float   float32
	Bytes   []byte
	Level   level
	Err     error
}

type level int

func (l level) String() string { return [...]string{"low", "<high>"}[l] }

type scope struct{ prefix string }

var theScope = &scope{"/app"}

func testFuncs() map[string]compile.Func {
	return map[string]compile.Func{
		"url": {Fn: func(s *scope, name string, args ...any) (string, error) {
			return s.prefix + "/" + name + fmt.Sprint(args...), nil
		}, Scoped: true},
		"upper":  {Fn: strings.ToUpper},
		"list":   {Fn: func(v ...any) []any { return v }},
		"fail":   {Fn: func() (string, error) { return "", errors.New("no") }},
		"safe":   {Fn: func(s string) template.HTML { return template.HTML(s) }},
		"null":   {Fn: func() any { return nil }},
		"add":    {Fn: func(a, b int) int { return a + b }},
		"join":   {Fn: strings.Join},
		"boom":   {Fn: func() string { panic("boom") }},
		"prefix": {Fn: func(s *scope) string { return s.prefix }, Scoped: true},
		"texts":  {Fn: func(s *scope, v any, more ...string) (string, error) { return fmt.Sprint(v, more), nil }, Scoped: true},
	}
}

func somePost() *post {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("x+<", 3600))
	return &post{
		ID: 7000, user: &user{"<Kim>", true, []string{"a&b", "c"}}, Title: `Tom & "Jerry"`, Body: "<b>bold</b>", Created: at,
		Any: 5, Map: map[string]any{"k": "v<", "nil": nil, "list": []int{3, 1}, "m": map[string]string{"x": "<y>"}},
		Counts: map[int]string{3: "three", 1: "one", 2: "two"},
		Next:   &post{Title: "second", ID: 2, user: &user{Name: "Lee"}},
		F:      func(n int, s ...string) string { return fmt.Sprint(n, s) }, Float: 1.5, Bytes: []byte("by<tes"), Level: 1,
		Err: errors.New("<err>"),
	}
}

func TestSameAsHTMLTemplate(t *testing.T) {
	for _, source := range []string{
		`plain`, `{{.Title}}`, `{{.ID}} {{.Float}} {{.Bytes}} {{.Level}} {{.Err}} {{.Admin}}`, `{{.Body}} <a title="{{.Body}}">`,
		`{{.Name}} {{.Next.Name}} {{.Next.Next}}`, `{{.Greet "Hi"}} {{.Next.Greet .Title}} {{"x" | .Greet}}`,
		`{{range .Tags}}<i>{{.}}</i>{{else}}none{{end}}{{range .Next.Tags}}{{.}}{{else}}none{{end}}`,
		`{{range $i, $t := .Tags}}{{$i}}={{$t}} {{$.Title}}{{end}}`, `{{range $k, $v := .Counts}}{{$k}}={{$v}} {{end}}`,
		`{{range $k, $v := .Map}}{{$k}}={{$v}} {{end}}`, `{{range 3}}{{.}}{{end}}{{range $i := .Plus 1}}{{$i}},{{end}}`,
		`{{range .Tags}}{{if eq . "c"}}{{break}}{{end}}{{.}}{{end}}`, `{{range $i, $e := .Tags}}{{if not $i}}{{continue}}{{end}}{{.}}{{end}}`,
		`{{if .Admin}}yes{{else}}no{{end}}{{if and .Admin .Title}}both{{end}}{{if or .Next.Next .Next}}or{{end}}`,
		`{{with .Next}}{{.Title}}{{$.Title}}{{end}}{{with $x := .Map.k}}{{$x}}{{end}}{{with .Map.none}}x{{else with .Any}}{{.}}{{end}}`,
		`{{.Map.k}} {{.Map.nil}} {{.Map.none}} {{.Map.none.more}} {{.Map.m.x}} {{.Map.list}}`,
		`{{$x := 1}}{{if .Admin}}{{$x = 2}}{{$y := "in"}}{{$y}}{{end}}{{$x}}{{range .Tags}}{{$x = .}}{{end}}{{$x}}`,
		`{{define "row"}}[{{.Title}}{{with .Next}}{{template "row" .}}{{end}}]{{end}}{{template "row" .}}{{template "row" .Next}}`,
		`<title>{{block "t" .}}{{.Title}}{{end}}</title><p>{{template "t" .}}</p><script>var x = {{.Title}}; f("{{.Title}}", {{.ID}}, {{.Map}});</script>`,
		`<a href="/p/{{.ID}}?q={{.Title}}" style="width: {{.ID}}px" onclick="f({{.Title}})" {{.Name}}=x>{{.Created}}</a><a href="{{.Title}}" title={{.Title}}>`,
		`{{.Created.Format "2006-01-02T15:04:05Z07:00"}} {{.Created.Year}} {{.Created.Weekday}} {{(.Created.AddDate 0 0 1).Format "2006"}}`,
		`{{url "detail" .ID}} {{url "x"}} {{upper .Title}} {{.Title | upper | printf "%s-%d" "a" | html}}`,
		`{{eq .ID 7000}} {{eq .Any 5}} {{eq .Any 1 5}} {{ne .Title "x"}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 2.5}} {{ge "b" "a"}} {{eq .Next nil}} {{eq .Next.Next nil}}`,
		`{{len .Tags}} {{len .Title}} {{len .Map}} {{index .Tags 1}} {{index .Map "k"}} {{index .Counts 2}} {{slice .Title 1 3}} {{index .Map "list" 1}} {{index .Map "m" "x"}}`,
		`{{print .ID "a" "b" 1 2}} {{printf "%05d|%v|%q" .ID .Any .Title}} {{println "x"}} {{js .Title}} {{html .Title .ID}} {{urlquery .Title}} {{.Title | html}}`,
		`{{call .F 3}} {{call .F 3 "a" "b"}} {{(index .Tags 0) | upper}} {{(.Greet "x") | len}}`,
		`{{list 1 "a" .ID .Any nil | len}} {{range list 1 "a" .ID}}{{.}},{{end}} {{safe "<u>"}} {{null}} {{add 1 2 | add 3}} {{join .Tags "+"}}`,
		`{{.Wide 1 2 "c" .ID}} {{prefix}} {{texts .Created "a" (prefix)}} {{texts .ID}}`,
		`{{not .Admin}} {{not 0}} {{and 1 0 2}} {{or 0 "" "x"}} {{.Any | and .Admin}} {{true}} {{1.5}} {{'a'}} {{0x10}} {{1i}}`,
		`{{- /* comment */ -}} {{with .F}}f{{end}}{{if .Counts}}c{{end}} {{.Level.String}} {{.Err.Error}} {{print .Level .Err}}`,
		`<!-- {{.Title}} --> <textarea>{{.Title}}</textarea> <img srcset="{{.Title}}"> <style>p { color: {{.Title}} }</style>`,
	} {
		p := compiled(t, source, testFuncs())
		if left := p.program.Left(); left != nil {
			t.Errorf("%s\nleft: %v", source, left)
			continue
		}
		t.Run(source, func(t *testing.T) { p.same(t, somePost(), true); p.same(t, *somePost(), false) })
	}
}

func TestMapsAreSortedLikeHTMLTemplates(t *testing.T) {
	type part struct {
		A string
		B [2]int
	}
	x, y := new(int), new(int)
	c, d := make(chan int), make(chan int)
	p := compiled(t, `{{range $k, $v := .}}{{$v}} {{end}}`, nil)
	for _, data := range []any{
		map[any]int{1: 1, "b": 2, "a": 3, nil: 4, 2.5: 5, true: 6, -1: 7, part{"x", [2]int{1, 2}}: 8},
		map[part]int{{"b", [2]int{1, 2}}: 1, {"a", [2]int{2, 1}}: 2, {"a", [2]int{1, 5}}: 3, {"a", [2]int{1, 4}}: 4},
		map[complex128]int{2 + 1i: 1, 1 + 2i: 2, 1 + 1i: 3}, map[bool]int{true: 1, false: 2},
		map[float32]int{1.5: 1, -1: 2, 0: 3}, map[uint8]int{200: 1, 3: 2, 30: 3}, map[[2]string]int{{"b", "a"}: 1, {"a", "z"}: 2},
		map[*int]int{x: 1, y: 2, nil: 3}, map[chan int]int{c: 1, d: 2, nil: 3}, map[error]int{errors.New("a"): 1, nil: 2, errors.New("b"): 3},
	} {
		p.same(t, data, true)
	}
}
