package compile_test

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/view/compile"
)

// diary writes down every call of its methods and of the functions bound to it.
type diary struct {
	entries []string
	Kids    []*diary
	N       int
}

func (d *diary) note(format string, args ...any) {
	d.entries = append(d.entries, fmt.Sprintf(format, args...))
}

func (d *diary) Get(what string) string { d.note("get %s", what); return "<" + what + ">" }
func (d *diary) Next() int              { d.N++; d.note("next %d", d.N); return d.N }
func (d *diary) Yes() bool              { d.note("yes"); return true }
func (d *diary) No() bool               { d.note("no"); return false }
func (d *diary) Some() []string         { d.note("some"); return []string{"a", "b"} }
func (d *diary) Self() *diary           { d.note("self"); return d }
func (d *diary) Nil() *diary            { d.note("nil"); return nil }
func (d *diary) Map() map[string]any    { d.note("map"); return map[string]any{"k": d, "f": d.Next} }
func (d *diary) Fail() (string, error)  { d.note("fail"); return "", errMethod }
func (d *diary) Panic() string          { d.note("panic"); panic("diary") }
func (d *diary) Any(v any) any          { d.note("any %v", v != nil); return v }
func (d *diary) Stream() any            { return filled() } // what html/template has to do
func (d *diary) Plus(a, b int) int      { d.note("plus %d %d", a, b); return a + b }
func (d *diary) Fn() func(a, b any) string {
	d.note("fn")
	return func(a, b any) string { d.note("called %v %v", a, b); return "f" }
}
func (d *diary) String() string { d.note("string"); return "diary" }

// pure are functions that an app did not mark as impure.
func (d *diary) pure() functions {
	return functions{
		"tell":  {Fn: func(s string) string { d.note("tell %s", s); return s + "!" }},
		"tell2": {Fn: func(a, b any) string { d.note("tell2 %v %v", a, b); return "two" }},
		"tells": {Fn: func(v ...any) string { d.note("tells %v", v); return "many" }},
	}
}

func (d *diary) funcs() map[string]any {
	return map[string]any{
		"spend":  func(what string) string { d.note("spend %s", what); return what },
		"spendN": func() int { d.N++; d.note("spendN %d", d.N); return d.N },
		"spendE": func(what string) (string, error) {
			d.note("spendE %s", what)
			return what, errors.New("spent <" + what + ">")
		},
		"spendP":  func() string { d.note("spendP"); panic("spent") },
		"spendOK": func(what string) (string, error) { d.note("spendOK %s", what); return what, nil },
	}
}

// effectRows are pages whose methods and functions must be called as often as
// html/template calls them, and in its order.
func effectRows() []row {
	return []row{
		{text: `{{.Get "a"}}{{.Get "b"}}<p title="{{.Get "c"}}">{{.Next}}{{.Next}}`},
		{text: `{{if .Yes}}{{.Get "then"}}{{else}}{{.Get "else"}}{{end}}{{with .Self}}{{.Next}}{{end}}{{if .No}}{{.Next}}{{end}}`},
		{text: `{{and .No (.Get "x")}}{{or .Yes (.Get "y")}}{{and .Yes (.Get "z")}}{{or .No .No (.Get "w")}}{{and .Yes .No .Yes}}`},
		{text: `{{range .Some}}{{$.Next}}{{.}}{{end}}{{range $i, $s := .Some}}{{$.Get $s}}{{if $i}}{{break}}{{end}}{{$.Yes}}{{end}}`},
		{text: `{{.Self.Self.Next}}{{(.Self).Next}}{{$x := .Self}}{{$x.Next}}{{$x.N}}{{.N}}`},
		{text: `{{.Get (.Get (.Get "inner"))}}{{.Get "p" | .Any | printf "%v %v" .Next}}`},
		{text: `{{.Map.k.Next}}{{call .Map.f}}{{(index .Map "k").Next}}{{len .Some}}{{index .Some 0}}{{slice .Some 1}}`},
		{text: `{{.}}{{.Self}}{{print .}}{{printf "%s" .Self}}<script>x = {{.Self.N}}; y = "{{.}}"</script><a href="{{.}}">`},
		{text: `{{eq .Next 1}}{{eq .Next 5 2}}{{lt .Next .Next}}{{le .Next .Next}}{{gt .Next .Next}}{{ge .Next .Next}}{{ne .Next .Next}}{{not .Yes}}`},
		{text: `{{template "t" .Self}}{{define "t"}}{{.Next}}{{$.Next}}{{template "u" .Any 1}}{{end}}{{define "u"}}{{.}}{{end}}`},
		{text: `{{$a := .Next}}{{$a}}{{$a = .Next}}{{$a}}{{range $a = .Some}}{{$.Next}}{{end}}`},
		{text: `{{spend "a"}}{{spendN}}{{spendN}}{{spendOK "x"}}{{if spendN}}{{spend "b" | .Get}}{{end}}{{and false (spend "never")}}`},
		{text: `{{range .Some}}{{spend .}}{{spendN}}{{end}}{{template "t" .}}{{define "t"}}{{spendN}}{{end}}`},
		{text: `<script>x = {{spendN}}; y = "{{spend "s"}}"</script><p title="{{spend "t"}}">{{spendN}}</p><title>{{template "v"}}</title>{{define "v"}}{{spendN}}{{end}}`},
		{text: `{{printf "%d %d %s" spendN spendN (spend "x")}}{{add spendN spendN}}{{spendN | add spendN}}`},
		{text: `{{.Next | and 0}}{{.Next | or 1}}{{.Next | and 1}}{{.Next | and .Next .No .Next}}{{tell "a" | or (tell "b") (tell "c")}}{{spendN | and false}}`},
		{text: `{{.Get "x" | .Self.Get}}{{.Next | .Self.Plus 1}}{{.Next | .Self.Plus .Next}}{{.Self.Plus .Next .Next}}{{.Next | .Plus .N}}`},
		{text: `{{tell "a"}}{{"b" | tell | tell}}{{tell (tell (.Get "c"))}}{{.Get "d" | tell2 (tell "e")}}{{tell2 (tell "f") (tell "g")}}{{tell "h" | tell2 "i"}}`},
		{text: `{{(.Self).Plus (.Next) (.Next)}}{{$x := .}}{{.Next | $x.Self.Plus 2}}{{.Next | (.Self).Plus 2}}{{tells .Next .Next}}{{.Next | tells .Next}}`},
		{text: `{{spendN}}{{spend "a"}}{{spendN}}{{range .Stream}}{{.}}{{spendN}}{{end}}{{spendN}}{{spend "b"}}`},
		{text: `{{range .Some}}{{spendN}}{{range $.Stream}}{{spendN}}{{.}}{{end}}{{spendOK .}}{{end}}{{spendN}}`},
		{text: `{{index .Some (.Any 0)}}{{.Any 1 | index .Some}}{{slice .Some (.Any 0) (.Any 1)}}{{eq (tell "a") (tell "b") (tell "c")}}{{.Next | eq .Next}}{{.Next | printf "%d %d" .Next}}{{call .Map.f}}{{.Any "%v" | call .Fn (.Any 1)}}`},
	}
}

// lateErrors end the pages above after their effects.
var lateErrors = []string{``, `{{.Fail}}`, `{{.Panic}}`, `{{.Nil.N}}`, `{{.Nowhere}}`, `{{index .Some 9}}`, `{{fail "late"}}`, `{{explode}}`, `{{spendE "last"}}`, `{{spendP}}`, `{{if spendN}}{{range 2}}{{spendN}}{{if .}}{{$.Fail}}{{end}}{{end}}{{end}}`, `{{spend (spendE "arg")}}`}

// TestOracleEffects compares the diaries of both engines. Methods and pure
// functions are called as often as html/template calls them as long as the
// page has no error, and impure functions also when it has.
func TestOracleEffects(t *testing.T) {
	for _, r := range effectRows() {
		for _, late := range lateErrors {
			t.Run(r.text+late, func(t *testing.T) { sameEffects(t, r.text+late) })
		}
	}
}

func sameEffects(t *testing.T, text string) {
	expected := &diary{}
	funcs := oracleFuncs()
	for name, fn := range expected.funcs() {
		funcs[name] = compile.Func{Fn: fn}
	}
	maps.Copy(funcs, expected.pure())
	set, err := parseSet(text, funcs)
	if err != nil {
		t.Fatal(err)
	}
	want := reference(set, expected)

	got := &diary{}
	e, err := newEffects(text, got)
	if err != nil {
		t.Fatal(err)
	}
	answer, alone := e.own.render(got)
	if answer != want {
		t.Errorf("the engines differ\ntemplate      %q\nhtml/template %v\ncompiled      %v (by itself: %v)", text, want, answer, alone)
	}
	if want.err == "" && !alone && !strings.Contains(text, ".Stream") {
		t.Errorf("%q was not answered by the compiled page: %s", text, e.own.why())
	}
	mine, theirs := got.entries, expected.entries
	if !alone {
		// Methods are pure by agreement: only the impure functions are counted.
		mine, theirs = spent(mine), spent(theirs)
	}
	if !slices.Equal(mine, theirs) {
		t.Errorf("the calls differ\ntemplate      %q\nhtml/template %q\ncompiled      %q (by itself: %v)", text, theirs, mine, alone)
	}
}

// spent are the entries of impure functions.
func spent(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(e string) bool { return len(e) < 5 || e[:5] != "spend" })
}

// effects is a page with impure functions, as an app binds them: html/template,
// when its turn comes, gets the results of the calls that were made already.
type effects struct {
	own  *own
	html *template.Template
}

func newEffects(text string, d *diary) (*effects, error) {
	e := &effects{}
	funcs, replaying := oracleFuncs(), oracleFuncs()
	for name, fn := range d.funcs() {
		funcs[name] = compile.Func{Fn: fn, Impure: true}
		replaying[name] = compile.Func{Fn: e.replaying(name, fn)}
	}
	maps.Copy(funcs, d.pure())
	maps.Copy(replaying, d.pure())
	set, err := parseSet(text, funcs)
	if err != nil {
		return nil, err
	}
	if e.html, err = parseSet(text, replaying); err != nil {
		return nil, err
	}
	e.own = newOwn(set, funcs, func(data any) answer { return reference(e.html, data) })
	return e, nil
}

// replaying is fn, which gives again what it gave to the compiled page.
func (e *effects) replaying(name string, fn any) any {
	v := reflect.ValueOf(fn)
	t := v.Type()
	return reflect.MakeFunc(t, func(args []reflect.Value) []reflect.Value {
		result, err, ok := e.own.last.Replay(name, t.Out(0))
		if !ok {
			return v.Call(args)
		}
		if t.NumOut() == 1 {
			if err != nil {
				panic(err)
			}
			return []reflect.Value{result}
		}
		failure := reflect.Zero(t.Out(1))
		if err != nil {
			failure = reflect.ValueOf(&err).Elem()
		}
		return []reflect.Value{result, failure}
	}).Interface()
}
