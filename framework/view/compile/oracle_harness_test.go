package compile_test

import (
	"fmt"
	"html/template"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/view/compile"
)

// verdict is what a row of a table says about the compiled program.
type verdict int

const (
	// answers: html/template answers without an error, and the program must
	// give the same bytes by itself.
	answers verdict = iota
	// fails: html/template ends in an error, which must be the error of the
	// compiled page too.
	fails
	// handsOver: html/template answers, and the program must leave the page to
	// it, because it holds something that must not run twice.
	handsOver
	// either: the bytes must be the same, whoever gives them.
	either
)

func (v verdict) String() string {
	return [...]string{"answers", "fails", "hands over", "either"}[v]
}

// row is one line of a table: a template, and what must become of it.
type row struct {
	text string
	want verdict
	data any // nil is newShop()
}

// none stands for nil as the data of a row.
type none struct{}

// fresh makes the data of a row anew for each engine, for what can be used once.
type fresh func() any

// values returns the data for the two engines: the same, so that addresses
// are printed alike, unless it is good for one use only.
func (r row) values() (any, any) {
	switch data := r.data.(type) {
	case nil:
		s := newShop()
		return s, s
	case none:
		return nil, nil
	case fresh:
		return data(), data()
	default:
		return data, data
	}
}

// answer is what one engine made of a page.
type answer struct {
	text  string
	err   string
	panic string
}

func (a answer) String() string {
	switch {
	case a.panic != "":
		return "panic: " + a.panic
	case a.err != "":
		return "error: " + a.err
	}
	return fmt.Sprintf("%q", a.text)
}

// answerOf runs render and keeps what came of it. What was written before an
// error does not count: a page is shown whole or not at all.
func answerOf(render func() (string, error)) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{panic: fmt.Sprint(p)}
		}
	}()
	text, err := render()
	if err != nil {
		return answer{err: err.Error()}
	}
	return answer{text: text}
}

// anew separates the files of a set: what comes later defines blocks anew.
const anew = "\x00"

// functions are those of a page, as the compiler wants them.
type functions map[string]compile.Func

// bound are the functions as html/template wants them.
func (f functions) bound() template.FuncMap { return f.boundTo(visit) }

func (f functions) boundTo(scope any) template.FuncMap {
	bound := template.FuncMap{}
	for name, fn := range f {
		bound[name] = fn.Fn
		if fn.Scoped {
			bound[name] = bindScope(fn.Fn, scope)
		}
	}
	return bound
}

// parseSet makes the set of one row, with the page under the name "page".
func parseSet(text string, funcs functions) (*template.Template, error) {
	set := template.New("page").Funcs(funcs.bound())
	for part := range strings.SplitSeq(text, anew) {
		if _, err := set.Parse(part); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// reference is html/template's own answer.
func reference(set *template.Template, data any) answer {
	return answerOf(func() (string, error) {
		var b strings.Builder
		err := set.Execute(&b, data)
		return b.String(), err
	})
}

// engines are one page in both engines.
type engines struct {
	set *template.Template
	own *own
}

// newEngines parses text for both engines. A page that does not parse is nothing
// to compare.
func newEngines(text string, funcs functions, options ...string) (*engines, error) {
	set, err := parseSet(text, funcs)
	if err != nil {
		return nil, err
	}
	other, err := parseSet(text, funcs)
	if err != nil {
		return nil, err
	}
	set.Option(options...)
	other.Option(options...)
	instead := func(data any) answer { return reference(set, data) }
	return &engines{set, newOwn(other, funcs, instead)}, nil
}

// check renders the row with both engines and fails t where they differ.
func (p *engines) check(t testing.TB, r row) {
	t.Helper()
	text, want := r.text, r.want
	first, second := r.values()
	reference := reference(p.set, first)
	got, alone := p.own.render(second)
	if got != reference {
		t.Errorf("the engines differ\ntemplate      %q\nhtml/template %v\ncompiled      %v (by itself: %v)", text, reference, got, alone)
		return
	}
	failed := reference.err != "" || reference.panic != ""
	switch {
	case p.own.program == nil && !failed:
		t.Errorf("%q: html/template escapes it, Escape does not", text)
	case want == either:
	case failed != (want == fails):
		t.Errorf("%q is marked %q, html/template gives %v", text, want, reference)
	case want == answers && !alone:
		t.Errorf("%q was not answered by the compiled page: %s", text, p.own.why())
	case want == handsOver && alone:
		t.Errorf("%q must be left to html/template", text)
	}
}

// both runs one row: with a program that meets the data first, again, after
// data of other types, and with a program that met other data before.
func both(t *testing.T, r row, funcs functions) {
	t.Helper()
	p, err := newEngines(r.text, funcs)
	if err != nil {
		t.Fatalf("%q does not parse: %v", r.text, err)
	}
	p.check(t, r)
	p.check(t, r)
	if r.data != nil {
		return
	}
	used, err := newEngines(r.text, funcs)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []any{*newShop(), &shop{}, none{}, map[string]any{"Title": 1, "List": "x"}} {
		used.check(t, row{r.text, either, other})
	}
	if strings.Contains(r.text, "range") && used.own.refused() {
		return // other data held something that is left to html/template for ever
	}
	used.check(t, r)
}

// bothAll runs a table.
func bothAll(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.text, func(t *testing.T) { both(t, r, oracleFuncs()) })
	}
}
