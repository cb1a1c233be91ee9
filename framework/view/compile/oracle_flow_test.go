package compile_test

import (
	"iter"
	"testing"
)

func TestOracleBranches(t *testing.T) { bothAll(t, branchRows()) }

func branchRows() []row {
	return []row{
		// Truth of every kind.
		{text: `{{if .Flag}}a{{else}}b{{end}}{{if .Off}}a{{else}}b{{end}}{{if .Count}}a{{end}}{{if .Zero}}a{{else}}b{{end}}`},
		{text: `{{if .Title}}a{{end}}{{if .Blank}}a{{else}}b{{end}}{{if .U8}}a{{end}}{{if .F32}}a{{end}}{{if .C}}a{{end}}{{if .Rune}}a{{end}}{{if .Bytes}}a{{end}}`},
		{text: `{{if .Ints}}a{{end}}{{if .Empty}}a{{else}}b{{end}}{{if .NilS}}a{{else}}b{{end}}{{if .Arr}}a{{end}}{{if .Arr0}}a{{else}}b{{end}}{{if .PArr}}a{{end}}`},
		{text: `{{if .M}}a{{end}}{{if .MNil}}a{{else}}b{{end}}{{if .MEmpty}}a{{else}}b{{end}}{{if .PM}}a{{end}}`},
		{text: `{{if .Leaf}}a{{end}}{{if .PLeaf}}a{{end}}{{if .NilLeaf}}a{{else}}b{{end}}{{if .PInt}}a{{end}}{{if .NilInt}}a{{else}}b{{end}}`},
		{text: `{{if .Any}}a{{end}}{{if .AnyNil}}a{{else}}b{{end}}{{if .AnyTypedNil}}a{{else}}b{{end}}{{if .AnyLeaf}}a{{end}}{{if .PAny}}a{{end}}`},
		{text: `{{if .Named}}a{{end}}{{if .NamedNil}}a{{else}}b{{end}}{{if .NamedTypNil}}a{{else}}b{{end}}{{if .Err}}a{{end}}{{if .ErrNil}}a{{else}}b{{end}}`},
		{text: `{{if .Fn}}a{{end}}{{if .FnNil}}a{{else}}b{{end}}{{if .When}}a{{end}}{{if .NoW}}a{{else}}b{{end}}{{if .HTML}}a{{end}}{{if .Level}}a{{end}}`},
		{text: `{{if .M.none}}a{{else}}b{{end}}{{if .MInt.none}}a{{else}}b{{end}}{{if .MInt.zero}}a{{else}}b{{end}}{{if .MAny.nil}}a{{else}}b{{end}}`},
		{text: `{{if 0}}a{{else}}b{{end}}{{if 1}}a{{end}}{{if 0.0}}a{{else}}b{{end}}{{if ""}}a{{else}}b{{end}}{{if "x"}}a{{end}}{{if true}}a{{end}}{{if 0i}}a{{else}}b{{end}}{{if 'a'}}a{{end}}`},
		{text: `{{if nil}}a{{end}}`, want: fails},
		{text: `{{if .Nowhere}}a{{end}}`, want: fails},
		{text: `{{if .Off}}1{{else if .Zero}}2{{else if .Flag}}3{{else}}4{{end}}`},
		{text: `{{if and .Flag (not .Off)}}a{{end}}{{if or .Off .Zero .Count}}b{{end}}`},
		{text: `{{if $x := .Count}}{{$x}}{{else}}{{$x}}none{{end}}{{if $x := .Zero}}{{$x}}{{else}}{{$x}}none{{end}}`},
		{text: `{{if (.Fails false)}}a{{end}}`},

		{text: `{{with .Title}}[{{.}}]{{end}}{{with .Blank}}x{{else}}[{{.Count}}]{{end}}`},
		{text: `{{with .Leaf}}{{.Name}}{{.Ptr}}{{$.Title}}{{end}}{{with .PLeaf}}{{.Name}}{{end}}{{with .NilLeaf}}x{{else}}none{{end}}`},
		{text: `{{with .AnyLeaf}}{{.Name}}{{end}}{{with .AnyNil}}x{{else}}nil{{end}}{{with .AnyTypedNil}}x{{else}}typed nil{{end}}`},
		{text: `{{with .Named}}{{.Label}}{{.}}{{end}}`, data: &shop{Named: level2(5)}},
		{text: `{{with $x := .Leaf}}{{$x.Name}}{{.N}}{{end}}{{with $x := .Zero}}{{else}}{{$x}}{{end}}`},
		{text: `{{with .Off}}a{{else with .Zero}}b{{else with .Title}}[{{.}}]{{else}}d{{end}}`},
		{text: `{{with .Off}}a{{else with .Zero}}b{{else}}[{{.Count}}]{{end}}`},
		{text: `{{with .Off}}a{{else with $y := .Count}}{{$y}}{{.}}{{end}}`},
		{text: `{{with .MInt.none}}a{{else}}b{{end}}{{with index .MInt "one"}}{{.}}{{end}}`},
		{text: `{{with 5}}{{.}}{{end}}{{with "<s>"}}{{.}}{{end}}{{with 1.50}}{{.}}{{end}}{{with 'x'}}{{.}}{{end}}{{with true}}{{.}}{{end}}`},
		{text: `{{with .PInt}}{{.}}{{end}}{{with .PPInt}}{{.}}{{end}}{{with .PStr}}{{len .}}{{end}}`},
		{text: `{{with nil}}x{{end}}`, want: fails},
		{text: `{{with $}}{{with .Leaf}}{{with .Next}}{{.Name}}{{$.Count}}{{end}}{{end}}{{end}}`},
	}
}

func TestOracleVariables(t *testing.T) { bothAll(t, variableRows()) }

func variableRows() []row {
	return []row{
		{text: `{{$a := 1}}{{$a}}{{$a = 2}}{{$a}}{{$a := "three"}}{{$a}}`},
		{text: `{{$a := .Title}}{{$b := $a}}{{$a = .Text}}{{$b}}|{{$a}}`},
		{text: `{{$a := 1}}{{if .Flag}}{{$a = 2}}{{end}}{{$a}}{{if .Flag}}{{$a := 3}}{{$a}}{{end}}{{$a}}`},
		{text: `{{$a := 1}}{{if .Flag}}{{$a := 2}}{{if .Flag}}{{$a = 9}}{{end}}{{$a}}{{end}}{{$a}}`},
		{text: `{{$a := 1}}{{with .Leaf}}{{$a = .N}}{{$a := 5}}{{$a = 6}}{{end}}{{$a}}`},
		{text: `{{$n := 0}}{{range .Ints}}{{$n = add $n .}}{{end}}{{$n}}`},
		{text: `{{$last := "none"}}{{range .List}}{{if ne . $last}}{{.}}{{end}}{{$last = .}}{{end}}{{$last}}`},
		{text: `{{$x := 1}}{{range $x := .Ints}}{{$x}}{{$x = 9}}{{$x}}{{end}}{{$x}}`},
		{text: `{{$i := 5}}{{$v := "v"}}{{range $i, $v = .List}}{{$i}}{{$v}}{{end}}{{$i}}{{$v}}`},
		{text: `{{$v := 0}}{{range $v = .Ints}}{{end}}{{$v}}`},
		{text: `{{$v := 0}}{{range $v = .Empty}}x{{else}}{{$v}}{{end}}{{$v}}`},
		{text: `{{$k := 0}}{{range $k, $k = .List}}{{$k}}{{end}}`},
		{text: `{{range $i, $v := .Ints}}{{$i = 7}}{{$v = "changed"}}{{$i}}{{$v}}{{end}}`},
		{text: `{{$a := .Leaf}}{{$a.Name}}{{$a.Next.Name}}{{$a.Show}}{{$a.Ptr}}`},
		{text: `{{$a := .AnyLeaf}}{{$a.Name}}{{$a = .Count}}{{$a}}{{$a = .M}}{{$a.a}}{{$a = nothing}}[{{$a}}]`},
		{text: `{{$a := .AnyLeaf}}{{$a.Ptr}}`, want: fails},
		{text: `{{$a := .AnyNil}}[{{$a}}]{{if $a}}x{{end}}{{$a.X}}`},
		{text: `{{$a := nil}}`, want: fails},
		{text: `{{$a := 1}}{{$a.X}}`, want: fails},
		{text: `{{$a := 1}}{{$a 2}}`, want: fails},
		{text: `{{$a := 1}}{{2 | $a}}`, want: fails},
		{text: `{{$.Title}} {{$.Leaf.Next.Name}} {{$.Value}} {{$.Add 1 2}}`},
		{text: `{{$ = .Leaf}}{{$.Name}}{{.Title}}`},
		{text: `{{$a := .Fn}}{{call $a "x"}}`},
		{text: `{{$a := printf "%d-%s" .Count .Title}}{{$a}}{{len $a}}`},
		{text: `{{$a := 1 | add 2 | add 3}}{{$a}}`},
		{text: `{{range .Leaves}}{{$l := .}}{{range .Tags}}{{$l.Name}}{{.}}{{$.Count}}{{end}}{{end}}`},
		{text: `{{range $i, $l := .Leaves}}{{range $j, $t := $l.Tags}}{{$i}}{{$j}}{{$t}}{{$l.Name}}{{end}}{{end}}`},
		{text: `{{with $a := .Title}}{{with $a := .}}{{$a}}{{end}}{{$a}}{{end}}`},
		{text: `{{define "t"}}{{$a := .}}{{$a}}{{$}}{{end}}{{$a := 1}}{{template "t" 2}}{{$a}}`},
		{text: `{{if $a := .Off}}{{else if $b := .Count}}{{$a}}{{$b}}{{end}}`},
		{text: `{{$a := 1}}{{if $a = 0}}x{{else}}{{$a}}{{end}}{{with $a = 5}}{{.}}{{end}}{{$a}}`},
		{text: `{{template "t" $a := .Title}}{{$a}}{{define "t"}}{{.}}{{end}}`},
		{text: `{{print ($x := 5) $x}}{{$x}}`, want: either},
		{text: `{{($x := .Title)}}{{$x}}`, want: either},
		{text: `{{if ($x := .Count)}}{{$x}}{{end}}{{with ($x := .Count)}}{{$x}}{{.}}{{end}}`, want: either},
		{text: `{{$x := 1}}{{or .Flag ($x := 5)}}{{$x}}`, want: either},
		{text: `{{$x := 1}}{{and .Flag ($x := 5)}}{{$x}}`, want: either},
		{text: `{{$x := 1}}{{or .Off ($x = 5)}}{{$x}}{{or .Flag ($x = 6)}}{{$x}}`, want: either},
		{text: `{{or .Flag ($x := 5)}}{{$x}}`, want: fails},
		{text: `{{range .Ints}}{{or (eq . 1) ($x := .)}}{{end}}`, want: either},
		{text: `{{$x := 0}}{{range .Ints}}{{and (eq . 1) ($x := .)}}{{$x}}{{end}}{{$x}}`, want: either},
		{text: `{{range $v := .Empty}}x{{else}}{{$v}}{{end}}{{range $k, $v := .Empty}}x{{else}}{{$k}}{{$v}}{{end}}`},
		{text: `{{range $k, $k := .List}}{{$k}}{{end}}`},
		{text: `{{range $i, $v := ($x := .List)}}{{$i}}{{$v}}{{$x}}{{end}}`, want: either},
		{text: `{{with $x := .Leaf}}{{$x = 5}}{{.Name}}{{$x}}{{end}}`},
		{text: `{{range $x := .Ints}}{{if eq $x 1}}{{$x = 100}}{{end}}{{$x}}{{end}}`},
		{text: `{{range .Ints}}{{$y := .}}{{if eq . 1}}{{$z := $y}}{{continue}}{{end}}{{$y}}{{end}}{{range .Ints}}{{$q := .}}{{$q}}{{end}}`},
		{text: `{{$x := 1}}{{if .Off}}{{$x := 2}}{{else}}{{$x}}{{end}}{{with .Off}}{{$x := 2}}{{else}}{{$x}}{{end}}{{range .Empty}}{{$x := 2}}{{else}}{{$x}}{{end}}`},
		{text: `{{$x := 1}}{{if .Off}}{{$x := 2}}{{else if .Zero}}{{$x := 3}}{{else}}{{$x}}{{$x = 4}}{{end}}{{$x}}`},
		{text: `{{if .Off}}{{$x := 2}}{{else}}{{$x}}{{end}}`, want: fails},
		{text: `{{range .Empty}}{{$x := 2}}{{else}}{{$x}}{{end}}`, want: fails},
		{text: `{{$a := "<b>"}}<p title="{{$a}}">{{$a}}</p><script>{{$a}}</script>`},
		{text: `{{$a := .HTML}}{{$a}}<p title="{{$a}}">{{$a = .Title}}{{$a}}`},
	}
}

func TestOracleRange(t *testing.T) { bothAll(t, rangeRows()) }

func rangeRows() []row {
	return []row{
		{text: `{{range .Ints}}<{{.}}>{{end}}{{range .Empty}}x{{else}}empty{{end}}{{range .NilS}}x{{else}}nil{{end}}`},
		{text: `{{range .List}}<{{.}}>{{end}}{{range $v := .List}}{{$v}}{{.}}{{end}}{{range $i, $v := .List}}{{$i}}{{$v}}{{.}}{{end}}`},
		{text: `{{range .Arr}}{{.}},{{end}}{{range $i, $v := .PArr}}{{$i}}{{$v}}{{end}}{{range .Arr0}}x{{else}}none{{end}}{{range .PList}}{{.}}{{end}}`},
		{text: `{{range .Nested}}({{range .}}{{.}}{{else}}-{{end}}){{end}}`},
		{text: `{{range .M}}{{.}};{{end}}{{range $k, $v := .M}}{{$k}}={{$v}};{{end}}{{range $v := .M}}{{$v}}{{end}}`},
		{text: `{{range $k, $v := .MIntKey}}{{$k}}={{$v}};{{end}}{{range $k, $v := .MF}}{{$k}}={{$v}};{{end}}{{range $k, $v := .MB}}{{$k}}={{$v}};{{end}}{{range $k, $v := .MU8Key}}{{$k}}{{$v}}{{end}}`},
		{text: `{{range $k, $v := .MAnyKey}}{{$k}}={{$v}};{{end}}`, want: either},
		{text: `{{range $k, $v := .MKind}}{{$k}}{{$v}}{{end}}`},
		{text: `{{range $k, $v := .MAny}}{{$k}};{{end}}{{range .MNil}}x{{else}}nil{{end}}{{range .MEmpty}}x{{else}}empty{{end}}{{range $k, $v := .PM}}{{$k}}{{$v}}{{end}}`},
		{text: `{{range $k, $v := .Typed}}{{$k}}{{$v}}{{end}}{{range .MList}}{{range .}}{{.}}{{end}}{{end}}`},
		{text: `{{range 3}}{{.}}{{end}}{{range 0}}x{{else}}none{{end}}{{range $i := 4}}{{$i}}{{end}}{{range -2}}x{{else}}neg{{end}}`},
		{text: `{{range .Count}}{{.}},{{end}}{{range .U8}}{{if lt . 3}}{{.}}{{end}}{{end}}{{range .Level}}{{.}}{{end}}{{range $x := .PInt}}{{$x}}{{end}}`},
		{text: `{{range $i := .Level}}{{$i.String}}{{end}}{{range $i := .U}}{{printf "%T" $i}}{{end}}`},
		{text: `{{range .I8}}x{{else}}negative{{end}}{{range .Zero}}x{{else}}zero{{end}}`},
		{text: `{{range $i, $v := 3}}x{{end}}`, want: fails},
		{text: `{{range .Title}}x{{end}}`, want: fails},
		{text: `{{range .F32}}x{{end}}`, want: fails},
		{text: `{{range .Flag}}x{{end}}`, want: fails},
		{text: `{{range .Leaf}}x{{end}}`, want: fails},
		{text: `{{range .Fn}}x{{end}}`, want: either},
		{text: `{{range .AnyNil}}x{{else}}nil{{end}}{{range .NilLeaf}}x{{else}}nil pointer{{end}}{{range .M.none}}x{{else}}y{{end}}`, want: fails},
		{text: `{{range .AnyNil}}x{{else}}nil{{end}}{{range .MAny.none}}x{{else}}missing{{end}}{{range nothing}}x{{else}}nothing{{end}}`},
		{text: `{{range .NilLeaf}}x{{else}}nil pointer{{end}}{{range .AnyTypedNil}}x{{else}}typed nil{{end}}`, want: either},
		{text: `{{range .AnyList}}{{.}}{{end}}{{range $k, $v := .AnyMap}}{{$k}}{{$v}}{{end}}{{range .PAny}}x{{end}}`, want: fails},
		{text: `{{range .AnyList}}{{.}}{{end}}{{range $k, $v := .AnyMap}}{{$k}}{{$v}}{{end}}`},
		{text: `{{range nil}}x{{end}}`, want: fails},
		{text: `{{range .Anys}}[{{.}}]{{end}}`, want: either},
		{text: `{{range $i, $v := .Anys}}{{$i}}{{if $v}}t{{else}}f{{end}}{{printf "%T" $v}}{{end}}`},
		{text: `{{range .Leaves}}{{.Name}}{{.Show}}{{.Ptr}}{{with .Next}}{{.Name}}{{end}}{{range .Tags}}{{.}}{{end}}{{else}}none{{end}}`},
		{text: `{{range .PLeafs}}{{if .}}{{.Name}}{{else}}nil{{end}}{{end}}`},
		{text: `{{range .PLeafs}}{{.Name}}{{end}}`, want: fails},
		{text: `{{range seq 3}}{{.}}{{end}}{{range list 1 "two" nil 3.5}}[{{.}}]{{end}}{{range $k, $v := dict "a" 1 "b" nil}}{{$k}}{{$v}}{{end}}`},
		{text: `{{range index .MList "l"}}{{.}}{{end}}{{range slice .Ints 1}}{{.}}{{end}}`},

		// break and continue.
		{text: `{{range .Ints}}{{if eq . 1}}{{break}}{{end}}{{.}}{{end}}after`},
		{text: `{{range .Ints}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}}after`},
		{text: `{{range .Ints}}a{{break}}b{{else}}none{{end}}{{range .Ints}}a{{continue}}b{{end}}`},
		{text: `{{range $k, $v := .M}}{{if eq $k "b"}}{{break}}{{end}}{{$v}}{{end}}{{range 10}}{{if gt . 2}}{{break}}{{end}}{{.}}{{end}}`},
		{text: `{{range .Nested}}{{range .}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}};{{if not .}}{{continue}}{{end}}!{{end}}`},
		{text: `{{range .Ints}}{{with $.Leaf}}{{if .N}}{{$x := 1}}{{continue}}{{end}}{{end}}x{{end}}{{$y := 5}}{{$y}}`},
		{text: `{{$n := 0}}{{range .Ints}}{{$n = .}}{{if eq . 1}}{{break}}{{end}}{{$m := .}}{{end}}{{$n}}`},
		{text: `{{range .List}}{{$a := .}}{{if eq $a ""}}{{continue}}{{end}}{{$b := printf "%s!" $a}}{{$b}}{{end}}`},
		{text: `{{range .Empty}}x{{else}}{{range .Ints}}{{.}}{{break}}{{end}}{{end}}`},

		// What can be read once is left to html/template.
		{text: `{{range .}}{{.}},{{else}}none{{end}}`, data: fresh(filled), want: handsOver},
		{text: `{{range $i, $v := .}}{{$i}}{{$v}}{{end}}`, data: fresh(filled), want: handsOver},
		{text: `{{range .}}{{.}},{{else}}none{{end}}`, data: (chan int)(nil), want: either},
		{text: `{{range .C}}{{.}}{{end}}`, data: fresh(func() any { return map[string]any{"C": filled()} }), want: handsOver},
		{text: `{{range .}}{{.}},{{else}}none{{end}}`, data: fresh(func() any { return countdown() }), want: handsOver},
		{text: `{{range $k, $v := .}}{{$k}}{{$v}}{{end}}`, data: fresh(func() any { return pairs() }), want: handsOver},
		{text: `{{range $k := .}}{{$k}}{{break}}{{end}}`, data: fresh(func() any { return pairs() }), want: handsOver},
		{text: `{{range $k, $v := .}}{{$k}}{{end}}`, data: fresh(func() any { return countdown() }), want: fails},
		{text: `{{range .}}{{.}}{{end}}`, data: make(chan<- int), want: fails},
		{text: `{{range .}}{{.}}{{$.Nowhere}}{{end}}`, data: fresh(filled), want: fails},
		{text: `{{len .}}`, data: fresh(filled)},
	}
}

func filled() any {
	c := make(chan int, 3)
	for i := range 3 {
		c <- i
	}
	close(c)
	return c
}

// countdown and pairs can be walked once.
func countdown() iter.Seq[int] {
	n := 3
	return func(yield func(int) bool) {
		for ; n > 0 && yield(n); n-- {
		}
	}
}

func pairs() iter.Seq2[string, int] {
	n := 3
	return func(yield func(string, int) bool) {
		for ; n > 0 && yield("k", n); n-- {
		}
	}
}

// level2 is a named value in an interface that is not empty.
type level2 int

func (level2) Label() string { return "level two" }
