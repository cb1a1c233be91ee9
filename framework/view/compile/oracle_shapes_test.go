package compile_test

import (
	"fmt"
	"html/template"
	"runtime"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/view/compile"
)

// shapeFuncs are functions of many shapes of parameters and results. They run the
// garbage collector, so that what they were given, and what they give, must be
// alive by itself.
func shapeFuncs() map[string]any {
	calls := 0
	gc := func(v ...any) string {
		if calls++; calls%40 == 0 {
			runtime.GC()
		}
		return fmt.Sprintln(v...)
	}
	return map[string]any{
		"f_":   func() string { return gc() },
		"f_e":  func() (string, error) { return gc(), nil },
		"fi":   func(a int) string { return gc(a) },
		"fs":   func(a string) string { return gc(a) },
		"fa":   func(a any) string { return gc(a) },
		"fl":   func(a int64) string { return gc(a) },
		"fb":   func(a bool) string { return gc(a) },
		"ff":   func(a float64) string { return gc(a) },
		"ft":   func(a template.HTML) string { return gc(a) },
		"fk":   func(a kind) string { return gc(a) },
		"fse":  func(a string) (string, error) { return gc(a), nil },
		"fss":  func(a, b string) string { return gc(a, b) },
		"fsse": func(a, b string) (string, error) { return gc(a, b), nil },
		"fis":  func(a int, b string) string { return gc(a, b) },
		"fsi":  func(a string, b int) string { return gc(a, b) },
		"fas":  func(a any, b string) string { return gc(a, b) },
		"faa":  func(a, b any) string { return gc(a, b) },
		"faae": func(a, b any) (string, error) { return gc(a, b), nil },
		"fsA":  func(a string, b ...any) string { return gc(a, len(b), b, b == nil) },
		"faA":  func(a any, b ...any) string { return gc(a, len(b), b, b == nil) },
		"faS":  func(a any, b ...string) string { return gc(a, len(b), b, b == nil) },
		"fA":   func(a ...any) string { return gc(len(a), a, a == nil) },
		"fAe":  func(a ...any) (string, error) { return gc(len(a), a, a == nil), nil },
		"fS":   func(a ...string) string { return gc(len(a), a, a == nil) },
		"fI":   func(a ...int) string { return gc(len(a), a, a == nil) },
		"fiii": func(a, b, c int) int { return a*100 + b*10 + c },
		"toK":  func(a string) kind { return kind(strings.Clone(a)) },
		"toH":  func(a string) template.HTML { return template.HTML("<b>" + a) },
		"toHe": func(a string) (template.HTML, error) { return template.HTML("<b>" + a), nil },
		"toI":  func(a any) int { return len(gc(a)) },
		"toIe": func(a string) (int, error) { return len(a), nil },
		"toN":  func(a int) grade { return grade(a) },
		"toB":  func(a string) bool { return a != "" },
		"toBe": func(a any) (bool, error) { return a != nil, nil },
		"toA":  func(a string) any { return gc(a) },
		"toAn": func(a string) any { return nil },
		"toAe": func(a any) (any, error) { return a, nil },
		"toF":  func(a int) float64 { return float64(a) / 4 },
		"toL":  func(a string) []string { return strings.Split(gc(a), "e") },
		"toLn": func(a string) []string { return nil },
		"toL0": func() []leaf { return []leaf{} },
		"toLl": func(a string) []leaf { return []leaf{{Name: gc(a)}, {Name: "2"}} },
		"toLe": func(a int) ([]int, error) { return make([]int, a), nil },
		"toLa": func(a any) []any { return []any{a, gc(a)} },
		"toM":  func(a string) map[string]int { return map[string]int{gc(a): 1} },
		"toP":  func(a string) *leaf { return &leaf{Name: gc(a)} },
		"toS":  func(a string) leaf { return leaf{Name: gc(a), Tags: []string{gc(a)}} },
		"toE":  func(a string) error { return fmt.Errorf("%s", gc(a)) },
		"toEn": func() error { return nil },
		"toC":  func(a string) fmt.Stringer { return grade(len(a)) },
	}
}

// TestOracleKept calls a function that keeps its arguments, changes the list
// that it got them in, and looks at them again in later renders.
func TestOracleKept(t *testing.T) {
	keeper := func() functions {
		var kept [][]any
		return functions{"keep": {Fn: func(v ...any) string {
			kept = append(kept, v)
			_ = append(v, "appended")
			if len(v) > 2 {
				v[2] = "changed"
			}
			runtime.GC()
			return fmt.Sprint(kept)
		}}}
	}
	text := `{{keep 1 .Title .Count}}{{keep .Count 300 .When .I64 .Leaf.Name}}{{keep .Title}}{{range .List}}{{keep . . .}}{{end}}{{keep}}`
	set, err := parseSet(text, keeper())
	if err != nil {
		t.Fatal(err)
	}
	p, err := newEngines(text, keeper())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		data := newShop()
		data.Title += fmt.Sprint(i)
		want := reference(set, data)
		if got, alone := p.own.render(data); got != want || !alone {
			t.Errorf("html/template %v\ncompiled      %v (by itself: %v)", want, got, alone)
		}
	}
}

// TestOracleShapes calls functions of every shape, as plain functions, and as
// scoped ones with a parameter more.
func TestOracleShapes(t *testing.T) {
	args := map[byte][]string{
		'i': {`1`, `.Count`, `.MAny.n`, `(len .List)`, `.PInt`}, 's': {`"<lit>"`, `.Title`, `.PStr`, `.Any`, `(print .Count .Title)`, `.M.a`}, 'a': {`nil`, `.Title`, `.Count`, `300`, `.I64`, `.Leaf`, `.AnyNil`, `.Flag`, `.When`, `.HTML`, `.Ints`, `.NilLeaf`, `1.5`, `$`},
		'l': {`5`, `.I64`}, 'b': {`true`, `.Flag`}, 'f': {`2`, `.F64`}, 't': {`.HTML`, `"<i>"`}, 'k': {`.Kind`, `"lit"`},
	}
	var rows []row
	for name := range shapeFuncs() {
		kinds := strings.TrimSuffix(strings.TrimPrefix(name, "f"), "e")
		if strings.HasPrefix(name, "to") {
			for _, a := range []string{`"lit"`, `.Title`, `3`, `.Count`, ``} {
				rows = append(rows, row{text: fmt.Sprintf(`{{%s %s}}<p title="{{%[1]s %[2]s}}">{{range %[1]s %[2]s}}{{.}}{{else}}-{{end}}{{if %[1]s %[2]s}}y{{end}}<script>x = {{%[1]s %[2]s}}</script>`, name, a), want: either})
				rows = append(rows, row{text: fmt.Sprintf(`{{%s %s}}{{if %[1]s %[2]s}}y{{end}}<script>x = {{%[1]s %[2]s}}; y = {{(%[1]s %[2]s) | ident}}</script>`, name, a), want: either})
			}
			continue
		}
		if kinds == "_" {
			rows = append(rows, row{text: `{{f_}}{{f_e}}`, want: either})
			continue
		}
		for i := range 14 {
			call := name
			for _, k := range []byte(kinds) {
				switch k {
				case 'A', 'S', 'I':
					list := args[k|0x20]
					for n := range i % 4 {
						call += " " + list[(i+n)%len(list)]
					}
				default:
					call += " " + args[k][i%len(args[k])]
				}
			}
			rows = append(rows, row{text: "{{" + call + "}}", want: either})
		}
	}
	for _, scoped := range []bool{false, true} {
		funcs := oracleFuncs()
		for name, fn := range shapeFuncs() {
			funcs[name] = compile.Func{Fn: fn}
			if scoped {
				funcs[name] = compile.Func{Fn: withVisitor(fn), Scoped: true}
			}
		}
		t.Run(fmt.Sprint("scoped ", scoped), func(t *testing.T) {
			for _, r := range rows {
				both(t, r, funcs)
			}
		})
	}
}

// TestOracleOwnBuiltins gives functions the names of builtins.
func TestOracleOwnBuiltins(t *testing.T) {
	funcs := oracleFuncs()
	for name, fn := range map[string]any{
		"print": func(s string) string { return "own print " + s }, "len": func(v any) string { return "own len" }, "eq": func(a, b any) string { return "own eq" },
		"and": func(a, b any) string { return "own and" }, "not": func(v any) int { return 7 }, "index": func(v ...any) int { return len(v) }, "printf": func(v ...any) string { return "own printf" }, "call": func(v any) string { return "own call" },
	} {
		funcs[name] = compile.Func{Fn: fn}
	}
	for _, text := range []string{`{{print .Title}}`, `{{len .Count}}`, `{{eq 1 "x"}}`, `{{and .Off .Flag}}`, `{{not 1}}`, `{{index 1 2 3}}`, `{{printf 1 2}}`, `{{call 5}}`, `{{if and 0 0}}yes{{end}}`, `{{.Title | print}}`, `{{or .Off .Title}}`} {
		t.Run(text, func(t *testing.T) { both(t, row{text: text}, funcs) })
	}
	for name, fn := range map[string]any{"html": func(v any) string { return fmt.Sprint("<own html> ", v) }, "js": func(v any) string { return "<own js>" }, "urlquery": func(v any) template.HTML { return "<own urlquery>" }} {
		funcs[name] = compile.Func{Fn: fn}
	}
	for _, text := range []string{`{{.Title | html}}`, `{{html .Title}}`, `<p title="{{.Title | html}}">`, `<script>x = {{.Title | js}}</script>`, `<a href="?{{.Title | urlquery}}">`, `{{.Title | urlquery}}`, `{{$x := .Title | html}}{{$x}}`, `<script>{{.Title | html}}</script>`} {
		t.Run(text, func(t *testing.T) { both(t, row{text: text, want: either}, funcs) })
	}
	both(t, row{text: `{{print 1}}`, want: fails}, funcs)
	both(t, row{text: `{{and false (explode)}}`, want: fails}, funcs)
}

// TestOracleMissingKey sets the option that changes what a missing key is.
func TestOracleMissingKey(t *testing.T) {
	for _, option := range []string{"missingkey=default", "missingkey=invalid", "missingkey=zero", "missingkey=error"} {
		for _, text := range []string{`{{.M.none}}`, `{{.MInt.none}}`, `{{.MAny.none}}`, `{{.MAny.none.deeper}}`, `{{.MLeaf.none.Name}}`, `{{.AnyNil}}`, `{{if .MBool.none}}x{{else}}y{{end}}`, `{{index .M "none"}}`} {
			p, err := newEngines(text, oracleFuncs(), option)
			if err != nil {
				t.Fatal(err)
			}
			p.check(t, row{text: text, want: either})
		}
	}
}

// TestOracleWithin renders a page inside of a function of the same page.
func TestOracleWithin(t *testing.T) {
	var p *engines
	inside := false
	funcs := oracleFuncs()
	funcs["again"] = compile.Func{Fn: func(n int) string {
		if n <= 0 {
			return "end"
		}
		if inside {
			a, _ := p.own.render(map[string]int{"N": n - 1})
			return a.text
		}
		return reference(p.set, map[string]int{"N": n - 1}).text
	}}
	p, err := newEngines(`{{.N}}{{$x := .N}}[{{again .N}}]{{$x}}{{.N}}{{range 2}}{{.}}{{printf "%d %s" $x (again $.N | len | print)}}{{end}}`, funcs)
	if err != nil {
		t.Fatal(err)
	}
	want := reference(p.set, map[string]int{"N": 3})
	inside = true
	if got, alone := p.own.render(map[string]int{"N": 3}); got != want || !alone {
		t.Errorf("html/template %v\ncompiled      %v (by itself: %v)", want, got, alone)
	}
}

// TestOracleScopes renders for scopes of many types: pointers that are nil, of
// a named type, values, maps, none.
func TestOracleScopes(t *testing.T) {
	type pointer *visitor
	type words struct{ A, B string }
	funcs := functions{
		"ptr":   {Fn: func(v *visitor) bool { return v == nil }, Scoped: true},
		"value": {Fn: func(v words, s string) string { return v.A + v.B + s }, Scoped: true},
		"table": {Fn: func(v map[string]int) int { return len(v) }, Scoped: true},
		"face":  {Fn: func(v named, n int) string { return fmt.Sprint(v == nil, n) }, Scoped: true},
		"any":   {Fn: func(v any, rest ...string) string { return fmt.Sprintf("%T%d", v, len(rest)) }, Scoped: true},
		"many":  {Fn: func(v *visitor, rest ...any) int { return len(rest) }, Scoped: true},
	}
	for _, scope := range []any{visit, (*visitor)(nil), pointer(visit), words{"<a>", "b"}, map[string]int{"a": 1}, map[string]int(nil), leaf{}, &leaf{}, nil, 5, "s", func() {}} {
		for _, text := range []string{`{{ptr}}`, `{{value "x"}}`, `{{table}}`, `{{face 1}}`, `{{any}}{{any "a"}}`, `{{many}}{{many 1 .}}`} {
			want := reference(template.Must(template.New("page").Funcs(funcs.boundTo(scope)).Parse(text)), 1)
			set := template.Must(template.New("page").Funcs(funcs.boundTo(scope)).Parse(text))
			if err := compile.Escape(set); err != nil {
				t.Fatal(err)
			}
			out, why := compile.New(set, funcs).Render(nil, 1, scope)
			if why == nil && want != (answer{text: string(out)}) {
				t.Errorf("%s for a scope of %T\nhtml/template %v\ncompiled      %q", text, scope, want, out)
			}
			if why != nil && want.err == "" && want.panic == "" {
				t.Errorf("%s for a scope of %T was left to html/template: %s", text, scope, why.Reason)
			}
		}
	}
}
