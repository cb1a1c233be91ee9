package compile_test

import (
	"errors"
	"fmt"
	"html/template"
	"reflect"
	"strings"

	"github.com/dram-go/dram/framework/view/compile"
)

// visitor is the scope of every render.
type visitor struct {
	name string
	n    int
}

func (v *visitor) Label() string { return "visitor " + v.name }

var visit = &visitor{"<Visitor>", 5}

// made is what aPtr gives: one for both engines, since its address may be shown.
var made = &leaf{Name: "made ptr", N: 9}

// oracleFuncs are the functions of every template of the tables, those of the
// scope included.
func oracleFuncs() functions {
	funcs := functions{}
	for name, fn := range plainFuncs() {
		funcs[name] = compile.Func{Fn: fn}
	}
	for name, fn := range scopedFuncs() {
		funcs[name] = compile.Func{Fn: fn, Scoped: true}
	}
	return funcs
}

// scopedFuncs take the scope as their first argument: as a pointer, as an
// interface with methods, and as any.
func scopedFuncs() map[string]any {
	return map[string]any{
		"me":        func(v *visitor) string { return v.name },
		"mine":      func(v *visitor, s string) string { return v.name + "'s " + s },
		"mineN":     func(v *visitor, n int) int { return v.n + n },
		"mineAny":   func(v *visitor, x any) string { return fmt.Sprintf("%s %T", v.name, x) },
		"mineMany":  func(v *visitor, sep string, x ...any) string { return v.name + sep + fmt.Sprint(len(x)) },
		"mineErr":   func(v *visitor, fail bool) (string, error) { return refuse(v.name, fail) },
		"mineHTML":  func(v *visitor) template.HTML { return "<b>me</b>" },
		"mineBool":  func(v *visitor) bool { return v.n > 3 },
		"myself":    func(v *visitor) *visitor { return v },
		"byFace":    func(v named) string { return v.Label() },
		"byAny":     func(v any, s string) string { return fmt.Sprintf("%T %s", v, s) },
		"minePanic": func(v *visitor) string { panic("scoped <panics>") },
	}
}

// many is a named slice that speaks for itself.
type many []string

func (m many) String() string { return "many: " + strings.Join(m, "+") }

func refuse(s string, fail bool) (string, error) {
	if fail {
		return "", errors.New("refused " + s)
	}
	return s, nil
}

// plainFuncs are the functions of every template of the tables.
func plainFuncs() map[string]any {
	return map[string]any{
		"upper":    strings.ToUpper,
		"add":      func(a, b int) int { return a + b },
		"typeOf":   func(v any) string { return fmt.Sprintf("%T", v) },
		"join":     func(sep string, s ...string) string { return strings.Join(s, sep) },
		"anys":     func(v ...any) string { return fmt.Sprintf("%T", v) + fmt.Sprint(len(v)) },
		"list":     func(v ...any) []any { return v },
		"dict":     oracleDict,
		"fail":     func(s string) (string, error) { return "half", errors.New("fail <" + s + ">") },
		"fine":     func(s string) (string, error) { return s, nil },
		"explode":  func() string { panic("function <panics>") },
		"explodeE": func() string { panic(errMethod) },
		"deref":    func(p *string) string { return *p },
		"ptrLeaf":  func(l *leaf) bool { return l == nil },
		"valLeaf":  func(l leaf) string { return l.Name },
		"stringer": func(s fmt.Stringer) string { return s.String() },
		"asErr":    func(e error) bool { return e == nil },
		"asNamed":  func(n named) string { return fmt.Sprint(n == nil) },
		"i8":       func(i int8) string { return fmt.Sprint(i) },
		"u16":      func(u uint16) string { return fmt.Sprint(u) },
		"f32":      func(f float32) string { return fmt.Sprint(f) },
		"f64":      func(f float64) string { return fmt.Sprint(f) },
		"c128":     func(c complex128) string { return fmt.Sprint(c) },
		"boolean":  func(b bool) string { return fmt.Sprint(b) },
		"aKind":    func(k kind) string { return string(k) },
		"aMap":     func(m map[string]int) int { return len(m) },
		"aFunc":    func(f func(string) string) string { return f("x") },
		"safe":     func(s string) template.HTML { return template.HTML(s) },
		"trusted":  func(s string) template.URL { return template.URL(s) },
		"nothing":  func() any { return nil },
		"nilLeaf":  func() *leaf { return nil },
		"aLeaf":    func() leaf { return leaf{Name: "made", Extra: Extra{"up"}} },
		"aPtr":     func() *leaf { return made },
		"mapOf":    func() map[string]int { return map[string]int{"x": 24} },
		"counter":  func() func() int { n := 0; return func() int { n++; return n } },
		"bytes":    func() []byte { return []byte("<bytes>") },
		"seq":      func(n int) []int { return make([]int, max(0, min(n, 50))) },
		"pred":     func(n int) int { return max(n-1, 0) },
		"ident":    func(v any) any { return v },
		"noArgs":   func() string { return "<none>" },
		"toKind":   func(s string) kind { return kind(s) },
		"toSpeak":  func(s string) speaking { return speaking("I say " + s) },
		"toFail":   func(s string) (failing, error) { return failing("I failed " + s), nil },
		"toBag":    func(s string) bag { return bag{"k": s} },
		"toMany":   func(s ...string) many { return s },
		"toJS":     func(s string) template.JS { return template.JS(s) },
		"toJSStr":  func(s string) template.JSStr { return template.JSStr(s) },
		"toCSS":    func(s string) template.CSS { return template.CSS(s) },
		"toAttr":   func(s string) template.HTMLAttr { return template.HTMLAttr(s) },
		"toSrcset": func(s string) (template.Srcset, error) { return template.Srcset(s), nil },
		"value":    func(v reflect.Value) string { return fmt.Sprint(v.Kind(), v.IsValid() && v.CanAddr(), v) },
		"valuesOf": func(v ...reflect.Value) int { return len(v) },
		"asValue":  func(v any) reflect.Value { return reflect.ValueOf(v) },
		"html2":    func(s string) string { return "<" + s + ">" },
	}
}

// withVisitor is fn with a scope as its first parameter, as a function of its
// own shape.
func withVisitor(fn any) any {
	v := reflect.ValueOf(fn)
	t := v.Type()
	in := []reflect.Type{reflect.TypeFor[*visitor]()}
	for i := range t.NumIn() {
		in = append(in, t.In(i))
	}
	var out []reflect.Type
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		if got := args[0].Interface().(*visitor); got != visit {
			panic("another scope")
		}
		if t.IsVariadic() {
			return v.CallSlice(args[1:])
		}
		return v.Call(args[1:])
	}).Interface()
}
