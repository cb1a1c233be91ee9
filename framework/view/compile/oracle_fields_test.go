package compile_test

import (
	"html/template"
	"testing"
)

func TestOracleFields(t *testing.T) { bothAll(t, fieldRows()) }

func fieldRows() []row {
	return []row{
		{text: ``},
		{text: `only text & <b>markup</b>`},
		{text: `{{.Title}}`},
		{text: `a{{.Title}}b{{.Text}}c`},
		{text: `{{.Blank}}|{{.Flag}}|{{.Off}}|{{.Count}}|{{.Zero}}`},
		{text: `{{.I8}} {{.I64}} {{.U}} {{.U8}} {{.U64}}`},
		{text: `{{.F32}} {{.F64}} {{.C}} {{.Rune}}`},
		{text: `{{.Bytes}}`},
		{text: `{{.Kind}} {{.Level}} {{.Fold}}`},

		// Promoted fields, by value, by pointer, from a type without an exported name.
		{text: `{{.ID}} {{.Slug}}`},
		{text: `{{.Base.ID}} {{.Base}}`},
		{text: `{{.Name}} {{.Owner.Mail}} {{.Age}}`},
		{text: `{{.Deep}}`},
		{text: `{{.Leaf.Note}} {{.PLeaf.Extra.Note}} {{.Leaf.Next.Note}}`},
		{text: `{{.secret}}`, want: fails},
		{text: `{{.hidden}}`, want: fails},
		{text: `{{.hidden.Deep}}`, want: fails},
		{text: `{{.Name}}`, want: fails, data: &shop{}},
		{text: `{{.Owner.Name}}`, want: fails, data: &shop{}},
		{text: `{{if .Owner}}{{.Name}}{{else}}no owner{{end}}`, data: &shop{}},
		{text: `{{.Owner}}`, data: &shop{}},
		{text: `{{.Nowhere}}`, want: fails},
		{text: `{{.Leaf.Nowhere}}`, want: fails},
		{text: `{{.Count.Nowhere}}`, want: fails},
		{text: `{{.Title.Nowhere}}`, want: fails},
		{text: `{{.List.Nowhere}}`, want: fails},
		{text: `{{.title}}`, want: fails},

		// Pointers and nils.
		{text: `{{.PStr}} {{.PInt}} {{.PPInt}}`},
		{text: `{{.NilInt}} {{.NilStr}}`},
		{text: `{{.PLeaf.Name}} {{.PLeaf.Next.Name}}`},
		{text: `{{.NilLeaf}}`},
		{text: `{{.NilLeaf.Name}}`, want: fails},
		{text: `{{.PLeaf.Next.Next.Name}}`, want: fails},
		{text: `{{.NilLeaf.Nowhere}}`, want: fails},
		{text: `{{.Leaf}}`},
		{text: `{{.Dot}} {{.PDot}} {{.NilDot}}`},

		// Interfaces.
		{text: `{{.Any}} {{.AnyNil}} {{.AnyTypedNil}}`},
		{text: `{{.AnyLeaf.Name}} {{.AnyPLeaf.Name}} {{.AnyPLeaf.Next.N}}`},
		{text: `{{.AnyMap}} {{.AnyMap.k}} {{.AnyMap.none}}`},
		{text: `{{.AnyList}}`},
		{text: `{{.AnyNil.X}}`, want: fails},
		{text: `{{.AnyNil.X.Y}}`, want: fails},
		{text: `{{.AnyTypedNil.Name}}`, want: fails},
		{text: `{{.Any.X}}`, want: fails},
		{text: `{{.PAny}}`},
		{text: `{{.Named.Name}} {{.Named}} {{.PNamed}} {{.PNamed.Name}}`},
		{text: `{{.NamedNil}}`},
		{text: `{{.NamedNil.X}}`, want: fails},
		{text: `{{.NamedTypNil}}`},
		{text: `{{.NamedTypNil.N}}`, want: fails},
		{text: `{{.Str}} {{.Err}}`},
		{text: `{{.StrNil}}|{{.ErrNil}}`},

		// Collections.
		{text: `{{.List}} {{.Ints}} {{.Empty}} {{.NilS}} {{.Nested}}`},
		{text: `{{.Arr}} {{.PArr}} {{.Arr0}} {{.PList}}`},
		{text: `{{.Leaves}}`, want: either},
		{text: `{{.M}} {{.MInt}} {{.MIntKey}} {{.MF}} {{.MB}} {{.MAnyKey}} {{.MNil}} {{.MEmpty}}`},
		{text: `{{.Anys}}`, want: either},

		// Keys of maps, missing ones of every kind of element.
		{text: `{{.M.a}} {{.M.b}}`},
		{text: `{{.M.none}}|{{.MInt.none}}|{{.MBool.none}}|{{.MAny.none}}`},
		{text: `{{.MLeaf.none}}|{{.MPLeaf.none}}|{{.MList.none}}`},
		{text: `{{.MInt.one}} {{.MInt.zero}} {{.MBool.yes}} {{.MBool.no}}`},
		{text: `{{.MAny.s}} {{.MAny.n}} {{.MAny.nil}} {{.MAny.leaf.Name}} {{.MAny.m.in}}`},
		{text: `{{.MAny.none.deeper}}`},
		{text: `{{.MAny.nil.deeper}}`, want: fails},
		{text: `{{.MLeaf.x.Name}} {{.MPLeaf.x.Name}} {{.MList.l}}`},
		{text: `{{.MLeaf.none.Name}}`},
		{text: `{{.MPLeaf.none.Name}}`},
		{text: `{{.MPLeaf.nil.Name}}`, want: fails},
		{text: `{{.MPLeaf.nil}}`},
		{text: `{{.MInt.none.deeper}}`},
		{text: `{{.MInt.one.deeper}}`, want: fails},
		{text: `{{.MNil.x}}|{{.MEmpty.x}}`},
		{text: `{{.MKind.k}}`, want: fails},
		{text: `{{.MIntKey.three}}`, want: fails},
		{text: `{{.MAnyKey.s}} {{.MAnyKey.none}}`},
		{text: `{{.PM.p}} {{.PM.none}}`},
		{text: `{{.Typed.k}} {{.Typed.n}} {{.Typed.Size}} {{.Typed.Get "k"}}`},
		{text: `{{.M.a 1}}`, want: fails},
		{text: `{{1 | .M.a}}`, want: fails},
		{text: `{{.Title 1}}`, want: fails},
		{text: `{{1 | .Title}}`, want: fails},

		// Chains.
		{text: `{{(.Leaf).Name}} {{(.Leaf).Next.Name}} {{($.PLeaf).Name}}`},
		{text: `{{(index .Leaves 0).Name}} {{(index .MLeaf "x").Next.Name}}`},
		{text: `{{(index .M "a").X}}`, want: fails},
		{text: `{{(nil).X}}`, want: fails},
		{text: `{{(1).X}}`, want: fails},
		{text: `{{("s").X}}`, want: fails},
		{text: `{{(dict "a" 1).a}} {{(dict).b}}`},
		{text: `{{(.AnyNil).X}}`},
		{text: `{{(.Leaf.Next).Next}}`},
		{text: `{{aLeaf.Name}} {{(aLeaf).Note}} {{aLeaf.Show}} {{mapOf.x}} {{mapOf.none}}`},
		{text: `{{aPtr.Name}} {{(aPtr).Ptr}} {{aPtr.Ptr}}`},
		{text: `{{nothing.X}}`, want: fails},
		{text: `{{nilLeaf.Name}}`, want: fails},
	}
}

func TestOracleDots(t *testing.T) {
	var nilShop *shop
	var typedNilMap map[string]int
	for _, data := range []any{
		none{}, 0, 13, -1, uint8(3), 1.5, float32(.1), 1e21, 2i, true, false, 'x', "", "te<xt>", []byte("b"), []string{"a"}, []int(nil),
		[2]bool{true}, map[string]int{"b": 1, "a": 2}, typedNilMap, map[string]any{"Title": "m", "List": []int{1}}, map[string]string{"Title": "<s>"},
		struct{ Title string }{"anonymous"}, struct{ Title any }{nil}, struct{ title string }{"u"}, &struct{ Title *string }{}, ptr("pointer"), ptr(ptr(7)), (*string)(nil), nilShop,
		kind("k"), grade(1), fold{}, dot{3}, &dot{4}, leaf{Name: "l"}, &leaf{}, errMethod, noon, &noon, template.HTML("<b>"), template.URL("u"), bag{"Title": 1},
		marshal{1}, func() {}, []any{nil, 1, "x"}, errStruct{}, &errStruct{}, both2{}, newShop(), *newShop(),
	} {
		for _, text := range []string{
			`{{.}}`, `{{$}}`, `{{.Title}}`, `{{$.Title}}`, `{{if .}}yes{{else}}no{{end}}`, `{{with .}}[{{.}}]{{end}}`, `{{len .}}`, `{{range .}}<{{.}}>{{else}}none{{end}}`,
			`{{range $k, $v := .}}{{$k}}={{$v}};{{end}}`, `{{not .}}`, `{{print .}}`, `{{printf "%v %T" . .}}`, `{{html .}}`, `{{js .}}`, `{{urlquery .}}`, `{{eq . .}}`, `{{eq . 13}}`, `{{ne . "x"}}`,
			`{{lt . 14}}`, `{{index . 0}}`, `{{index . "Title"}}`, `{{slice . 0 1}}`, `{{and . 1}}`, `{{or . 1}}`, `{{typeOf .}}`, `{{anys . .}}`, `{{.String}}`, `{{.Error}}`, `{{.Name}}`, `{{call .}}`,
			`{{template "t" .}}{{define "t"}}{{.}}{{$}}{{end}}`, `<a href="{{.}}" title='{{.}}' x={{.}}><script>{{.}}</script><style>a{b:{{.}}}</style>`,
		} {
			t.Run(text, func(t *testing.T) { both(t, row{text, either, data}, oracleFuncs()) })
		}
	}
}

// errStruct is an error by value, both2 is a Stringer and an error.
type (
	errStruct struct{}
	both2     struct{}
)

func (errStruct) Error() string { return "err<struct>" }
func (both2) Error() string     { return "as error" }
func (both2) String() string    { return "as string" }
