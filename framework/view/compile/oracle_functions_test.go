package compile_test

import (
	"fmt"
	"reflect"
	"testing"
)

func TestOracleFunctions(t *testing.T) { bothAll(t, functionRows()) }

func functionRows() []row {
	return []row{
		{text: `{{upper .Title}} {{.Title | upper}} {{.Title | upper | html2}} {{noArgs}} {{(noArgs)}} {{noArgs | upper}} {{bytes}} {{safe .Title}} {{.Title | safe}} {{trusted .Title}}`},
		{text: `{{add 1 2}} {{1 | add 2}} {{add .Count (add 1 2)}} {{add (len .Ints) 1}} {{pred .Count}} {{add .Rune 1}}`, want: fails},
		{text: `{{add 1 2}} {{1 | add 2}} {{add .Count (add 1 2)}} {{add (len .Ints) 1}} {{pred .Count}}`},
		{text: `{{typeOf .}} {{typeOf .Any}} {{typeOf nil}} {{typeOf .AnyNil}} {{typeOf .Named}} {{typeOf .NamedNil}} {{typeOf .NilLeaf}} {{typeOf .Kind}} {{typeOf (index .Anys 0)}} {{typeOf .M.none}} {{.Leaf | typeOf}}`},
		{text: `{{range .Anys}}{{typeOf .}} {{end}}{{range $k, $v := .MAny}}{{typeOf $v}} {{end}}{{with .Any}}{{typeOf .}}{{end}}{{range .Names}}{{typeOf .}}{{end}}`},
		{text: `{{join ","}} {{join "," "a"}} {{join .Title "a" .Text}} {{"z" | join "," "a"}} {{anys}} {{anys nil}} {{anys 1 nil "x" .}} {{nothing | anys 1}}`},
		{text: `{{i8 1}} {{i8 .I8}} {{u16 7}} {{f32 1}} {{f32 1.5}} {{f32 .F32}} {{f64 2}} {{f64 .F64}} {{f64 'a'}} {{c128 2i}} {{c128 .C}} {{boolean true}} {{boolean .Flag}} {{aKind "lit"}} {{aKind .Kind}}`},
		{text: `{{i8 300}} {{u16 70000}}`, want: either},
		{text: `{{i8 .Count}}`, want: fails},
		{text: `{{u16 -1}}`, want: fails},
		{text: `{{f64 .Count}}`, want: fails},
		{text: `{{f64 .F32}}`, want: fails},
		{text: `{{boolean 1}}`, want: fails},
		{text: `{{aKind .Title}}`, want: fails},
		{text: `{{upper .Kind}}`, want: fails},
		{text: `{{upper .HTML}}`, want: fails},
		{text: `{{upper 1}}`, want: fails},
		{text: `{{upper nil}}`, want: fails},
		{text: `{{upper .AnyNil}}`, want: fails},
		{text: `{{upper .M.none}}`, want: fails},
		{text: `{{upper .MAny.none}}`, want: fails},
		{text: `{{upper .Any}} {{upper .PStr}} {{upper .MAny.s}} {{upper (index .Anys 1)}} {{.MAny.s | upper}} {{range .List}}{{upper .}}{{end}}`},
		{text: `{{upper .PAny}}`, want: fails},
		{text: `{{upper .NilStr}}`, want: fails},
		{text: `{{upper .MAny.n}}`, want: fails},
		{text: `{{upper}}`, want: fails},
		{text: `{{upper "a" "b"}}`, want: fails},
		{text: `{{"a" | upper "b"}}`, want: fails},
		{text: `{{noArgs 1}}`, want: fails},
		{text: `{{1 | noArgs}}`, want: fails},
		{text: `{{join}}`, want: fails},
		{text: `{{join "," 1}}`, want: fails},
		{text: `{{join "," nil}}`, want: fails},

		// Interfaces and pointers as parameters.
		{text: `{{stringer .Level}} {{stringer .Str}} {{stringer .Fold}} {{stringer .Dot}} {{stringer .PDot}} {{stringer .NilDot}} {{stringer .Span}} {{stringer .When}} {{stringer .PWhen}}`},
		{text: `{{stringer .StrNil}}`, want: fails},
		{text: `{{stringer nil}}`, want: fails},
		{text: `{{stringer .Count}}`, want: fails},
		{text: `{{stringer "s"}}`, want: fails},
		{text: `{{stringer .PAny}}`, want: fails},
		{text: `{{asErr .Err}} {{asErr .ErrNil}} {{asErr nil}} {{asNamed .Leaf}} {{asNamed .PLeaf}} {{asNamed .Named}} {{asNamed .NamedNil}} {{asNamed .AnyLeaf}} {{asNamed .NamedTypNil}}`},
		{text: `{{asNamed .AnyNil}}`, want: either},
		{text: `{{ptrLeaf .PLeaf}} {{ptrLeaf .Leaf}} {{ptrLeaf nil}} {{ptrLeaf .NilLeaf}} {{ptrLeaf (index .Leaves 1)}} {{ptrLeaf .AnyPLeaf}} {{range .Leaves}}{{ptrLeaf .}}{{end}}{{.NilLeaf | ptrLeaf}}`},
		{text: `{{ptrLeaf aLeaf}}`, want: fails},
		{text: `{{range .MLeaf}}{{ptrLeaf .}}{{end}}`, want: fails},
		{text: `{{valLeaf .Leaf}} {{valLeaf .PLeaf}} {{valLeaf .AnyLeaf}} {{valLeaf .AnyPLeaf}} {{valLeaf aPtr}} {{.PLeaf | valLeaf}} {{valLeaf .Named}}`, want: either},
		{text: `{{valLeaf .NilLeaf}}`, want: fails},
		{text: `{{valLeaf nil}}`, want: fails},
		{text: `{{deref .PStr}}`},
		{text: `{{deref .Title}} {{range .List}}{{deref .}}{{end}}`, want: either},
		{text: `{{deref .NilStr}}`, want: fails},
		{text: `{{deref "lit"}}`, want: fails},
		{text: `{{deref nil}}`, want: fails},
		{text: `{{aMap .MInt}} {{aMap nil}} {{aMap .MNil}} {{aMap mapOf}} {{aFunc .Fn}}`},
		{text: `{{aMap .M}}`, want: fails},
		{text: `{{aFunc nil}}`, want: fails},

		// Errors and panics.
		{text: `{{fine "<ok>"}} {{fine .Title | upper}}`},
		{text: `a{{fail "x"}}b`, want: fails},
		{text: `{{if fail "x"}}y{{end}}`, want: fails},
		{text: `{{range .Ints}}{{if eq . 2}}{{fail "late"}}{{end}}{{.}}{{end}}`, want: fails},
		{text: `{{explode}}`, want: fails},
		{text: `{{explodeE}}`, want: fails},
		{text: `{{or .Flag (explode)}} {{if .Off}}{{explode}}{{end}}fine`},
		{text: "line\n line {{fail .Title}}", want: fails},
		{text: `{{template "t" .}}{{define "t"}}
			{{range .Ints}}{{fail "inside"}}{{end}}{{end}}`, want: fails},

		// Functions in data.
		{text: `{{call .Fn "x"}} {{call .Fn .Title}} {{"y" | call .Fn}} {{call .FnErr false}} {{call .FnVar "v"}} {{call .FnVar "v" 1 2}} {{call .FnAny nil}} {{call .FnAny .Leaf}} {{call .FnPtr nil}} {{call .FnPtr .PLeaf}}`},
		{text: `{{call .MAny.f}} {{call .Func 21}} {{(call .FnMap).k}} {{call (index .MAny "f")}} {{with call .FnMap}}{{.k}}{{end}} {{$f := .Fn}}{{call $f "z"}}`},
		{text: `{{call .FnPtr .Leaf}}`, want: either},
		{text: `{{call .FnNil}}`, want: fails},
		{text: `{{call nil}}`, want: fails},
		{text: `{{call .Title}}`, want: fails},
		{text: `{{call}}`, want: fails},
		{text: `{{call .Fn}}`, want: fails},
		{text: `{{call .Fn 1}}`, want: fails},
		{text: `{{call .Fn "a" "b"}}`, want: fails},
		{text: `{{call .FnVar "a" "b"}}`, want: fails},
		{text: `{{call .FnErr true}}`, want: fails},
		{text: `{{call .FnPanic}}`, want: fails},
		{text: `{{call .FnNone}}`, want: fails},
		{text: `{{call .FnThree}}`, want: fails},
		{text: `{{call .AnyNil}}`, want: fails},
		{text: `{{.Fn "x"}}`, want: fails},
		{text: `{{call .Value}}`, want: fails},
		{text: `{{.Fn | call}}`, want: fails},
		{text: `{{.FnMap | call}}`},
		{text: `{{call .FnVar "a" .U}}`, want: either},

		// The scope of the render.
		{text: `{{me}} {{mine "<x>"}} {{mine .Title}} {{"p" | mine}} {{mineN 1}} {{mineN .Count}} {{mineAny .}} {{mineAny nil}} {{mineAny .Leaf.Name}} {{mineHTML}} {{mineBool}} {{if mineBool}}y{{end}} {{myself.Label}}`},
		{text: `{{mineMany ","}} {{mineMany "," 1}} {{mineMany "," nil .Title 3}} {{4 | mineMany "," "x"}} {{byFace}} {{byAny "s"}} {{mineErr false}} {{eq (mineN 1) 6}} {{printf "%s" me}} {{upper me}} {{range .Ints}}{{me}}{{end}}`},
		{text: `{{template "t" .Leaf}}{{define "t"}}{{me}}{{mine .Name}}<p title="{{me}}"><script>f({{me}}, {{mineN 2}})</script>{{end}}`},
		{text: `{{me 1}}`, want: fails},
		{text: `{{mine}}`, want: fails},
		{text: `{{mine 1}}`, want: fails},
		{text: `{{mineN "x"}}`, want: fails},
		{text: `{{mineErr true}}`, want: fails},
		{text: `{{minePanic}}`, want: fails},
		{text: `{{$x := me}}{{$x}} {{with mine "w"}}{{.}}{{end}} {{index (dict "k" me) "k"}} {{len me}} {{slice me 1}} {{me | html}} {{me | printf "%q"}}`, want: either},

		// Empty variadics are empty, not nil.
		{text: `<script>x = {{list}}; y = {{list nil}}; z = {{(list)}}</script>{{list}} {{printf "%#v" (list)}} {{anys}}`},
		{text: `<script>x = {{.Variadic}}; y = {{.Variadic "a"}}; z = {{"b" | .Variadic}}</script>{{printf "%#v" .Variadic}}`},
		{text: `<script>x = {{call .FnList}}</script>`, data: map[string]any{"FnList": func(s ...string) []string { return s }}},

		// Results of named types keep their types.
		{text: `{{toKind .Title}} {{typeOf (toKind "x")}} {{aKind (toKind "x")}} {{toSpeak "<x>"}} {{(toSpeak "x").String}} {{toFail "x"}} {{typeOf (toFail "x")}} {{(toBag "v").Size}} {{toBag "v"}} {{toMany "a" "b"}} {{(toMany "a").String}} {{typeOf (toMany)}} {{range toMany "a" "<b>"}}{{.}}{{end}} {{eq (toKind "x") "x"}} {{len (toSpeak "x")}} {{stringer (toSpeak "x")}}`},
		{text: `<a href="{{trusted "javascript:x"}}" {{toAttr "a='b'"}} srcset="{{toSrcset "javascript:x 1x"}}" style="{{toCSS "expression(x)"}}" onclick="{{toJS "f('x')"}}; g('{{toJSStr "\x20"}}')">{{trusted "<x>"}}{{toJS "<x>"}}</a><script>{{toJS "f(1)/2"}}; x = "{{toJSStr "\n"}}" + {{toSpeak "x"}} + {{toKind "a/b'"}}</script><style>{{toCSS "a{b:c}"}}</style>`},
		{text: `{{upper (toKind "x")}}`, want: fails},

		// reflect.Value as a parameter and as a result.
		{text: `{{value .Count}} {{value "s"}} {{value .Leaf.Name}} {{value 1}} {{value true}} {{valuesOf 1 .Title nil}} {{valuesOf}}`, want: either},
		{text: `{{asValue .Title}} {{(asValue .Leaf).Name}} {{if asValue 0}}x{{else}}y{{end}} {{len (asValue .Ints)}} {{asValue .Title | upper}} {{print (asValue 5)}}`},
		{text: `{{value .Any}} {{value .MAny.n}} {{.Any | value}} {{value .PLeaf}} {{value .Named}} {{value (index .Anys 0)}} {{value .Title}} {{value .Leaf.N}}`, want: either},
		{text: `{{value .AnyNil}} {{value nothing}} {{value nil}}`, want: either},
		{text: `{{asValue nil}}`, want: either},
		{text: `{{range asValue .Ints}}{{.}}{{end}} {{index (asValue .M) "a"}} {{eq (asValue 1) 1}} {{asValue .HTML}} {{$x := asValue .Leaf}}{{$x.Show}}`},

		{text: `{{.n}} {{len .l}} {{eq .n 5}} {{lt .n 9}} {{index .l 0}} {{and .n 1}} {{or .z 2}} {{not .z}} {{print .n}} {{printf "%v" .l}} {{typeOf .n}} {{slice .l 1}} {{call .f}} {{value .n}} {{if .z}}x{{else}}y{{end}}`, data: valuesInside(), want: either},
		{text: `{{len .l}} {{eq .n 5}} {{lt .n 9}} {{index .l 0}} {{and .n 1}} {{not .z}} {{slice .l 1}} {{call .f}}`, data: valuesInside(), want: either},
		{text: `{{.s.Name}}`, data: valuesInside(), want: either},
		{text: `{{range .l}}{{.}}{{end}}`, data: valuesInside(), want: either},
		{text: `{{len .l}}`, data: valuesInside(), want: fails},
		{text: `{{.m.Count}} {{.m.Kinds .l 1}}`, data: map[string]any{"m": reflecting{}, "l": []int{1}}, want: either},
		{text: `{{.A}} {{len .L}} {{eq .A 5}} {{not .A}} {{index .L 0}}`, data: struct{ A, L reflect.Value }{reflect.ValueOf(5), reflect.ValueOf([]int{1})}, want: either},

		// Results used further.
		{text: `{{range list 1 "<a>" nil}}[{{.}}]{{end}} {{(dict "k" .Title).k}} {{with dict "a" 1 "b" "<c>"}}{{.a}}{{.b}}{{.c}}{{end}} {{len (list 1 2)}} {{index (list 4 5) 1}}`},
		{text: `{{dict 1 2}}`, want: fails},
		{text: `{{ident .Title}} {{ident nil}} {{ident .Leaf.Name}} {{(ident .Leaf).Name}} {{(ident .PLeaf).Ptr}} {{ident .HTML}} {{ident .AnyNil}} {{range ident .Ints}}{{.}}{{end}}`},
		{text: `{{(ident .Leaf).Ptr}}`, want: fails},
		{text: `{{nothing}} {{if nothing}}x{{else}}y{{end}} {{nilLeaf}} {{if nilLeaf}}x{{else}}y{{end}} {{eq nothing nil}} {{eq nilLeaf nil}}`},
		{text: `{{template "row" dict "Name" .Title "N" 1}}{{define "row"}}{{.Name}}{{.N}}{{end}}`},
	}
}

func TestOracleTemplates(t *testing.T) { bothAll(t, templateRows()) }

// TestOracleEndless calls a template for ever: the answer is html/template's
// error, and not the end of the stack.
func TestOracleEndless(t *testing.T) {
	if testing.Short() {
		t.Skip("html/template needs a second to give up")
	}
	p, err := newEngines(`{{template "page" .}}`, oracleFuncs())
	if err != nil {
		t.Fatal(err)
	}
	p.check(t, row{text: "endless", want: fails})
}

func templateRows() []row {
	return []row{
		{text: `{{template "t"}}{{define "t"}}[{{.}}]{{end}}`},
		{text: `{{template "t" .}}{{define "t"}}[{{.Title}}{{$.Count}}]{{end}}`},
		{text: `{{template "t" .Leaf}}{{template "t" .PLeaf}}{{template "t" (index .Leaves 1)}}{{define "t"}}[{{.Name}}{{.N}}{{.Show}}{{$.Name}}]{{end}}`},
		{text: `{{template "t" 1}}{{template "t" "<s>"}}{{template "t" .Ints}}{{template "t" nil}}{{template "t" .AnyNil}}{{template "t" .Title | printf "%q"}}{{define "t"}}[{{.}}]{{end}}`, want: fails},
		{text: `{{template "t" 1}}{{template "t" "<s>"}}{{template "t" .Ints}}{{template "t" .AnyNil}}{{template "t" .Title | printf "%q"}}{{template "t" .HTML}}{{define "t"}}[{{.}}]{{end}}`},
		{text: `{{range .Leaves}}{{template "t" .}}{{end}}{{define "t"}}{{.Name}}{{.Ptr}}{{range .Tags}}{{.}}{{end}}{{end}}`},
		{text: `{{range .Anys}}{{template "t" .}}{{end}}{{define "t"}}{{printf "%T" .}}{{if .}}+{{else}}-{{end}}{{end}}`},
		{text: `{{template "none" .}}`, want: fails},
		{text: `{{if .Off}}{{template "none" .}}{{end}}`, want: fails},
		{text: `{{template "t" .Nowhere}}{{define "t"}}{{end}}`, want: fails},
		{text: `{{template "t" .}}{{define "t"}}{{.Nowhere}}{{end}}`, want: fails},
		{text: `{{block "b" .Leaf}}[{{.Name}}]{{end}}{{block "c" .}}{{.Title}}{{end}}`},
		{text: `{{block "b" .}}default{{end}}` + anew + `{{define "b"}}own {{.Title}}{{end}}`},
		{text: `{{define "b"}}own {{.Title}}{{end}}{{block "c" .}}{{template "b" .}}{{end}}`},

		// Recursion.
		{text: `{{template "down" 5}}{{define "down"}}{{.}}{{if .}},{{template "down" (pred .)}}{{end}}{{end}}`},
		{text: `{{template "tree" .Leaf}}{{define "tree"}}<li>{{.Name}}{{with .Next}}<ul>{{template "tree" .}}</ul>{{end}}</li>{{end}}`},
		{text: `{{template "a" 3}}{{define "a"}}a{{.}}{{if .}}{{template "b" (pred .)}}{{end}}{{end}}{{define "b"}}b{{.}}{{if .}}{{template "a" (pred .)}}{{end}}{{end}}`},
		{text: `{{with .Next}}{{template "page" .}}{{else}}{{.Name}}{{end}}`, data: &leaf{Name: "a", Next: &leaf{Name: "b"}}},
		{text: `{{range .Kids}}{{template "page" .}}{{end}}{{.Title}}`},
		{text: `<script>var x = [{{template "n" 3}}];</script>{{define "n"}}{{.}}{{if .}},{{template "n" (pred .)}}{{end}}{{end}}`},

		{text: `{{template "down" 900}}{{define "down"}}{{if .}}{{template "down" (pred .)}}{{else}}end{{end}}{{end}}`},
		{text: `{{template "down" 3000}}{{define "down"}}{{if .}}{{template "down" (pred .)}}{{else}}end{{end}}{{end}}`, want: either},

		// Variables and dots do not leak.
		{text: `{{$a := 1}}{{template "t" .Leaf}}{{$a}}{{.Title}}{{define "t"}}{{$a := .Name}}{{with .Next}}{{$a}}{{$.Name}}{{.Name}}{{end}}{{end}}`},
		{text: `{{range $i, $l := .Leaves}}{{template "t" $l}}{{$i}}{{end}}{{define "t"}}{{range $i, $t := .Tags}}{{$i}}{{end}}{{end}}`},
		{text: `{{range .Ints}}{{template "t" .}}{{end}}{{define "t"}}{{range 3}}{{if eq . 1}}{{break}}{{end}}{{end}}{{.}}{{end}}`},
		{text: `{{template "$t" .}}{{define "$t"}}{{.Title}}{{end}}{{template "a b/c.html" .}}{{define "a b/c.html"}}{{.Count}}{{end}}`},

		// One template in several contexts.
		{text: `{{define "v"}}{{.}}{{end}}<title>{{template "v" .Title}}</title><p title="{{template "v" .Title}}" class='{{template "v" .Text}}' x={{template "v" .Title}}>{{template "v" .Title}}</p><a href="{{template "v" .Title}}">` +
			`<a href="/?q={{template "v" .Title}}"><a onclick="f({{template "v" .Title}})"><script>x = {{template "v" .Title}}; y = "{{template "v" .Text}}"; z = ` + "`{{template \"v\" .Text}}`" + `</script><style>a{b:{{template "v" .Kind}}}</style><textarea>{{template "v" .Text}}</textarea><!-- {{template "v" .Title}} -->`},
		{text: `<title>{{block "title" .}}Shop{{end}}</title><main>{{block "main" .}}{{template "title" .}}{{end}}</main>` + anew + `{{define "title"}}{{.Title}} &amp; more{{end}}`},
		{text: `<div {{template "attrs" .}}>{{define "attrs"}}id="{{.ID}}" data-x='{{.Title}}'{{end}}x</div>`},
		{text: `<a {{if .Flag}}href="{{template "u" .}}"{{else}}title="{{template "u" .}}"{{end}}>{{define "u"}}{{.Slug}}{{end}}x</a>`},
		{text: `{{define "list"}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}{{template "list" .Ints}}{{template "list" .List}}{{template "list" .M}}{{template "list" .Empty}}{{template "list" .AnyList}}{{template "list" 3}}`},
	}
}

// valuesInside are reflect.Values as data.
func valuesInside() map[string]any {
	return map[string]any{"n": reflect.ValueOf(5), "z": reflect.ValueOf(0), "l": reflect.ValueOf([]int{1, 2}), "s": reflect.ValueOf(leaf{Name: "in a value"}), "f": reflect.ValueOf(func() string { return "called" })}
}

// reflecting has methods that take reflect.Values.
type reflecting struct{}

func (reflecting) Count(v ...reflect.Value) int { return len(v) }

func (reflecting) Kinds(a, b reflect.Value) string { return fmt.Sprint(a.Kind(), b.Kind()) }
