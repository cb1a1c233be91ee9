package lint_test

import (
	"bytes"
	"html/template"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dram-go/dram/cmd/dram/lint"
	"github.com/dram-go/dram/cmd/dram/lint/testdata/typed"
	"github.com/dram-go/dram/framework/session"
	"github.com/dram-go/dram/framework/view"
)

// fine are templates that html/template executes, and that are not judged.
var fine = []string{
	// Fields, promoted fields and methods.
	`{{.Title}} {{.Total}} {{.Locale}} {{.Base.Locale}} {{.Keywords}} {{.Meta.Keywords}} {{.Count}} {{.Greeting "x"}} {{.Greeting .Title}}`,
	`{{.First.Name}} {{.First.Next.Name}} {{.Last.Name}} {{.Last.Touch}} {{.Last.Label}} {{.Deep.Name}} {{.Deep.Touch}} {{.First.Label}}`,
	`{{.At.Format "2006"}} {{.At.Year}} {{.At.UTC.Year}} {{(.At.AddDate 0 0 1).Year}} {{.HTML}} {{len .Title}}`,
	`{{.First.Add 1 2}} {{.First.Join "a"}} {{.First.Join "a" "b" "c"}} {{"x" | .First.Join}} {{2 | .First.Add 1}} {{"b" | .First.Join "a"}}`,
	`{{.First.Sub.Sub.Name}} {{(.First.Sub).Next.Touch}} {{.First.Next.Touch}}`,
	// Ranges.
	`{{range .Rows}}{{.Name}}{{.Touch}}{{.Next.Name}}{{else}}{{.Title}}{{end}}`,
	`{{range $i, $r := .Rows}}{{$i}}{{$r.Name}}{{.Name}}{{$.Title}}{{end}}{{range $r := .Ptrs}}{{$r.Touch}}{{end}}`,
	`{{range .Matrix}}{{range .}}{{.Name}}{{.Touch}}{{end}}{{end}}{{range .Array}}{{.Name}}{{end}}{{range .ByName}}{{.Name}}{{end}}`,
	`{{range $k, $v := .ByID}}{{$k}}{{$v.Name}}{{end}}{{range .Total}}{{.}}{{end}}{{range $n := 3}}{{$n}}{{end}}{{range .Map}}{{.Name}}{{end}}`,
	`{{range .Seq}}{{.Name}}{{end}}{{range $k, $v := .Seq2}}{{$v.Name}}{{end}}{{range .Channel}}{{.Name}}{{end}}{{range .Keywords}}{{.}}{{end}}`,
	`{{range .Rows}}{{if .Name}}{{break}}{{else}}{{continue}}{{end}}{{end}}{{range seq 1 3}}{{.}}{{end}}{{range flashes}}{{.Kind}}{{end}}`,
	`{{range $i, $r := .Rows}}{{else}}{{$.Title}}{{end}}`,
	// with, if, variables.
	`{{with .First}}{{.Name}}{{else}}{{.Title}}{{end}}{{with $r := .Last}}{{$r.Name}}{{.ID}}{{end}}{{with .OK}}{{else with .First}}{{.Name}}{{end}}`,
	`{{$x := .First}}{{$x.Name}}{{$y := $x.Next}}{{$y.Touch}}{{if $z := .Last}}{{$z.Name}}{{else}}{{$z}}{{end}}`,
	`{{$x := .First}}{{$x = .Title}}{{$x = .First}}{{$x.Name}}{{$any := .Any}}{{$any.Name}}`,
	`{{$x := 1}}{{range .Rows}}{{$x = .}}{{end}}{{$x.Name}}`,
	`{{with .Rows}}{{range .}}{{$.Title}}{{end}}{{end}}{{with $.First}}{{$.First.Name}}{{end}}`,
	// What holds nobody knows what.
	`{{.Any.Name}} {{.Map.row.Name}} {{.Map.nothing}} {{.Map.nothing.deeper}} {{.Shape}} {{.Shape.Seconds}} {{.ByName.one.Name}} {{.ByName.other}}`,
	`{{.Kinds.Size}} {{.Kinds.a.Name}} {{index .Kinds "a"}} {{(dict "a" 1).a}} {{(index .Map "row").Name}}`,
	// Functions.
	`{{(index .Rows 0).Name}} {{(index .Matrix 0 1).Touch}} {{(index .ByName "one").Name}} {{(index .ByID 1).Name}} {{(index .Array 1).Name}} {{index .Title 0}}`,
	`{{(slice .Rows 0 1)}} {{range slice .Rows 1}}{{.Name}}{{end}} {{slice .Title 1}} {{(call .Func "x").Name}} {{(call .None).Name}}`,
	`{{(or .First .First).Name}} {{(and .OK .First)}} {{(or .Last .First).Name}} {{printf "%s" .Title | len}} {{not .OK}} {{eq .Total 2}}`,
	`{{shout "x"}} {{row.Name}} {{(row).Next}} {{with row}}{{.Name}}{{end}} {{twice.Anything}} {{(default .Any .First).Name}} {{truncate 3 .Title}} {{add 1 2}}`,
	`{{t "key" 1 2}} {{url "route" .Total}} {{user.Name}} {{safe "x"}} {{.Title | printf "%q %s" "x"}} {{html .Title}} {{json .Rows}}`,
	`{{range .Rows}}{{(or . $.First).Touch}}{{(.).Touch}}{{end}}{{range $p := .Ptrs}}{{(and $p.Next $p.Next).Touch}}{{end}}`,
	// Other templates.
	`{{define "row"}}{{.Name}}{{$.Name}}{{end}}{{range .Rows}}{{template "row" .}}{{end}}{{template "row" .First}}{{template "row" .Last}}`,
	`{{define "deep"}}{{if .Next}}{{.Name}}{{template "deep" .Next}}{{end}}{{end}}{{template "deep" .First}}`,
	`{{block "part" .First}}{{.Name}}{{end}}{{define "none"}}none{{end}}{{template "none"}}{{define "d"}}{{.k.Name}}{{end}}{{template "d" dict "k" .Any}}`,
	`{{/* a comment */}}{{- .Title -}}{{if and .OK .Title (gt .Total 1)}}x{{else if .Price}}y{{end}}{{print nil}}`,
}

// faulty are templates that html/template does not execute, with what is said
// of them, and where when it matters.
var faulty = []struct{ text, want string }{
	{`{{.Titel}}`, `1:3: .Titel: typed.Page has no field or method Titel, did you mean "Title"?`},
	{"\n한글 {{if .Title}}{{.First.Nmae}}{{end}}", `2:29: .Nmae: typed.Row has no field or method Nmae, did you mean "Name"?`},
	{`{{.First.Next.Nxt.Name}}`, `1:14: .Nxt: typed.Row has no field`},
	{`{{$x := .First}}{{$x.Next.Foo}}`, `1:26: .Foo: typed.Row has no`},
	{`{{(index .Rows 0).Foo}}`, `1:18: .Foo: typed.Row has no`},
	{`{{.secret}}`, `.secret: typed.Page.secret is not exported`},
	{`{{.title}}`, `.title: typed.Page has no field or method title, did you mean "Title"?`},
	{`{{.Title.Foo}}`, `.Foo: string has no field or method Foo`},
	{`{{.Rows.Name}}`, `.Name: []typed.Row has no`},
	{`{{.First.Touch}}`, `.Touch: method Touch belongs to *typed.Row, and here is no pointer`},
	{`{{with .First}}{{.Touch}}{{end}}`, `method Touch belongs to *typed.Row`},
	{`{{range .Array}}{{.Touch}}{{end}}`, `method Touch belongs to *typed.Row`},
	{`{{range .ByName}}{{.Touch}}{{end}}`, `method Touch belongs to *typed.Row`},
	{`{{row.Touch}}`, `method Touch belongs to *typed.Row`},
	{`{{.First.Sub.Touch}}`, `method Touch belongs to *typed.Row`},
	{`{{.ByID.one}}`, `.one: map[int]typed.Row has no`},
	{`{{.ByName.one.Foo}}`, `.Foo: typed.Row has no`},
	{`{{.Kinds.Size.Foo}}`, `.Foo: int has no`},
	{`{{.First.Add 1}}`, `.Add: Add takes 2 arguments, not 1`},
	{`{{1 | .First.Add 1 2}}`, `.Add: Add takes 2 arguments, not 3`},
	{`{{.First.Join}}`, `.Join: Join takes at least 1 argument, not 0`},
	{`{{.Greeting}}`, `.Greeting: Greeting takes 1 argument, not 0`},
	{`{{.First.Label "x"}}`, `.Label: Label takes 0 arguments, not 1`},
	{`{{.Title "x"}}`, `.Title: typed.Page.Title is a field and takes no arguments`},
	{`{{.Func "x"}}`, `is a field and takes no arguments`},
	{`{{.ByName.one "x"}}`, `takes no arguments`},
	{`{{.First.Void}}`, `.Void: Void returns nothing`},
	{`{{.First.Pair}}`, `.Pair: Pair returns (int, int)`},
	{`{{range .First}}{{end}}`, `range cannot go over typed.Row`},
	{`{{range .OK}}{{end}}`, `range cannot go over bool`},
	{`{{range .Rows}}{{.Title}}{{end}}`, `.Title: typed.Row has no`},
	{`{{range $i, $r := .Rows}}{{$i.Foo}}{{end}}`, `.Foo: int has no`},
	{`{{range $r := .Ptrs}}{{$r.Foo}}{{end}}`, `.Foo: typed.Row has no`},
	{`{{range .Rows}}{{$.Name}}{{end}}`, `.Name: typed.Page has no`},
	{`{{range .Total}}{{.Foo}}{{end}}`, `.Foo: int has no`},
	{`{{range flashes}}{{.Knid}}{{end}}`, `.Knid: session.Flash has no field or method Knid, did you mean "Kind"?`},
	{`{{with .OK}}x{{else}}{{.Foo}}{{end}}`, `.Foo: typed.Page has no`},
	{`{{if .Foo}}{{end}}`, `1:6: .Foo: typed.Page has no`},
	{`{{printf "%s" .Foo | len}}`, `.Foo: typed.Page has no`},
	{`{{row.Foo}}`, `.Foo: typed.Row has no`},
	{`{{(call .Func "x").Foo}}`, `.Foo: typed.Row has no`},
	{`{{(or .First .First).Foo}}`, `.Foo: typed.Row has no`},
	{`{{(slice .Title 1).Foo}}`, `.Foo: string has no`},
	{`{{(len .Rows).Foo}}`, `.Foo: int has no`},
	{`{{shout}}`, `1:3: shout takes 1 argument, not 0`},
	{`{{truncate .Title}}`, `truncate takes 2 arguments, not 1`},
	{`{{(.At.AddDate 0 0 1).Yaer}}`, `.Yaer: time.Time has no field or method Yaer, did you mean "Year"?`},
	{`{{define "row"}}{{.Foo}}{{end}}{{template "row" .First}}`, `1:19: .Foo: typed.Row has no`},
	{`{{define "row"}}{{$.Foo}}{{end}}{{range .Rows}}{{template "row" .}}{{end}}`, `.Foo: typed.Row has no`},
	{`{{block "part" .First}}{{.Foo}}{{end}}`, `.Foo: typed.Row has no`},
}

func typedApp(t *testing.T) *lint.Program {
	t.Helper()
	p, err := lint.Load(t.Context(), "testdata/typed")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pagesOf returns a template directory in which text is the page.
func pagesOf(text string) fstest.MapFS {
	return fstest.MapFS{
		"page.html":         {Data: []byte("{{define \"content\"}}" + strings.TrimPrefix(text, " ") + "{{end}}")},
		"layouts/base.html": {Data: []byte(`<title>{{block "title" .}}{{.Title}}{{end}}</title>{{block "content" .}}{{end}}`)},
	}
}

// lone returns a directory with a page that is the whole document.
func lone(text string) fstest.MapFS {
	return fstest.MapFS{"page.html": {Data: []byte(text)}, "layouts/base.html": {Data: []byte("")}}
}

// execute runs the page as an app would.
func execute(dir fstest.MapFS) error {
	set := view.New(view.Options{FS: dir, Prefix: "templates/", Funcs: template.FuncMap{
		"shout":   func(s string) string { return s },
		"row":     func() (typed.Row, error) { return typed.Data().First, nil },
		"twice":   func() any { return map[string]int{} },
		"t":       func(key string, args ...any) string { return key },
		"url":     func(target any, args ...any) (string, error) { return "", nil },
		"user":    func() (any, error) { return typed.Data().First, nil },
		"flashes": func() []session.Flash { return []session.Flash{{Kind: "a"}} },
	}})
	return set.Render(new(bytes.Buffer), "page.html", typed.Data(), nil)
}

func TestFinePages(t *testing.T) {
	t.Parallel()
	p := typedApp(t)
	for _, text := range fine {
		dir := lone("{{/* layout: none */}}" + text)
		if err := execute(dir); err != nil {
			t.Errorf("%s: is not executed: %v", text, err)
		}
		faults, err := p.CheckPagesIn(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%s: %s", text, f)
		}
	}
}

func TestFaultyPages(t *testing.T) {
	t.Parallel()
	p := typedApp(t)
	for _, test := range faulty {
		// A first line of its own, so that places are those of the text.
		const head = "{{/* layout: none */}}\n"
		dir := lone(head + test.text)
		if err := execute(dir); err == nil {
			t.Errorf("%s: is executed without an error", test.text)
		}
		faults, err := p.CheckPagesIn(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(faults) != 1 {
			t.Errorf("%s: %d faults: %v", test.text, len(faults), faults)
			continue
		}
		f := faults[0]
		f.File, f.Line = "", f.Line-1
		place := ":" + strings.TrimPrefix(lint.Fault{File: "x", Line: f.Line, Column: f.Column}.String(), "x:")
		if said := place + f.Text; !strings.Contains(said, test.want) {
			t.Errorf("%s: says %q, want %q", test.text, said, test.want)
		}
		if len(f.From) != 1 || !strings.HasSuffix(f.From[0].File, "typed.go") || f.From[0].Text != "c.Render gives typed.Page" {
			t.Errorf("%s: comes from %v", test.text, f.From)
		}
	}
}

// TestPagesThroughLayouts: layouts are judged too, and every fault at once.
func TestPagesThroughLayouts(t *testing.T) {
	t.Parallel()
	p := typedApp(t)
	dir := pagesOf(`{{.Foo}}{{range .Rows}}{{template "row" .}}{{end}}`)
	dir["layouts/base.html"] = &fstest.MapFile{Data: []byte(`{{.Bar}}{{block "content" .}}{{end}}`)}
	dir["partials/row.html"] = &fstest.MapFile{Data: []byte("\t{{.Name}}{{.Baz}}\r\n")}
	dir["pointer.html"] = &fstest.MapFile{Data: []byte(`{{define "content"}}{{.First.Touch}}{{.Foo}}{{end}}`)}
	dir["nil.html"] = &fstest.MapFile{Data: []byte(`{{define "content"}}{{.Foo}}{{end}}`)}
	dir["map.html"] = &fstest.MapFile{Data: []byte(`{{define "content"}}{{.Foo.Bar}}{{end}}`)}
	faults, err := p.CheckPagesIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range faults {
		got = append(got, filepath.Base(f.File)+" "+f.Text)
	}
	want := "base.html .Bar: typed.Page has no field or method Bar|page.html .Foo: typed.Page has no field or method Foo|" +
		"row.html .Baz: typed.Row has no field or method Baz|pointer.html .Foo: typed.Page has no field or method Foo"
	if strings.Join(got, "|") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.ReplaceAll(want, "|", "\n"))
	}
	if from := faults[0].From; len(from) != 2 || from[1].Text != "c.Render gives *typed.Page" {
		t.Errorf("the layout's fault comes from %v", from)
	}
	row := faults[2]
	if want := "    1 | \t{{.Name}}{{.Baz}}\n      | \t           ^"; row.Frame() != want {
		t.Errorf("frame\n%s\nwant\n%s", row.Frame(), want)
	}
}

// TestTwoHomes: whose page a handler means cannot be told.
func TestTwoHomes(t *testing.T) {
	t.Parallel()
	p := typedApp(t)
	faulty := lone(`{{/* layout: none */}}{{.Foo}}`)
	for want, dirs := range map[int][]fs.FS{1: {faulty, fstest.MapFS{}}, 0: {faulty, faulty}} {
		if faults, err := p.CheckPagesIn(dirs...); err != nil || len(faults) != want {
			t.Errorf("%d faults, want %d (error %v)", len(faults), want, err)
		}
	}
}

// TestErrorPages: Dram itself gives the data of these.
func TestErrorPages(t *testing.T) {
	t.Parallel()
	p := typedApp(t)
	page := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{{/* layout: none */}}` + text)}
	}
	faults, err := p.CheckPagesIn(fstest.MapFS{
		"errors/404.html":       page(`{{.Status}}{{.Title}}{{.Message}}{{.ID}}`),
		"errors/error.html":     page(`{{.Mesage}}`),
		"admin/errors/500.html": page(`{{.Mesage}}`),
		"errors/other.html":     page(`{{.Mesage}}`),
		"other/404.html":        page(`{{.Mesage}}`),
	})
	if err != nil || len(faults) != 2 {
		t.Fatalf("faults %v, error %v", faults, err)
	}
	for i, file := range []string{"admin/errors/500.html", "errors/error.html"} {
		f := faults[i]
		if !strings.HasSuffix(f.File, file) || f.Text != `.Mesage: dram.ErrorPage has no field or method Mesage, did you mean "Message"?` {
			t.Errorf("%s: %s", file, f)
		}
		if len(f.From) != 1 || f.From[0].String() != "Dram shows errors with dram.ErrorPage" {
			t.Errorf("%s comes from %v", file, f.From)
		}
	}
}

// TestOurFunctions: what is said of Dram's functions is what they are.
func TestOurFunctions(t *testing.T) {
	t.Parallel()
	p := typedApp(t)
	for name := range view.Funcs() {
		if got := p.FuncSignature(name); got == "" {
			t.Errorf("nothing is known of the function %s", name)
		}
	}
}
