package compile

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"

	"github.com/dram-go/dram/framework/view/escape"
)

// selfPage goes through what the compiler takes for granted: derived templates
// (the block in the title), contexts, scopes, calls of every way.
const selfPage = `{{define "row"}}<li{{with .Note}} title="{{.}}"{{end}}>{{.Name}}{{if gt .N 1}} × {{.N}}{{end}}{{end}}` +
	`<title>{{block "t" .}}{{.Title}}{{end}}</title>{{template "t" .}}` +
	`<a href="/x/{{.Title}}?q={{.Title}}" onclick="f({{.Title}})" style="width: {{len .Rows}}px">{{.Safe}}</a>` +
	`<ul>{{$all := .}}{{range $i, $r := .Rows}}{{if eq $i 3}}{{break}}{{end}}{{template "row" $r}}{{$i}}{{$all.Sum $i}}{{else}}none{{end}}</ul>` +
	`<script>let a = {{.Rows}}, b = "{{.Title}}", c = {{.Map.none}};</script>{{range $k, $v := .Map}}{{$k}}={{$v}};{{end}}` +
	`{{printf "%05d" 42}}{{.Title | upper | html}}{{join .Title 1 nil (and .Map.none 2)}}{{range 3}}{{.}}{{end}}{{.Rows | len}}`

type selfRow struct {
	Name string
	N    int64
	Note any
}

type selfData struct {
	Title string
	Safe  template.HTML
	Rows  []selfRow
	Map   map[string]any
}

func (d *selfData) Sum(n int) int { return n + len(d.Rows) }

// SelfTest compares the escapers and the compiler with html/template on a page
// that goes through every context, within a millisecond. An error means that
// this release of Go does something else than the one that this package was
// written for: nothing should be compiled then.
func SelfTest() error {
	if !layoutKnown() {
		return errors.New("compile: the layout of values is not known for this release of Go or this processor")
	}
	if err := escape.SelfTest(); err != nil {
		return err
	}
	upper := func(s string) string { return "<" + s + ">" }
	join := func(s string, rest ...any) (string, error) { return fmt.Sprint(s, rest), nil }
	page, err := template.New("self-test").Funcs(template.FuncMap{"upper": upper, "join": join}).Parse(selfPage)
	if err != nil {
		return fmt.Errorf("compile: self-test: %w", err)
	}
	if err := Escape(page); err != nil {
		return fmt.Errorf("compile: self-test: %w", err)
	}
	data := &selfData{
		Title: `A & "B" <c> '+`, Safe: "<b>x</b>", Map: map[string]any{"b": 2, "a": "<1>", "c": []int{1}},
		Rows: []selfRow{{"one <", 1, nil}, {"two", 2, "note"}, {"three", 3, "'"}, {"four", 4, 5}},
	}
	var want bytes.Buffer
	if err := page.Execute(&want, data); err != nil {
		return fmt.Errorf("compile: self-test: %w", err)
	}
	program := New(page, map[string]Func{"upper": {Fn: upper}, "join": {Fn: join}})
	got, why := program.Render(nil, data, nil)
	if why != nil {
		return fmt.Errorf("compile: self-test: given up: %s", why.Reason)
	}
	if !bytes.Equal(got, want.Bytes()) {
		return fmt.Errorf("compile: self-test: %q instead of html/template's %q", got, want.Bytes())
	}
	return nil
}
