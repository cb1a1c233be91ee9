package compile_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// roots are the types that the dot of a page or of a template can have.
var roots = []reflect.Type{
	reflect.TypeFor[*shop](), reflect.TypeFor[shop](), reflect.TypeFor[*shop](), reflect.TypeFor[leaf](), reflect.TypeFor[*leaf](), reflect.TypeFor[map[string]any](), reflect.TypeFor[map[string]leaf](),
	reflect.TypeFor[[]leaf](), reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[any](), reflect.TypeFor[[]string](), reflect.TypeFor[[]any](),
}

// author writes pages.
type author struct {
	speaker
	strings.Builder
	of        string      // the template, "" for the page
	called    []template0 // what can be called from here
	loops     int
	nesting   int
	variables int
}

type template0 struct {
	name string
	dot  reflect.Type
}

// anyPage is a page and the type of the dot that it was written for.
func anyPage(c *choices) (text string, root reflect.Type) {
	root = roots[c.n(len(roots))]
	var all []template0
	for i := range c.n(4) {
		all = append(all, template0{fmt.Sprint("t", i), roots[c.n(len(roots))]})
	}
	a := &author{speaker: speaker{choices: c, dot: root, root: root}, called: all}
	a.block(1 + c.n(5))
	for i, t := range all {
		// A template calls only later ones: no page runs for ever.
		body := &author{speaker: speaker{choices: c, dot: t.dot, root: t.dot}, of: t.name, called: all[i+1:]}
		body.block(1 + c.n(3))
		a.WriteString("{{define \"" + t.name + "\"}}" + body.String() + "{{end}}")
	}
	return a.String(), root
}

func (a *author) block(parts int) {
	a.nesting++
	seen := len(a.vars)
	for range parts {
		a.part()
	}
	a.vars = a.vars[:seen]
	a.nesting--
}

func (a *author) part() {
	if a.nesting > 4 || a.budget <= 0 {
		a.hole()
		return
	}
	switch a.n(17) {
	case 0, 1:
		a.WriteString(pick(a.choices, " text ", "\n  ", "a & b", "<br>", "<hr/>", "&amp;", "{{/* note */}}", "{{- \"x\" -}}"))
	case 2, 3, 4:
		a.hole()
	case 5, 6, 7:
		a.element()
	case 8:
		a.raw()
	case 9, 10:
		a.condition()
	case 11:
		a.with()
	case 12, 13:
		a.each()
	case 14:
		a.declare()
	case 15:
		a.assign()
	default:
		a.call()
	}
}

// delimiters sometimes take the space around an action away.
func (a *author) action(text string) {
	switch a.n(14) {
	case 12:
		a.WriteString("{{- " + text + "}}")
	case 13:
		a.WriteString("{{" + text + " -}}")
	default:
		a.WriteString("{{" + text + "}}")
	}
}

func (a *author) hole() {
	text, _ := a.expr()
	a.action(text)
}

// value is what stands in an attribute or a script: a hole, or a branch.
func (a *author) value() {
	switch a.n(10) {
	case 8:
		text, _ := a.expr()
		a.action("if " + text)
		a.hole()
		if a.n(2) == 0 {
			a.action("else")
			a.hole()
		}
		a.action("end")
	case 9:
		a.call()
	default:
		a.hole()
	}
}

// shapes are the elements of a page; ¤ is where values stand.
var shapes = []string{
	`<p class="¤">`, `<p title='a ¤ b'>`, `<i data-x=¤>`, `<a href="¤">`, `<a href="/q/¤?x=¤&y=¤#¤">`, `<a href='¤' title="¤">`, `<img src="/¤" srcset="¤ 2x">`, `<b onclick="f(¤, '¤')">`, `<p style="color: ¤; width: ¤">`,
	`<input value="¤" ¤>`, `<option value=¤ selected>`, `<form action="¤?next=¤">`, `<meta content="¤">`, `<svg width="¤">`, `<!-- ¤ -->`, `<h¤>`, `<p style='background: url("¤")'>`, `<u onload='x = "¤" + ¤'>`, `<a href="javascript:f(¤)">`, `<img srcset="¤">`, `<p ¤="¤">`,
}

func (a *author) element() {
	shape := shapes[a.n(len(shapes))]
	if strings.Contains(shape, "class") && a.n(2) == 0 {
		text, _ := a.expr()
		a.WriteString("<p")
		a.action("if " + text)
		a.WriteString(` id="`)
		a.value()
		a.WriteString(`"`)
		a.action("end")
		a.WriteString(">")
		return
	}
	a.fillIn(shape)
	if a.n(2) == 0 {
		a.block(1)
	}
}

// raws are elements whose content is no HTML.
var raws = []string{
	`<script>var x = ¤;</script>`, `<script>f(¤, "¤", '¤')</script>`, "<script>x = `¤${ ¤ }`</script>", `<script>r = /¤/</script>`, `<style>p { color: ¤; background: url(¤) }</style>`, `<style>p { font: "¤" } /* ¤ */</style>`, `<title>¤</title>`, `<textarea>¤ x</textarea>`,
	`<script type="application/json">{"a": ¤}</script>`, `<script>x = ¤ / ¤; // ¤` + "\n</script>", `<script type="text/template"><p>¤</p></script>`, `<noscript>¤</noscript>`, `<title>{{block "own" .}}¤{{end}}</title>`,
}

func (a *author) raw() {
	shape := raws[a.n(len(raws))]
	if strings.Contains(shape, "block") {
		a.variables++
		shape = strings.Replace(shape, "own", fmt.Sprintf("own-%s-%d", a.of, a.variables), 1)
		root, vars := a.root, a.vars
		a.root, a.vars = a.dot, nil
		defer func() { a.root, a.vars = root, vars }()
	}
	a.fillIn(shape)
}

func (a *author) fillIn(shape string) {
	for i, part := range strings.Split(shape, "¤") {
		if i > 0 {
			a.value()
		}
		a.WriteString(part)
	}
}

func (a *author) condition() {
	text, t := a.expr()
	seen := len(a.vars)
	if a.one(5) {
		name := a.fresh(t)
		text = name + " := " + text
	}
	a.action("if " + text)
	a.block(1 + a.n(3))
	if a.n(4) == 0 {
		text, _ := a.expr()
		a.action("else if " + text)
		a.block(1)
	}
	if a.n(2) == 0 {
		a.action("else")
		a.block(1 + a.n(2))
	}
	a.action("end")
	a.vars = a.vars[:seen]
}

func (a *author) with() {
	text, t := a.expr()
	seen := len(a.vars)
	if a.one(4) {
		text = a.fresh(t) + " := " + text
	}
	a.action("with " + text)
	outer := a.dot
	a.dot = t
	a.block(1 + a.n(3))
	a.dot = outer
	if a.n(5) == 0 {
		text, t := a.expr()
		a.action("else with " + text)
		a.dot = t
		a.block(1)
		a.dot = outer
	}
	if a.n(3) == 0 {
		a.action("else")
		a.block(1)
	}
	a.action("end")
	a.vars = a.vars[:seen]
}

// countable are the integers of the data that are small.
var countable = []string{".Count", ".Zero", ".ID", ".N", ".Age", ".Level"}

func (a *author) each() {
	if a.loops > 2 {
		a.hole()
		return
	}
	text, t := a.placeOf(kinds(reflect.Slice, reflect.Map, reflect.Array))
	if a.one(5) {
		text, t = a.placeOf(func(t reflect.Type) bool { return t.Kind() == reflect.Int })
		if i := strings.LastIndex(text, "."); i < 0 || !slices.Contains(countable, text[i:]) {
			text = ""
		}
	}
	if text == "" {
		text, t = pick(a.choices, "3", "seq 2", "list 1 \"x\" nil", "dict \"a\" 1", "nothing"), nil
	}
	if a.one(30) {
		text, t = a.placeOf(func(t reflect.Type) bool { return t.Kind() != reflect.Int64 && t.Kind() != reflect.Uint64 })
		if text == "" || t != nil && (t.Kind() == reflect.Int || t.Kind() == reflect.Uint || t == anyT) {
			text = "true"
		}
	}
	elem, key := element(t)
	seen := len(a.vars)
	switch a.n(4) {
	case 1:
		text = a.fresh(elem) + " := " + text
	case 2:
		k, v := a.fresh(key), a.fresh(elem)
		text = k + ", " + v + " := " + text
	case 3:
		if len(a.vars) > 0 && a.n(2) == 0 {
			i := a.n(len(a.vars))
			text, a.vars[i].typ = a.vars[i].name+" = "+text, nil
		}
	}
	a.action("range " + text)
	outer := a.dot
	a.dot = elem
	a.loops++
	a.block(1 + a.n(3))
	if a.one(3) {
		text, _ := a.expr()
		a.action("if " + text)
		a.action(pick(a.choices, "break", "continue"))
		a.action("end")
		a.block(1)
	}
	a.loops--
	a.dot = outer
	if a.n(3) == 0 {
		a.action("else")
		a.block(1)
	}
	a.action("end")
	a.vars = a.vars[:seen]
}

// element is what a range over t gives.
func element(t reflect.Type) (elem, key reflect.Type) {
	if t == nil {
		return nil, nil
	}
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), t.Key()
	case reflect.Slice, reflect.Array:
		return t.Elem(), intT
	case reflect.Int:
		return t, nil
	}
	return nil, nil
}

// fresh declares a variable, of a name that may hide another.
func (a *author) fresh(t reflect.Type) string {
	a.variables++
	name := fmt.Sprintf("$v%d", a.variables%5)
	a.vars = append(a.vars, variable{name, t})
	return name
}

func (a *author) declare() {
	text, t := a.expr()
	if a.one(20) {
		text = "(" + a.fresh(t) + " := " + text + ")"
		a.action(text)
		return
	}
	a.action(a.fresh(t) + " := " + text)
}

func (a *author) assign() {
	if len(a.vars) == 0 {
		a.declare()
		return
	}
	text, _ := a.expr()
	i := a.n(len(a.vars))
	// The type is known no more: the assignment may stand in a branch.
	a.vars[i].typ = nil
	a.action(a.vars[i].name + " = " + text)
}

func (a *author) call() {
	if len(a.called) == 0 {
		a.hole()
		return
	}
	t := a.called[a.n(len(a.called))]
	text, _ := a.placeOf(func(have reflect.Type) bool { return have == t.dot })
	if text == "" || a.one(8) {
		text, _ = a.expr()
	}
	a.action(fmt.Sprintf("template %q %s", t.name, text))
}
