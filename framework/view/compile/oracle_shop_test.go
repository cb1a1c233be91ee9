package compile_test

import (
	"errors"
	"fmt"
	"html/template"
	"time"
)

// noon is a fixed instant with a zone of its own.
var noon = time.Date(2026, 11, 21, 12, 30, 5, 7000, time.FixedZone("KST", 9*3600))

// newShop returns the rich data of the tables, with hostile strings in it.
func newShop() *shop {
	tree := leaf{Name: "<root>", N: 1, Tags: []string{"a", "b&c"}, Extra: Extra{"note"}}
	tree.Next = &leaf{Name: "next", N: 2}
	s := &shop{
		Base: Base{7, "blue-<shoe>"}, Owner: &Owner{"Kim & Lee", "k@example.org", 41}, hidden: hidden{"deep", "s"},
		Title: `Tom & "Jerry's" <b>`, Text: "line\nO'Neil </script> \u2028 한글 + 50%",
		Flag: true, Count: 42, I8: -8, I64: -1 << 62, U: 9, U8: 200, U64: 1 << 63, F32: 1.5, F64: 1e21, C: 3 - 2i, Rune: '한',
		Bytes: []byte("by<tes"), Kind: "k<ind", Level: 3, Fold: fold{1, 2},
		PStr: ptr("p<str"), PInt: ptr(5), PPInt: ptr(ptr(6)), Leaf: tree, PLeaf: &tree, Dot: dot{1}, PDot: &dot{2},
		Any: "any <thing>", AnyTypedNil: (*leaf)(nil), AnyLeaf: tree, AnyPLeaf: &tree, AnyMap: map[string]any{"k": "v<"}, AnyList: []string{"x", "<y>"},
		PAny: ptr[any]("boxed"), Named: tree, NamedTypNil: (*leafPtr)(nil), PNamed: ptr[named](tree), Str: grade(4), Err: errors.New("an <error>"),
		List: []string{"one", "<two>", ""}, Ints: []int{3, 1, 2}, Empty: []int{}, Leaves: []leaf{tree, {Name: "second"}}, PLeafs: []*leaf{&tree, nil, {Name: "third"}},
		Anys: []any{1, "two<", nil, 3.5, true, &tree, []int{1}, template.HTML("<hr>"), (*leaf)(nil)}, Names: []named{tree, nil}, Nested: [][]int{{1, 2}, nil, {3}},
		Arr: [3]int{7, 8, 9}, PArr: &[3]string{"p", "q", "<r>"}, PList: &[]string{"in", "list"},
		M: map[string]string{"b": "<bee>", "a": "ay", "key with space": "sp"}, MInt: map[string]int{"one": 1, "zero": 0}, MBool: map[string]bool{"yes": true, "no": false},
		MAny:  map[string]any{"s": "str<", "n": 1, "nil": nil, "leaf": tree, "m": map[string]any{"in": "deep"}, "f": func() string { return "called" }},
		MLeaf: map[string]leaf{"x": tree}, MPLeaf: map[string]*leaf{"x": &tree, "nil": nil}, MList: map[string][]string{"l": {"1", "2"}}, MKind: map[kind]int{"k": 1},
		MIntKey: map[int]string{3: "three", -1: "minus", 10: "ten"}, MU8Key: map[uint8]string{1: "u"}, MF: map[float64]string{2.5: "f", 1: "g"}, MB: map[bool]string{true: "t", false: "f"},
		MAnyKey: map[any]int{"s": 1, 2: 2, true: 3}, MEmpty: map[string]int{}, PM: &map[string]string{"p": "m"}, Typed: bag{"k": "<bag>", "n": 5},
		When: noon, PWhen: ptr(noon.Add(time.Hour)), Span: 90 * time.Second,
		HTML: `<b title="x">bold</b> &amp; <!-- c -->`, Attr: `dir="ltr"`, JS: `f("<x>")`, JSStr: `it\'s </b>`, CSS: `color: red`, URL: `javascript:ok('a b')`, Srcset: `a.png 1x, b.png 2x`,
		PHTML: ptr(template.HTML("<u>p</u>")), JSON: marshal{"<v>"}, PJSON: &marshalPtr{"p"}, Tagged: tagged{"<a>", 0, nil, []any{1, "x", nil}},
	}
	s.Kids = []*shop{{Title: "kid", Base: Base{8, "kid"}}}
	s.setFuncs()
	return s
}

func (s *shop) setFuncs() {
	s.Fn = func(in string) string { return "fn(" + in + ")" }
	s.FnErr = func(fail bool) (string, error) {
		if fail {
			return "", errMethod
		}
		return "fine", nil
	}
	s.FnPanic = func() string { panic("field <panics>") }
	s.FnVar = func(s string, n ...int) string { return fmt.Sprint(s, n) }
	s.FnAny = func(v any) string { return fmt.Sprintf("%T", v) }
	s.FnPtr = func(l *leaf) string { return fmt.Sprint(l == nil) }
	s.FnNone = func() {}
	s.FnThree = func() (int, int, error) { return 1, 2, nil }
	s.FnMap = func() map[string]string { return map[string]string{"k": "from fn"} }
}

// leafPtr has the method of named on its pointer.
type leafPtr struct{ N int }

func (l *leafPtr) Label() string {
	if l == nil {
		return "nil leafPtr"
	}
	return fmt.Sprint("leafPtr ", l.N)
}

func oracleDict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("key %d is %T", i, pairs[i])
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}
