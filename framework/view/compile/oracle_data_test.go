package compile_test

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"time"
)

// shop is the data of the tables and of the fuzzers: every kind of field that
// a template can meet, in one type.
type shop struct {
	Base
	*Owner
	hidden
	Lost *Owner

	Title, Text, Blank string
	Flag, Off          bool
	Count, Zero        int
	I8                 int8
	I64                int64
	U                  uint
	U8                 uint8
	U64                uint64
	F32                float32
	F64                float64
	C                  complex128
	Rune               rune
	Bytes              []byte
	Kind               kind
	Level              grade
	Fold               fold

	PStr        *string
	PInt        *int
	PPInt       **int
	NilInt      *int
	NilStr      *string
	Leaf        leaf
	PLeaf       *leaf
	NilLeaf     *leaf
	Dot         dot
	PDot        *dot
	NilDot      *dot
	Any         any
	AnyNil      any
	AnyTypedNil any
	AnyLeaf     any
	AnyPLeaf    any
	AnyMap      any
	AnyList     any
	PAny        *any
	Named       named
	NamedNil    named
	NamedTypNil named
	PNamed      *named
	Str         fmt.Stringer
	StrNil      fmt.Stringer
	Err         error
	ErrNil      error

	List   []string
	Ints   []int
	Empty  []int
	NilS   []int
	Leaves []leaf
	PLeafs []*leaf
	Anys   []any
	Names  []named
	Nested [][]int
	Arr    [3]int
	PArr   *[3]string
	Arr0   [0]int
	PList  *[]string
	Kids   []*shop

	M       map[string]string
	MInt    map[string]int
	MBool   map[string]bool
	MAny    map[string]any
	MLeaf   map[string]leaf
	MPLeaf  map[string]*leaf
	MList   map[string][]string
	MKind   map[kind]int
	MIntKey map[int]string
	MU8Key  map[uint8]string
	MF      map[float64]string
	MB      map[bool]string
	MAnyKey map[any]int
	MNil    map[string]int
	MEmpty  map[string]int
	PM      *map[string]string
	Typed   bag

	When  time.Time
	PWhen *time.Time
	NoW   *time.Time
	Span  time.Duration

	HTML   template.HTML
	Attr   template.HTMLAttr
	JS     template.JS
	JSStr  template.JSStr
	CSS    template.CSS
	URL    template.URL
	Srcset template.Srcset
	PHTML  *template.HTML
	JSON   marshal
	PJSON  *marshalPtr
	BadJ   badMarshal
	Tagged tagged

	Fn      func(string) string
	FnNil   func() string
	FnErr   func(bool) (string, error)
	FnPanic func() string
	FnVar   func(string, ...int) string
	FnAny   func(any) string
	FnPtr   func(*leaf) string
	FnNone  func()
	FnThree func() (int, int, error)
	FnMap   func() map[string]string
}

// Base and Owner are embedded: their fields and methods are promoted.
type Base struct {
	ID   int
	Slug string
}

func (b Base) Path() string         { return fmt.Sprintf("/item/%d-%s", b.ID, b.Slug) }
func (b *Base) PtrPath() string     { return fmt.Sprintf("/ptr/%d", b.ID) }
func (b Base) With(q string) string { return b.Path() + "?" + q }
func (b Base) Shadow() string       { return "base" }
func (b Base) Itself() Base         { return b }
func (b Base) List(n int) []int     { return []int{b.ID, n} }
func (b Base) Fails(no bool) (string, error) {
	if no {
		return "half", errors.New("Base <refused>")
	}
	return "fine", nil
}

// Owner may be nil where it is embedded.
type Owner struct {
	Name, Mail string
	Age        int
}

func (o *Owner) Hello(s string) string { return s + ", " + o.Name }
func (o *Owner) Safe() string {
	if o == nil {
		return "nobody"
	}
	return o.Name
}

// hidden has no exported name but exported members.
type hidden struct {
	Deep   string
	secret string
}

func (h hidden) Reveal() string { return h.Deep + "!" }

type (
	kind  string
	grade int
	fold  struct{ A, B int } // Stringer by value
	bag   map[string]any     // a named map with methods
	dot   struct{ N int }    // Stringer by pointer
)

func (l grade) String() string { return fmt.Sprintf("<level %d>", int(l)) }
func (f fold) String() string  { return fmt.Sprintf("%d&%d", f.A, f.B) }
func (d *dot) String() string {
	if d == nil {
		return "nil dot"
	}
	return fmt.Sprintf("<dot %d>", d.N)
}
func (b bag) Size() int        { return len(b) }
func (b bag) Get(k string) any { return b[k] }

// leaf is a small struct with methods on the value and on the pointer.
type leaf struct {
	Name string
	N    int
	Next *leaf
	Tags []string
	Extra
}

// Extra is embedded in leaf: two levels of promotion.
type Extra struct{ Note string }

func (e Extra) Loud() string           { return strings.ToUpper(e.Note) }
func (l leaf) Show() string            { return l.Name + "#" + fmt.Sprint(l.N) }
func (l *leaf) Ptr() string            { return "ptr " + l.Name }
func (l leaf) Plus(n int) int          { return l.N + n }
func (l leaf) Same(o leaf) bool        { return l.Name == o.Name }
func (l leaf) SamePtr(o *leaf) bool    { return o != nil && l.Name == o.Name }
func (l *leaf) IsNil() bool            { return l == nil }
func (l leaf) Child() *leaf            { return l.Next }
func (l leaf) Deref() string           { return l.Next.Name }
func (l leaf) Label() string           { return "leaf " + l.Name }
func (l leaf) More(s ...string) string { return l.Name + strings.Join(s, "+") }

// named is an interface that is not empty.
type named interface{ Label() string }

type marshal struct{ V any }

func (m marshal) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{ "</v>": %q }`, fmt.Sprint(m.V)), nil
}

type marshalPtr struct{ V string }

func (m *marshalPtr) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `[%q, "\u2028 </script>"]`, m.V), nil
}

type badMarshal struct{}

func (badMarshal) MarshalJSON() ([]byte, error) { return nil, errors.New("no */ JSON <!-- </script>") }

type tagged struct {
	A string `json:"a"`
	B int    `json:"b,omitempty"`
	C *int   `json:"-"`
	D []any
}

func ptr[T any](v T) *T { return &v }

// Methods of the page's own type.

func (s shop) Value() string                        { return "value " + s.Title }
func (s *shop) Pointer() string                     { return "pointer " + s.Title }
func (s *shop) Add(a, b int) int                    { return a + b }
func (s *shop) Join(sep string, l ...string) string { return strings.Join(l, sep) }
func (s *shop) Sum(n ...int) (t int) {
	for _, x := range n {
		t += x
	}
	return t
}
func (s *shop) Kinds(i int8, u uint16, f float32, b bool, k kind) string {
	return fmt.Sprint(i, u, f, b, k)
}
func (s *shop) Takes(v any) string        { return fmt.Sprintf("%T", v) }
func (s *shop) TakesNamed(n named) string { return fmt.Sprintf("%T", n) }
func (s *shop) TakesPtr(l *leaf) bool     { return l == nil }
func (s *shop) TakesErr(err error) string { return fmt.Sprint(err) }
func (s *shop) Err1(fail bool) (string, error) {
	if fail {
		return "", fmt.Errorf("shop: %w", errMethod)
	}
	return "no error", nil
}
func (s *shop) Panics() string                { panic("method <panics>") }
func (s *shop) PanicsErr() string             { panic(errMethod) }
func (s *shop) NilMap() map[string]int        { return nil }
func (s *shop) MapOf() map[string]leaf        { return s.MLeaf }
func (s *shop) Nothing() any                  { return nil }
func (s *shop) NilPtr() *leaf                 { return nil }
func (s *shop) NoError() error                { return nil }
func (s *shop) Self() *shop                   { return s }
func (s *shop) First() leaf                   { return s.Leaf }
func (s *shop) Func() func(int) int           { return func(n int) int { return n * 2 } }
func (s *shop) Trusted() template.HTML        { return "<i>ok</i>" }
func (s *shop) ManyAny(v ...any) int          { return len(v) }
func (s *shop) Variadic(l ...string) []string { return l }
func (s *shop) Shadow() string                { return "shop" }

var errMethod = errors.New("it <did> not work")

// Created embeds a time, as models do.
type Created struct{ At }

// At is time.Time under the name of an embedded field.
type At = time.Time
