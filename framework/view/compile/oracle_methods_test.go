package compile_test

import "testing"

func TestOracleMethods(t *testing.T) { bothAll(t, methodRows()) }

func methodRows() []row {
	return []row{
		{text: `{{.Value}} {{.Pointer}}`},
		{text: `{{.Value}}`, data: *newShop()},
		{text: `{{.Pointer}}`, data: *newShop(), want: fails},
		{text: `{{.Path}} {{.PtrPath}} {{.With "a=b&c"}} {{.Base.Path}} {{.Itself.Path}}`},
		{text: `{{.PtrPath}}`, data: *newShop(), want: fails},
		{text: `{{.Itself.PtrPath}}`, want: fails},
		{text: `{{.Shadow}} {{.Base.Shadow}}`},
		{text: `{{.List}} {{.Base.List 3}}`},
		{text: `{{.Hello "<Hi>"}} {{.Safe}} {{.Owner.Safe}}`},
		{text: `{{.Safe}} {{.Owner.Safe}}`, data: &shop{}},
		{text: `{{.Owner.Hello "x"}}`, data: &shop{}, want: fails},
		{text: `{{.Reveal}}`},
		{text: `{{.hidden.Reveal}}`, want: fails},

		// Arguments: constants for each type of parameter, fields, pipelines.
		{text: `{{.Add 1 2}} {{.Add .Count 1}} {{.Add .Count .ID}} {{1 | .Add 2}} {{.Add (.Add 1 2) 3}}`},
		{text: `{{.Add 1}}`, want: fails},
		{text: `{{.Add 1 2 3}}`, want: fails},
		{text: `{{.Add 1 "2"}}`, want: fails},
		{text: `{{.Add 1 .U}}`, want: fails},
		{text: `{{.Add 1 .I8}}`, want: fails},
		{text: `{{.Add 1 2.0}} {{.Add 1 'x'}} {{.Add 1 1e3}}`},
		{text: `{{.Add 1 2.5}}`, want: fails},
		{text: `{{.Add 1 .PInt}}`},
		{text: `{{.Add 1 .NilInt}}`, want: fails},
		{text: `{{.Add 1 .AnyNil}}`, want: fails},
		{text: `{{.Add 1 .MAny.n}} {{.Add 1 (index .Anys 0)}}`},
		{text: `{{.Add 1 .MAny.s}}`, want: fails},
		{text: `{{.Add 1 .MInt.none}}`, want: fails},
		{text: `{{.Kinds 1 2 3 true "k"}} {{.Kinds .I8 9 .F32 .Flag .Kind}} {{.Kinds -5 'a' 1e2 false ""}}`},
		{text: `{{.Kinds 300 2 3 true "k"}}`, want: either},
		{text: `{{.Kinds 1 -2 3 true "k"}}`, want: fails},
		{text: `{{.Kinds 1 2 3 1 "k"}}`, want: fails},
		{text: `{{.Kinds 1 2 3 true .Title}}`, want: fails},
		{text: `{{.Join ","}} {{.Join "," "a"}} {{.Join "," "a" .Title "c"}} {{"z" | .Join "," "y"}} {{"z" | .Join}}`},
		{text: `{{.Join}}`, want: fails},
		{text: `{{.Join "," 1}}`, want: fails},
		{text: `{{.Join "," .List}}`, want: fails},
		{text: `{{.Join "," .PStr}}`},
		{text: `{{.Join "," .NilStr}}`, want: fails},
		{text: `{{.Sum}} {{.Sum 1}} {{.Sum 1 2 .Count}} {{4 | .Sum 1}}`},
		{text: `{{.ManyAny}} {{.ManyAny nil}} {{.ManyAny 1 nil .AnyNil .NilLeaf}} {{nothing | .ManyAny}}`},

		// Interfaces, pointers and addresses as parameters.
		{text: `{{.Takes 1}} {{.Takes "s"}} {{.Takes true}} {{.Takes 1.5}} {{.Takes 'c'}} {{.Takes 2i}}`},
		{text: `{{.Takes nil}} {{.Takes .}} {{.Takes $}} {{.Takes .Leaf}} {{.Takes .PLeaf}} {{.Takes .NilLeaf}} {{.Takes .AnyNil}} {{.Takes .AnyLeaf}} {{.Takes .Named}} {{.Takes .NamedNil}}`},
		{text: `{{.Takes .Kind}} {{.Takes .Level}} {{.Takes .When}} {{.Takes .HTML}} {{.Takes .Any}} {{.Takes .PAny}} {{.Takes .MAny.none}} {{.Takes (index .Anys 2)}}`},
		{text: `{{.TakesNamed .Leaf}} {{.TakesNamed .PLeaf}} {{.TakesNamed .Named}} {{.TakesNamed .NamedNil}} {{.TakesNamed .AnyLeaf}} {{.TakesNamed nil}} {{.TakesNamed .NamedTypNil}}`},
		{text: `{{.TakesNamed .Count}}`, want: fails},
		{text: `{{.TakesNamed .AnyMap}}`, want: fails},
		{text: `{{.TakesNamed "s"}}`, want: fails},
		{text: `{{.TakesPtr .PLeaf}} {{.TakesPtr .Leaf}} {{.TakesPtr .NilLeaf}} {{.TakesPtr nil}} {{.TakesPtr (index .Leaves 0)}} {{.TakesPtr .AnyPLeaf}} {{.TakesPtr .AnyTypedNil}}`},
		{text: `{{.TakesPtr .AnyNil}}`, want: fails},
		{text: `{{.TakesPtr .AnyLeaf}}`, want: fails},
		{text: `{{.TakesPtr .First}}`, want: fails},
		{text: `{{.TakesPtr (index .MLeaf "x")}}`, want: fails},
		{text: `{{.TakesErr .Err}} {{.TakesErr .ErrNil}} {{.TakesErr nil}}`},
		{text: `{{.TakesErr .Str}}`, want: fails},
		{text: `{{.Leaf.Same .PLeaf}} {{.Leaf.Same .AnyLeaf}} {{.PLeaf.Same .Leaf}} {{.Leaf.SamePtr .Leaf}} {{.Leaf.SamePtr .PLeaf}}`},
		{text: `{{.Leaf.Same .NilLeaf}}`, want: fails},
		{text: `{{.Leaf.Same .AnyNil}}`, want: fails},

		// Receivers: addressable or not, nil, in interfaces, in maps and slices.
		{text: `{{.Leaf.Show}} {{.Leaf.Ptr}} {{.PLeaf.Show}} {{.PLeaf.Ptr}} {{.Leaf.Loud}} {{.PLeaf.Loud}}`},
		{text: `{{.NilLeaf.IsNil}} {{.NilPtr.IsNil}} {{.AnyTypedNil.IsNil}}`},
		{text: `{{.NilLeaf.Show}}`, want: fails},
		{text: `{{.NilLeaf.Ptr}}`, want: fails},
		{text: `{{.NilLeaf.Loud}}`, want: fails},
		{text: `{{.AnyTypedNil.Show}}`, want: fails},
		{text: `{{.AnyLeaf.Show}} {{.AnyPLeaf.Show}} {{.AnyPLeaf.Ptr}} {{.Named.Label}} {{.Named.Show}} {{.PNamed.Label}} {{.NamedTypNil.Label}}`},
		{text: `{{.AnyLeaf.Ptr}}`, want: fails},
		{text: `{{.NamedNil.Label}}`, want: fails},
		{text: `{{.MLeaf.x.Show}} {{.MPLeaf.x.Ptr}} {{.MAny.leaf.Show}}`},
		{text: `{{.MLeaf.x.Ptr}}`, want: fails},
		{text: `{{.MPLeaf.nil.Show}}`, want: fails},
		{text: `{{range .Leaves}}{{.Show}}{{.Ptr}}{{end}}`},
		{text: `{{range .MLeaf}}{{.Show}}{{end}}`},
		{text: `{{range .MLeaf}}{{.Ptr}}{{end}}`, want: fails},
		{text: `{{range .PLeafs}}{{.IsNil}}{{with .}}{{.Show}}{{end}}{{end}}`},
		{text: `{{range .Names}}{{if .}}{{.Label}}{{end}}{{end}}`},
		{text: `{{range .Kids}}{{.Value}}{{.Pointer}}{{.Path}}{{end}}`},
		{text: `{{.First.Show}} {{.Self.Pointer}} {{.Self.Self.Leaf.Ptr}} {{.MapOf.x.Name}} {{.NilMap.x}}`},
		{text: `{{.First.Ptr}}`, want: fails},
		{text: `{{.NilPtr.Name}}`, want: fails},
		{text: `{{.Leaf.Child.Show}} {{.Leaf.Child.Plus 5}} {{.Leaf.Plus .Count}} {{.Leaf.More}} {{.Leaf.More "a" "b"}}`},
		{text: `{{.Leaf.Child.Deref}}`, want: fails},
		{text: `{{.Dot.String}} {{.PDot.String}} {{.NilDot.String}} {{.Fold.String}} {{.Level.String}} {{.Str.String}} {{.Err.Error}}`},
		{text: `{{.StrNil.String}}`, want: fails},
		{text: `{{.ErrNil.Error}}`, want: fails},
		{text: `{{.Nothing}} {{.Nothing | printf "%v"}}`},
		{text: `{{.Nothing.X}}`, want: fails},
		{text: `{{.NoError}}`},
		{text: `{{.Trusted}} {{.Shadow.X}}`, want: fails},
		{text: `{{.Trusted}}`},

		// Errors and panics.
		{text: `{{.Err1 false}} {{.Base.Fails false}}`},
		{text: `before {{.Err1 true}} after`, want: fails},
		{text: `{{.Fails true}}`, want: fails},
		{text: `{{if .Err1 true}}x{{end}}`, want: fails},
		{text: `{{.Panics}}`, want: fails},
		{text: `{{.PanicsErr}}`, want: fails},
		{text: `{{range .Ints}}{{$.Panics}}{{end}}`, want: fails},
		{text: `{{.Value 1}}`, want: fails},
		{text: `{{1 | .Value}}`, want: fails},

		// time.Time, which has shortcuts.
		{text: `{{.When}} {{.PWhen}} {{.NoW}} {{.Span}}`},
		{text: `{{.When.Format "2006-01-02 15:04"}} {{.PWhen.Format "Jan <2>"}} {{.When.Year}} {{.When.Month}} {{.When.Weekday}} {{.When.Unix}} {{.When.UTC}} {{.When.IsZero}}`},
		{text: `{{.NoW.Format "x"}}`, want: fails},
		{text: `{{"15:04" | .When.Format}} {{$f := "02.01."}}{{.When.Format $f}} {{.When.Format .Title}} {{.When.Format (printf "%s" "2006")}}`},
		{text: `{{.When.Format}}`, want: fails},
		{text: `{{.When.Format 1}}`, want: fails},
		{text: `{{.When.Format "a" "b"}}`, want: fails},
		{text: `{{.When.Format .Kind}}`, want: fails},
		{text: `{{.When.Format .Any}} {{.When.Format .PStr}}`},
		{text: `{{(.When.Add .Span).Format "15:04:05"}} {{.When.Sub .When}} {{.PWhen.After .When}} {{.When.Before .PWhen}} {{.When.Equal .PWhen}} {{.Span.Seconds}} {{.Span.String}}`},
		{text: `{{.When.String}} {{.When.Date}}`, want: fails},
		{text: `{{(index .Times 0).Year}}`, want: fails},
	}
}

// Methods of types that hide, promote and collide.
func TestOraclePromotion(t *testing.T) {
	type inner struct{ A, B string }
	type Left struct{ X, Both string }
	type Right struct{ Y, Both string }
	type Deep struct{ *Left }
	type Iface struct{ named }
	data := map[string]any{
		"ambiguous": struct {
			Left
			Right
		}{Left{"x", "l"}, Right{"y", "r"}},
		"unexported": struct{ inner }{inner{"a", "b"}},
		"unexptr":    struct{ *inner }{&inner{"a", "b"}},
		"unexptrnil": struct{ *inner }{},
		"deep":       struct{ Deep }{Deep{&Left{X: "deep"}}},
		"deepnil":    struct{ Deep }{},
		"iface":      Iface{leaf{Name: "in"}},
		"ifacenil":   Iface{},
		"shadow": struct {
			Left
			X int
		}{Left{X: "hidden"}, 5},
		"stringer": struct{ grade }{3},
		"time":     struct{ Created }{Created{noon}},
		"mapfield": map[string]func() string{"f": func() string { return "x" }},
	}
	var rows []row
	for _, text := range []string{
		`{{.ambiguous.X}}{{.ambiguous.Y}}`, `{{.unexported.A}}`, `{{.unexptr.B}}`, `{{.deep.X}}`, `{{.iface.Label}}`, `{{.shadow.X}} {{.shadow.Left.X}}`,
		`{{.stringer}}`, `{{.stringer.String}}`, `{{.time.Year}}`, `{{.time}}`, `{{call .mapfield.f}}`, `{{.time.Format "15"}}`,
	} {
		rows = append(rows, row{text: text, data: data})
	}
	for _, text := range []string{`{{.ambiguous.Both}}`, `{{.unexptrnil.A}}`, `{{.deepnil.X}}`, `{{.ifacenil.Label}}`, `{{.mapfield.f.X}}`, `{{.unexported.inner}}`} {
		rows = append(rows, row{text, fails, data})
	}
	bothAll(t, rows)
}
