package view_test

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/view"
)

// reader is the scope of the sets below. It writes down what impure functions
// were called for it.
type reader struct {
	name  string
	spent []string
}

func (r *reader) Name() string { return r.name }

type article struct {
	Title   string
	Body    template.HTML
	Tags    []string
	By      *reader
	At      time.Time
	Replies []*article
	Votes   map[string]int
	Extra   any
}

func (a article) Link() string             { return "/a/" + a.Title }
func (a *article) Count() int              { return len(a.Replies) }
func (a *article) Broken() (string, error) { return "", errors.New("broken <reply>") }

// forum is a directory with everything that derives templates: blocks in a
// title, in an attribute and in a script, partials in several contexts,
// partials that call themselves, nested layouts.
func forum() fs.FS {
	return files(
		"layouts/base.html", `<!doctype html><html lang="{{lang}}"><title>{{block "title" .}}Forum{{end}}</title><meta name="x" content="{{block "about" .}}all{{end}}"><script>var page = {{block "data" .}}null{{end}};</script>`+
			`<body class="{{block "class" .}}plain{{end}}">{{with flash}}<p>{{.}}</p>{{end}}{{block "content" .}}{{end}}<footer>{{block "foot" .}}{{whose "page"}}{{end}}</footer>`,
		"layouts/wide.html", "{{/* layout: base */}}\n"+`{{define "content"}}<main>{{block "main" .}}{{end}}</main>{{end}}`,
		"partials/tag.html", `<a href="/tag/{{.}}?t={{.}}" title="{{.}}">{{.}}</a>`,
		"partials/word.html", `{{.}}`,
		"partials/reply.html", `<li id="r{{len .Replies}}">{{template "word" .Title}} {{.Body}} <time>{{.At.Format "2006-01-02"}}</time>{{with .By}}{{.Name}}{{else}}nobody{{end}}{{if .Replies}}<ul>{{range .Replies}}{{template "reply" .}}{{end}}</ul>{{end}}</li>`,
		"list.html", `{{define "title"}}{{.Title}} & co{{end}}{{define "about"}}{{template "word" .Title}}{{end}}{{define "data"}}{"a": {{template "word" .Title}}, b: "{{template "word" .Title}}"}{{end}}{{define "class"}}{{if .Tags}}tagged {{len .Tags}}{{end}}{{end}}`+
			`{{define "content"}}<h1>{{.Title}}</h1>{{range $i, $t := .Tags}}{{if $i}}, {{end}}{{template "tag" $t}}{{else}}none{{end}}<ol>{{range .Replies}}{{template "reply" .}}{{end}}</ol>{{range $k, $v := .Votes}}{{$k}}={{$v}};{{end}}`+
			`{{.Extra}}{{number .Count}}{{truncate 3 .Title}}{{json .Tags}}{{default "x" .Title}}{{range seq 1 3}}{{.}}{{end}}{{(dict "k" .Title).k}}{{nl2br .Title}}<a href="{{.Link}}" onclick="f({{.Votes}})">{{whose .Title}}</a>{{end}}`,
		"wide.html", "{{/* layout: wide */}}\n"+`{{define "main"}}{{.Title}}{{whose "wide"}}{{spend "wide"}}{{end}}`,
		"late.html", `{{define "content"}}{{spend "one"}}{{range .Tags}}{{spend .}}{{end}}{{whose "late"}}{{.Broken}}{{end}}`,
		"nil.html", `{{define "content"}}{{spend "nil"}}{{.By.Name}}{{range .Replies}}{{spend .Title}}{{.By.Name}}{{end}}{{end}}`,
		"refused.html", `{{define "content"}}{{spend "a"}}{{if refuse .Title}}x{{end}}{{spend "b"}}{{end}}`,
		"panics.html", `{{define "content"}}{{spend "a"}}{{boom}}{{end}}`,
		"alone.html", "{{/* layout: none */}}\n"+`<p title='{{.Title}}'>{{.}}</p>{{spend "alone"}}`,
	)
}

func forumSet(uncompiled bool) *view.Set {
	return view.New(view.Options{
		FS: forum(), Prefix: "templates/", Uncompiled: uncompiled, Impure: []string{"spend", "flash", "refuse", "boom"},
		Funcs: template.FuncMap{"lang": func() string { return "ko" }},
		Scoped: template.FuncMap{
			"whose": func(r *reader, what string) string { return r.name + "'s " + what },
			"spend": func(r *reader, what string) string {
				r.spent = append(r.spent, what)
				return fmt.Sprint(len(r.spent), what)
			},
			"flash": func(r *reader) []string {
				r.spent = append(r.spent, "flash")
				return []string{"hello <" + r.name + ">"}
			},
			"refuse": func(r *reader, what string) (bool, error) {
				r.spent = append(r.spent, "refuse")
				return true, errors.New("refused " + what)
			},
			"boom": func(r *reader) string { r.spent = append(r.spent, "boom"); panic("boom of " + r.name) },
		},
	})
}

func articles() []any {
	by := &reader{name: "Kim <k>"}
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	leaf := &article{Title: "leaf </script>", Body: "<b>b</b>", By: by, At: at}
	full := &article{Title: `"Tom" & <Jerry>`, Body: "<i>i</i>", Tags: []string{"go", "a&b", ""}, By: by, At: at, Replies: []*article{leaf, {Title: "two", Replies: []*article{leaf}}}, Votes: map[string]int{"b": 1, "a": 2}, Extra: template.HTML("<hr>")}
	return []any{full, leaf, &article{}, *full, map[string]any{"Title": "map", "Tags": []any{1, "x"}, "Count": 3, "Link": "/m", "Replies": []article{*leaf}}, "text", nil}
}

// TestCompiledSetIsHTMLTemplate renders every page with every kind of data by
// a compiled set and by one that is not: same bytes, same errors, and the same
// calls of impure functions.
func TestCompiledSetIsHTMLTemplate(t *testing.T) {
	compiled, plain := forumSet(false), forumSet(true)
	for _, status := range compiled.Compiled() {
		if !status.Compiled {
			t.Errorf("%s is not compiled: %v", status.Page, status.Left)
		}
	}
	if text, _, err := answer(compiled, "list.html", articles()[0], "somebody"); err != "" || !strings.Contains(text, "somebody&#39;s page") {
		t.Errorf("the list is %q %s", text, err)
	}
	pages := compiled.Pages()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range len(pages) * 7 {
				page, data := pages[(i+g)%len(pages)], articles()[i%7]
				sameAnswer(t, compiled, plain, page, data, fmt.Sprint("reader <", g, ">"))
			}
		})
	}
	all.Wait()
}

func sameAnswer(t *testing.T, compiled, plain *view.Set, page string, data any, name string) {
	want, wantSpent, wantErr := answer(plain, page, data, name)
	got, gotSpent, gotErr := answer(compiled, page, data, name)
	if got != want || gotErr != wantErr {
		t.Errorf("%s with a %T\nhtml/template %q %s\ncompiled      %q %s", page, data, want, wantErr, got, gotErr)
	}
	if !slices.Equal(gotSpent, wantSpent) {
		t.Errorf("%s with a %T: impure functions were called for\nhtml/template %q\ncompiled      %q", page, data, wantSpent, gotSpent)
	}
}

func answer(s *view.Set, page string, data any, name string) (text string, spent []string, err string) {
	scope := &reader{name: name}
	b := bytes.NewBufferString("before ")
	if e := s.Render(b, page, data, scope); e != nil {
		err = e.Error()
	}
	if !strings.HasPrefix(b.String(), "before ") || err != "" && b.Len() != len("before ") {
		err += " (the buffer holds " + b.String() + ")"
	}
	return b.String(), scope.spent, err
}
