package compile_test

import (
	"bytes"
	"fmt"
	"html/template"
	"strconv"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/view/compile"
)

// The pages below are those of the sample app. What their functions return is
// made beforehand, so that the engines are measured and not the functions.

const boardLayout = `<!doctype html>
<html lang="{{locale}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{block "title" .}}{{t "title"}}{{end}}</title>
<link rel="stylesheet" href="{{static "css/pybo.css"}}">
<link rel="icon" href="{{static "img/pybo.svg"}}" type="image/svg+xml">
</head>
<body>
{{template "navbar" .}}
<main>
{{range flashes}}<p class="flash {{.Kind}}" role="status">{{.Text}}</p>
{{end}}{{block "content" .}}{{end}}
</main>
</body>
</html>
{{define "navbar"}}<header>
<nav>
<a class="brand" href="{{url "question.list"}}"><img src="{{static "img/pybo.svg"}}" alt="" width="28" height="28">Pybo</a>
<a class="button" href="{{url "question.create"}}">{{t "ask"}}</a>
</nav>
</header>{{end}}`

const listPage = `{{define "content"}}
<h1>{{t "title"}} <small>{{t "list.total" .Total}}</small></h1>
<table class="board">
<thead><tr><th scope="col">{{t "list.number"}}</th><th scope="col">{{t "list.subject"}}</th><th scope="col">{{t "list.created"}}</th></tr></thead>
<tbody>
{{$page := .}}{{range $i, $q := .Rows}}<tr>
<td>{{$page.Ordinal $i}}</td>
<td><a href="{{url "question.detail" .ID}}">{{.Subject}}</a>{{if .Answers}} <span class="count" title="{{t "list.answers" .Answers}}">{{.Answers}}</span>{{end}}</td>
<td><time datetime="{{.Created.Format "2006-01-02T15:04:05Z07:00"}}">{{date .Created (t "date.long")}}</time></td>
</tr>
{{else}}<tr><td colspan="3">{{t "list.empty"}}</td></tr>
{{end}}</tbody>
</table>
{{template "pager" .}}
{{end}}
{{define "pager"}}{{if gt .Last 1}}<nav class="pager" aria-label="{{t "list.pages"}}">
{{with .Previous}}<a rel="prev" href="{{query "page" .}}">{{t "list.previous"}}</a>{{end}}
{{$current := .Number}}{{range .Numbers 5}}{{if not .}}<span>…</span>{{else if eq . $current}}<strong aria-current="page">{{.}}</strong>{{else}}<a href="{{query "page" .}}">{{.}}</a>{{end}}
{{end}}{{with .Next}}<a rel="next" href="{{query "page" .}}">{{t "list.next"}}</a>{{end}}
</nav>{{end}}{{end}}`

const detailPage = `{{define "title"}}{{.Question.Subject}} · {{t "title"}}{{end}}
{{define "content"}}
<article class="card question">
<h1>{{.Question.Subject}}</h1>
<div class="text">{{.Question.Content}}</div>
<footer><time datetime="{{.Question.Created.Format "2006-01-02T15:04:05Z07:00"}}">{{date .Question.Created (t "date.long")}}</time></footer>
</article>
<section>
<h2>{{if .Answers}}{{t "answer.count" (len .Answers)}}{{else}}{{t "answer.none"}}{{end}}</h2>
{{range .Answers}}<article class="card" id="answer_{{.ID}}">
<div class="text">{{.Content}}</div>
<footer><time datetime="{{.Created.Format "2006-01-02T15:04:05Z07:00"}}">{{date .Created (t "date.long")}}</time></footer>
</article>
{{end}}</section>
<form method="post" action="{{url "answer.create" .Question.ID}}">
{{field .Form "content"}}
<button>{{t "answer.save"}}</button>
<a href="{{url "question.list"}}">{{t "back"}}</a>
</form>
{{end}}`

type question struct {
	ID      int64
	Subject string
	Content string
	Created time.Time
	Answers int
}

type pageOf[T any] struct {
	Rows                []T
	Total, Number, Last int
	numbers             []int
}

func (p pageOf[T]) Previous() int         { return p.Number - 1 }
func (p pageOf[T]) Next() int             { return p.Number + 1 }
func (p pageOf[T]) Numbers(int) []int     { return p.numbers }
func (p pageOf[T]) Offset() int           { return (p.Number - 1) * 10 }
func (p boardPage) Ordinal(index int) int { return p.Total - p.Offset() - index }

type boardPage struct{ pageOf[question] }

type boardAnswer struct {
	ID      int64
	Content string
	Created time.Time
}

type formView interface {
	Field(name string) template.HTML
}

type answerForm struct{ markup template.HTML }

func (f *answerForm) Field(string) template.HTML { return f.markup }

type boardDetail struct {
	Question question
	Answers  []boardAnswer
	Form     *answerForm
}

type flash struct{ Kind, Text string }

// board is the scope: what the framework's *Context is.
type board struct {
	texts  map[string]string
	paths  [64]string
	pages  [64]string
	stamps [64]string
}

func newBoard() *board {
	b := &board{texts: map[string]string{
		"title": "Pybo", "ask": "Ask a question", "list.number": "No.", "list.subject": "Subject", "list.created": "Created",
		"list.total": "300 questions", "list.answers": "3 answers", "list.pages": "Pages", "list.previous": "Previous",
		"list.next": "Next", "date.long": "2 Jan 2006, 15:04", "answer.count": "5 answers", "answer.save": "Save", "back": "Back",
	}}
	for i := range b.paths {
		b.paths[i] = fmt.Sprintf("/question/detail/%d/", 1000+i)
		b.pages[i] = fmt.Sprintf("?page=%d", i)
		b.stamps[i] = fmt.Sprintf("3 Feb 2026, 04:%02d", i)
	}
	return b
}

func (b *board) locale() string                   { return "en" }
func (b *board) t(key string, args ...any) string { return b.texts[key] }
func (b *board) static(name string) (string, error) {
	if name == "css/pybo.css" {
		return "/static/css/pybo.0123456789.css", nil
	}
	return "/static/img/pybo.0123456789.svg", nil
}

func (b *board) url(target any, args ...any) (string, error) {
	switch target {
	case "question.list":
		return "/question/list/", nil
	case "question.create":
		return "/question/create/", nil
	}
	return b.paths[args[0].(int64)%64], nil
}

func (b *board) query(pairs ...any) (string, error) { return b.pages[pairs[1].(int)%64], nil }
func (b *board) flashes() []flash                   { return nil }

func (b *board) date(at any, layout ...string) (string, error) {
	return b.stamps[at.(time.Time).Minute()%64], nil
}

func fieldOf(v formView, name string) (template.HTML, error) { return v.Field(name), nil }

func boardFuncs() map[string]compile.Func {
	return map[string]compile.Func{
		"locale":  {Fn: (*board).locale, Scoped: true},
		"t":       {Fn: (*board).t, Scoped: true},
		"static":  {Fn: (*board).static, Scoped: true},
		"url":     {Fn: (*board).url, Scoped: true},
		"query":   {Fn: (*board).query, Scoped: true},
		"flashes": {Fn: (*board).flashes, Scoped: true},
		"date":    {Fn: (*board).date, Scoped: true},
		"field":   {Fn: fieldOf},
	}
}

func boardData() (list boardPage, detail boardDetail) {
	at := time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)
	list.Total, list.Number, list.Last, list.numbers = 300, 2, 30, []int{1, 2, 3, 4, 5, 0, 30}
	for i := range 10 {
		list.Rows = append(list.Rows, question{
			ID: int64(1000 + i), Subject: "How do I escape <b> & \"quotes\" in a template? " + strconv.Itoa(i),
			Created: at.Add(time.Duration(i) * time.Minute), Answers: i % 3,
		})
	}
	detail.Question = question{ID: 1007, Subject: "How do I escape <b>?", Created: at, Content: text(12)}
	for i := range 5 {
		detail.Answers = append(detail.Answers, boardAnswer{int64(2000 + i), text(5), at.Add(time.Duration(i) * time.Hour)})
	}
	detail.Form = &answerForm{`<label for="content">Content</label><textarea id="content" name="content" required></textarea>`}
	return list, detail
}

func text(sentences int) string {
	var b bytes.Buffer
	for i := range sentences {
		fmt.Fprintf(&b, "Sentence %d says that a < b, and that nobody's template should care.\n", i)
	}
	return b.String()
}

func BenchmarkList(b *testing.B) {
	list, _ := boardData()
	benchmark(b, listPage, list, func(dst []byte, s *board) []byte { return appendList(dst, s, &list) })
}

func BenchmarkDetail(b *testing.B) {
	_, detail := boardData()
	benchmark(b, detailPage, detail, func(dst []byte, s *board) []byte { return appendDetail(dst, s, &detail) })
}

func benchmark(b *testing.B, source string, data any, handwritten func([]byte, *board) []byte) {
	scope, funcs := newBoard(), boardFuncs()
	bound := template.FuncMap{}
	for name, f := range funcs {
		bound[name] = f.Fn
		if f.Scoped {
			bound[name] = bindScope(f.Fn, scope)
		}
	}
	root := template.Must(template.Must(template.New("root").Funcs(bound).Parse(boardLayout)).Parse(source))
	escaped := template.Must(root.Clone())
	if err := compile.Escape(escaped); err != nil {
		b.Fatal(err)
	}
	program := compile.New(escaped, funcs)
	var want bytes.Buffer
	if err := root.Execute(&want, data); err != nil {
		b.Fatal(err)
	}
	same := func(b *testing.B, got []byte) {
		if !bytes.Equal(got, want.Bytes()) {
			b.Fatalf("got  %s\nwant %s", got, &want)
		}
	}
	b.Run("htmltemplate", func(b *testing.B) {
		b.ReportAllocs()
		var buf bytes.Buffer
		for b.Loop() {
			buf.Reset()
			if err := root.Execute(&buf, data); err != nil {
				b.Fatal(err)
			}
		}
		same(b, buf.Bytes())
	})
	b.Run("compiled", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			out, why := program.Render(buf[:0], data, scope)
			if why != nil {
				b.Fatal(why)
			}
			buf = out
		}
		same(b, buf)
	})
	b.Run("handwritten", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = handwritten(buf[:0], scope)
		}
		same(b, buf)
	})
}
