package compile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// places are the contexts of html/template, each a page with holes.
var places = []string{
	`{{.}}`,
	`<p>{{.}}</p><b>{{.}}{{.}}</b>`,
	`<title>{{.}}</title><textarea>a{{.}}</textarea>`,
	`<p title="{{.}}" class="a {{.}} b">`,
	`<p title='{{.}}' alt='a {{.}} b'>`,
	`<p title={{.}} class=a{{.}}>`,
	`<p data-url="{{.}}" data-x={{.}} aria-label='{{.}}'>`,
	`<a href="{{.}}">`,
	`<a href='{{.}}' src={{.}}>`,
	`<a href="/p/{{.}}/q?x={{.}}&y={{.}}#{{.}}">`,
	`<a href=/p/{{.}}#f{{.}}><a href=?{{.}}>`,
	`<a href='https://h/{{.}}'><img src="//{{.}}/x.png"><form action="?{{.}}"><a href="#{{.}}"><a href="{{.}}{{.}}">`,
	`<a href="mailto:{{.}}"><a href="javascript:f({{.}})"><a href=" {{.}}"><a href="a:{{.}}">`,
	`<img srcset="{{.}}"><img srcset='{{.}} 2x, b.png 3x'><img srcset={{.}}>`,
	`<img srcset="/{{.}}.png 1x, {{.}} 2x"><source imagesrcset="{{.}}">`,
	`<button onclick="f({{.}})" onload='g({{.}}, {{.}})' onfocus=h({{.}})>`,
	`<button onclick="f('{{.}}')" onload='g("{{.}}")' onfocus="x = &quot;{{.}}&quot;">`,
	`<button onclick="/a{{.}}b/.test(x)" onload='y = /{{.}}/'>`,
	`<script>var x = {{.}};</script>`,
	`<script>f({{.}}, [{{.}}], {a: {{.}}});return{{.}}in x</script>`,
	`<script>var s = "{{.}}", u = '{{.}}', v = "a{{.}}b{{.}}";</script>`,
	"<script>var t = `{{.}}`, u = `a${ f({{.}}) }b{{.}}`, v = `${ `{{.}}` }`</script>",
	`<script>var r = /{{.}}/, q = /[a-z]x{{.}}/g;</script>`,
	"<script>// {{.}}\nx = 1 /* {{.}} */ + {{.}} // {{.}}\n</script>",
	"<script>x = {{.}} / 2; y = {{.}}\n/a/; <!-- {{.}}\n</script>",
	`<script type="module">{{.}}</script><script type="text/template"><p>{{.}}</p></script>`,
	`<script type="application/json">{"a": {{.}}, "b": "{{.}}"}</script><script type="application/ld+json">{{.}}</script>`,
	`<script type="{{.}}" nonce="{{.}}">{{.}}</script>`,
	`<style>p { color: {{.}} } {{.}} { x: y }</style>`,
	`<style>p { background: url({{.}}) url("{{.}}") url('a/{{.}}?{{.}}'); font: "{{.}}", '{{.}}' } /* {{.}} */</style>`,
	`<p style="color: {{.}}; width: {{.}}px">`,
	`<p style='background: url({{.}}); font: "{{.}}"' title="{{.}}">`,
	`<p style="background: url('{{.}}')" style={{.}} style="{{.}}">`,
	`<!-- {{.}} --><p>{{.}}</p><!-- a --{{.}}-->`,
	`<meta http-equiv="refresh" content="0; url={{.}}"><meta name="x" content="{{.}}">`,
	`<meta http-equiv=refresh content='{{.}}'><meta content="1;url='{{.}}'" http-equiv="refresh">`,
	`<p {{.}}>x</p>`,
	`<p {{.}}="v">x</p>`,
	`<p on{{.}}="v" data-{{.}}="{{.}}">x</p>`,
	`<{{.}}>x</{{.}}>`,
	`<h{{.}}>x</h{{.}}>`,
	`<input {{if .}}checked{{end}} {{if .}}value="{{.}}"{{else}}value=''{{end}}>`,
	`<a href="{{if .}}/x/{{.}}{{else}}/y{{end}}">`,
	`<a {{if .}}href="{{.}}"{{else}}title="{{.}}"{{end}} id={{.}}>`,
	`<script>var x = {{if .}}{{.}}{{else}}"{{.}}"{{end}};</script>`,
	`<p title="{{with .}}{{.}}{{else}}none{{end}}">{{with .}}{{.}}{{end}}`,
	`<svg viewBox="{{.}}"><path d={{.}} xlink:href="{{.}}"/><math>{{.}}</math></svg>`,
	`<iframe srcdoc="{{.}}" sandbox="{{.}}"></iframe><object data="{{.}}"></object><link rel="{{.}}" href="{{.}}">`,
	`<xmp>{{.}}</xmp><noscript>{{.}}</noscript><plaintext>{{.}}`,
	`{{define "v"}}{{.}}{{end}}<p title="{{template "v" .}}">{{template "v" .}}<script>x={{template "v" .}};y="{{template "v" .}}"</script><a href="/{{template "v" .}}?{{template "v" .}}">`,
	`{{. | html}}<p title="{{. | html}}"><script>x = {{. | js}}; y = "{{. | js}}"</script><a href="?{{. | urlquery}}">`,
	`{{print .}}<p title="{{printf "%v" .}}">{{printf "<%v>" . | printf "%s"}}<script>{{print .}}</script><a href="{{print .}}">`,
}

// hostile are strings that try to leave their place.
var hostile = []string{
	"", "plain", "a b", `<script>alert(1)</script>`, `</script><!--`, `"quoted" & 'single'`, "`${x}`", `\ \\ \" \u0041`, "tab\tnl\ncr\r\x00\x01\x0b\x1f\x7f",
	"한글 é ☃ \U0001F600", "\u2028\u2029\u00a0\ufeff\ufffd", "bad \xff\xfe\xc3( utf8", "javascript:alert(1)", "JaVaScRiPt:x", " javascript:x", "data:text/html,<b>", "http://h/p?a=b&c=d#e", "//h/p", "/p/../q;x=y,z", "mailto:a@b",
	"%41%zz%", "a=b&c=d+e f", "expression(alert(1))", "-moz-binding: x", "color: red; } p {", "#fff", "12px", "url(x)", "/* c */ // d", "a.png 1x, javascript:x 2x", "a,b ,c", ",,,", "--> ]]> <![CDATA[", "&amp; &lt; &#34; &bogus; &", "onclick", "class", "checked", "style", "href", "script", "h1", "3", "</textarea></title></style>",
	"=", "a'b\"c`d=e>f<g", "ZgotmplZ", "{{.}}", "\u00ad+/v8-+ADw-", strings.Repeat("<x> ", 60), "null", "true", "0", "/regex/[a-z]{2}(x|y)^$.*+?", "$&$1", "\\", "\\3c", "\ufdd0\ufdef\ufdcf\ufff0\uffff", "\x80", "\xe2\x80", "e\u0301\u200b\u202e",
}

// values are what a hole can be given.
func values() []any {
	all := []any{nil, true, false, 0, 1, -42, int8(-8), uint8(255), int64(math.MinInt64), uint64(math.MaxUint64), 'x', 1.5, math.Copysign(0, -1), 1e21, 1e-7, 123456789.0, math.Inf(1), math.NaN(), float32(.1), float32(16777216), 2 - 3i,
		kind("k<"), grade(2), fold{1, 2}, dot{3}, &dot{4}, (*dot)(nil), leaf{Name: "</script>"}, (*leaf)(nil), errMethod, errStruct{}, both2{}, tagged{A: "<a>", D: []any{1, "</script>"}},
		[]string{"a<", `b"`}, []int{1, 2}, []string{}, []string(nil), [2]int{1, 2}, map[string]int{"<k>": 1}, map[string]any{}, map[string]any(nil), map[int]string{2: "b", 1: "a"}, []any{nil, 1, "x"}, []byte("<bytes>"), json.RawMessage(`{"a": "</x>"}`), json.Number("12.50"),
		noon, &noon, time.Time{}, 90 * time.Second, marshal{"<v>"}, &marshal{"p"}, marshalPtr{"v"}, &marshalPtr{"p"}, badMarshal{}, func() {}, make(chan int), ptr("ptr <s>"), ptr(ptr(5)), ptr(template.HTML("<i>")), (*string)(nil), ptr[any]("in"), ptr[any](nil),
		panicking{}, &panicking{}, panicJSON{}, textual{"t<"}, jsNamed("f()"), htmlNamed("<b>"), deepError{}, ptrError{}, &ptrError{}, errors.Join(errMethod, errMethod), fmt.Stringer(grade(1)),
	}
	for _, s := range hostile {
		all = append(all, s, kind(s)) // a named string is not always treated as a string
	}
	for _, s := range []string{"", "<b>x</b>", `a "q" 'r' & </script> ` + "`", "javascript:x", "a.png 2x", "f(1)/2", "\xff\u2028", `dir="ltr"`, "x: y"} {
		all = append(all, template.HTML(s), template.HTMLAttr(s), template.JS(s), template.JSStr(s), template.CSS(s), template.URL(s), template.Srcset(s))
	}
	return all
}

// Types whose methods misbehave, and names for html/template's own types.
type (
	panicking struct{}
	panicJSON struct{}
	textual   struct{ s string }
	jsNamed   template.JS
	htmlNamed template.HTML
	deepError struct{ error }
	ptrError  struct{ n int }
)

func (panicking) String() string               { panic("String panics") }
func (panicJSON) MarshalJSON() ([]byte, error) { panic("MarshalJSON panics") }
func (t textual) MarshalText() ([]byte, error) { return []byte("text " + t.s), nil }
func (p *ptrError) Error() string              { return fmt.Sprint("ptrError ", p.n) }

// TestOracleContexts puts every value in every place.
func TestOracleContexts(t *testing.T) {
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			p, err := newEngines(place, oracleFuncs())
			if err != nil {
				t.Fatal(err)
			}
			alone, answered := 0, 0
			for _, v := range values() {
				p.check(t, row{place, either, wrapped(v)})
				if reference(p.set, v).err == "" {
					answered++
					if _, ok := p.own.render(v); ok {
						alone++
					}
				}
			}
			if answered == 0 {
				t.Error("html/template has no answer for this place")
			}
			if alone < answered {
				t.Errorf("the compiled page answered %d of %d values: %s", alone, answered, p.own.why())
			}
		})
	}
}

// TestOracleLengths gives text and markup of many lengths, and numbers of many
// sizes, to whatever asks what they are.
func TestOracleLengths(t *testing.T) {
	text := `{{if .V}}y{{else}}n{{end}}{{with .V}}{{.}}{{else}}n{{end}}{{not .V}}{{and .V 1}}{{or .V 2}}{{eq .V .V}}{{print .V}}{{printf "%T" .V}}{{$x := .V}}{{$x}}{{template "t" .V}}{{index .L 0}}{{range .L}}{{if .}}y{{end}}{{.}}{{end}}{{ident .V}}{{define "t"}}{{.}}{{if .}}y{{end}}{{$}}{{end}}`
	p, err := newEngines(text, oracleFuncs())
	if err != nil {
		t.Fatal(err)
	}
	type static[T any] struct {
		V T
		L []T
	}
	for n := range 70 {
		s := strings.Repeat("<", n)
		for _, data := range []any{
			static[string]{s, []string{s}}, static[template.HTML]{template.HTML(s), []template.HTML{template.HTML(s)}}, static[any]{template.HTML(s), []any{s}}, static[int]{n, []int{-n}}, static[int64]{int64(n) << 40, []int64{int64(n)}},
			static[any]{n, []any{int64(n)}}, static[bool]{n%2 == 0, []bool{n%3 == 0}}, map[string]any{"V": n%2 == 0, "L": []any{template.HTML(s)}}, &static[kind]{kind(s), []kind{kind(s)}},
		} {
			p.check(t, row{text, answers, data})
		}
	}
}

// TestOracleFieldContexts does the same with values in fields of their own
// type, of a struct that is addressable and of one that is not, and with
// values that variables, maps, functions and templates hand on.
func TestOracleFieldContexts(t *testing.T) {
	for i, place := range places {
		for j, hole := range []string{`{{.V}}`, `{{$.P.V}}`, `{{$x := .V}}{{$x}}`, `{{index .M "V"}}`, `{{ident .V}}`, `{{(.P).V}}`, `{{template "hand on" .V}}`, `{{range .L}}{{.}}{{end}}`} {
			if (i+j)%4 != 0 {
				continue // a quarter of them is enough: each hole comes to many places
			}
			text := strings.ReplaceAll(place, "{{.}}", hole) + `{{define "hand on"}}{{.}}{{end}}`
			t.Run(text, func(t *testing.T) { everyField(t, text) })
		}
	}
}

func everyField(t *testing.T, text string) {
	p, err := newEngines(text, oracleFuncs())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values() {
		data := inField(v)
		p.check(t, row{text, either, data.Interface()})
		p.check(t, row{text, either, data.Elem().Interface()})
	}
}

// inField returns a pointer to a struct with v in V, in the V behind P, in M
// and in L.
func inField(v any) reflect.Value {
	static := anyT
	if v != nil {
		static = reflect.TypeOf(v)
	}
	inner := reflect.StructOf([]reflect.StructField{{Name: "V", Type: static}})
	outer := reflect.StructOf([]reflect.StructField{{Name: "V", Type: static}, {Name: "P", Type: reflect.PointerTo(inner)}, {Name: "M", Type: reflect.MapOf(stringT, static)}, {Name: "L", Type: reflect.SliceOf(static)}})
	data := reflect.New(outer)
	held := reflect.New(static).Elem()
	if v != nil {
		held.Set(reflect.ValueOf(v))
	}
	s := data.Elem()
	s.Field(0).Set(held)
	s.Field(1).Set(reflect.New(inner))
	s.Field(1).Elem().Field(0).Set(held)
	s.Field(2).Set(reflect.MakeMap(s.Field(2).Type()))
	s.Field(2).SetMapIndex(reflect.ValueOf("V"), held)
	s.Field(3).Set(reflect.Append(s.Field(3), held, held))
	return data
}

// TestOracleTimes formats a time in every place, with layouts that hold
// anything, since the compiled page formats it where it is escaped.
func TestOracleTimes(t *testing.T) {
	for _, place := range places {
		for _, hole := range []string{`{{.When.Format .Layout}}`, `{{.PWhen.Format $.Layout}}`, `{{.Layout | .Any.Format}}`} {
			text := strings.ReplaceAll(place, "{{.}}", hole)
			p, err := newEngines(text, oracleFuncs())
			if err != nil {
				t.Fatal(err)
			}
			for _, layout := range append([]string{time.RFC1123Z, "2006-01-02T15:04:05.000Z07:00", "3:04PM"}, hostile...) {
				p.check(t, row{text, either, map[string]any{"When": noon, "PWhen": &noon, "Any": any(noon), "Layout": layout}})
				p.check(t, row{text, either, &struct {
					When, Any time.Time
					PWhen     *time.Time
					Layout    string
				}{noon, noon, &noon, layout}})
			}
		}
	}
}

// wrapped gives v the form that a row has for nil.
func wrapped(v any) any {
	if v == nil {
		return none{}
	}
	return v
}

// TestOracleHoles puts every value of a row of mixed types through one page
// whose hole is in a field, a list and a map, so that caches meet many types.
func TestOracleHoles(t *testing.T) {
	text := `{{.V}}<p title="{{.V}}">{{range .L}}<a href="/{{.}}">{{.}}</a>{{end}}{{range $k, $v := .M}}<script>f({{$k}}, {{$v}})</script>{{end}}{{with .V}}{{.}}{{end}}{{$x := .V}}<i class={{$x}}>`
	p, err := newEngines(text, oracleFuncs())
	if err != nil {
		t.Fatal(err)
	}
	type static struct {
		V any
		L []any
		M map[string]any
	}
	all := values()
	for i, v := range all {
		other := all[(i*7+3)%len(all)]
		p.check(t, row{text, either, static{v, []any{v, other, v}, map[string]any{"a": other, "b": v}}})
		p.check(t, row{text, either, map[string]any{"V": other, "L": []any{v}, "M": map[string]any{"x": v}}})
	}
}
