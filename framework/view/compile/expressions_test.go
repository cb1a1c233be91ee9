package compile_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

var (
	anyT    = reflect.TypeFor[any]()
	stringT = reflect.TypeFor[string]()
	intT    = reflect.TypeFor[int]()
	boolT   = reflect.TypeFor[bool]()
)

// variable is one that a page has declared.
type variable struct {
	name string
	typ  reflect.Type
}

// speaker makes expressions that are well typed, mostly, for a dot of a type.
type speaker struct {
	*choices
	dot, root reflect.Type
	vars      []variable
	depth     int
}

// calm are the functions that pages call often: they seldom fail.
var calm = []string{"upper", "add", "typeOf", "join", "anys", "list", "dict", "fine", "safe", "trusted", "nothing", "nilLeaf", "aLeaf", "aPtr", "mapOf", "bytes", "seq", "pred", "ident", "noArgs", "html2", "i8", "f64", "boolean", "stringer", "ptrLeaf", "valLeaf", "asNamed", "aKind", "me", "mine", "mineN", "mineAny", "mineMany", "mineHTML", "mineBool", "myself", "byAny", "asValue", "toKind", "toSpeak", "toFail", "toBag", "toMany", "toJS", "toJSStr", "toCSS", "toAttr", "toSrcset"}

// wild are those that fail, or may.
var wild = []string{"fail", "explode", "explodeE", "deref", "asErr", "u16", "f32", "c128", "aMap", "aFunc", "mineErr", "byFace", "value", "valuesOf"}

var calledFuncs = oracleFuncs()

// expr is any expression: the text of a command, and its type.
func (s *speaker) expr() (string, reflect.Type) {
	if s.depth > 3 {
		return s.place()
	}
	s.depth++
	defer func() { s.depth-- }()
	switch s.n(16) {
	default:
		return s.place()
	case 7:
		return s.literal()
	case 8:
		return s.method()
	case 9, 10:
		return s.function()
	case 11, 12:
		return s.builtin()
	case 13:
		return s.piped()
	case 14:
		text, t := s.expr()
		return "(" + text + ")", t
	case 15:
		return s.chain()
	}
}

// origin is where a path starts.
func (s *speaker) origin() (string, reflect.Type) {
	switch k := s.n(4); {
	case k == 2:
		return "$", s.root
	case k == 3 && len(s.vars) > 0:
		v := s.vars[s.n(len(s.vars))]
		return v.name, v.typ
	}
	return "", s.dot
}

// rooted makes "$x" and ".A" to "$x.A", and nothing and nothing to ".".
func rooted(origin, rest string) string {
	if origin == "" && rest == "" {
		return "."
	}
	return origin + rest
}

// place is a path to anything.
func (s *speaker) place() (string, reflect.Type) {
	origin, t := s.origin()
	if t == nil {
		return rooted(origin, ""), nil
	}
	all := paths(t)
	if len(all) == 0 || s.one(6) {
		return rooted(origin, ""), t
	}
	p := all[s.n(len(all))]
	if p.trap && !s.one(12) {
		p = all[0]
	}
	if s.one(200) {
		return origin + ".Nowhere", nil
	}
	return rooted(origin, p.text), p.typ
}

// placeOf is a path to a value of a type that fits, or "" if there is none.
func (s *speaker) placeOf(fits func(reflect.Type) bool) (string, reflect.Type) {
	for range 3 {
		origin, t := s.origin()
		if t == nil {
			continue
		}
		if fits(t) && s.n(3) == 0 {
			return rooted(origin, ""), t
		}
		var good []path
		for _, p := range paths(t) {
			if !p.trap && fits(p.typ) {
				good = append(good, p)
			}
		}
		if len(good) > 0 {
			p := good[s.n(len(good))]
			return rooted(origin, p.text), p.typ
		}
	}
	return "", nil
}

// literal is a constant.
func (s *speaker) literal() (string, reflect.Type) {
	switch s.n(4) {
	case 0:
		return s.quoted(), stringT
	case 1:
		return pick(s.choices, "1", "0", "-1", "3", "0x10", "'x'", "12_3"), intT
	case 2:
		return pick(s.choices, "true", "false"), boolT
	}
	return pick(s.choices, "1.5", "1e3", ".5", "0x1p-2", "-0.0"), reflect.TypeFor[float64]()
}

func (s *speaker) quoted() string {
	text := anyText(s.choices)
	if s.one(4) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// arg is an expression that can stand as an argument of type t.
func (s *speaker) arg(t reflect.Type) string {
	if s.one(40) {
		text, _ := s.expr()
		return parens(text)
	}
	if t == anyT {
		text, _ := s.expr()
		return parens(text)
	}
	if s.n(2) == 0 {
		if text, _ := s.placeOf(func(have reflect.Type) bool { return have.AssignableTo(t) || s.near(have, t) }); text != "" {
			return text
		}
	}
	switch t.Kind() {
	case reflect.String:
		return s.quoted()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return pick(s.choices, "1", "2", "0", "-1", "'a'", "(len \"abc\")")
	case reflect.Uint8, reflect.Uint16, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return pick(s.choices, "1", "0", "9")
	case reflect.Float32, reflect.Float64:
		return pick(s.choices, "1", "2.5", "-1e2")
	case reflect.Complex128:
		return "2i"
	case reflect.Bool:
		return pick(s.choices, "true", "false", "(not .)")
	case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func:
		return "nil"
	}
	return "."
}

// near says that text/template may take the address or the target.
func (s *speaker) near(have, want reflect.Type) bool {
	return have == anyT && s.one(4) || reflect.PointerTo(have).AssignableTo(want) || have.Kind() == reflect.Pointer && have.Elem().AssignableTo(want)
}

func parens(text string) string {
	if strings.ContainsAny(text, " |") && !strings.HasPrefix(text, "(") && !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "`") {
		return "(" + text + ")"
	}
	return text
}

func (s *speaker) args(t reflect.Type, from int) string {
	var b strings.Builder
	for i := from; i < t.NumIn(); i++ {
		if t.IsVariadic() && i == t.NumIn()-1 {
			for range s.n(4) {
				b.WriteString(" " + s.arg(t.In(i).Elem()))
			}
			break
		}
		if s.one(150) {
			continue // one argument too few
		}
		b.WriteString(" " + s.arg(t.In(i)))
	}
	return b.String()
}

// method is a call of a method with arguments.
func (s *speaker) method() (string, reflect.Type) {
	text, t := s.placeOf(func(t reflect.Type) bool { return len(methodsWithArgs(t)) > 0 })
	if text == "" {
		return s.place()
	}
	all := methodsWithArgs(t)
	m := all[s.n(len(all))]
	return rooted(strings.TrimSuffix(text, "."), "."+m.Name) + s.args(m.Type, 1), m.Type.Out(0)
}

func (s *speaker) function() (string, reflect.Type) {
	name := calm[s.n(len(calm))]
	if s.one(25) {
		name = wild[s.n(len(wild))]
	}
	fn := calledFuncs[name]
	t, from := reflect.TypeOf(fn.Fn), 0
	if fn.Scoped {
		from = 1
	}
	if name == "dict" {
		text, _ := s.expr()
		return "dict \"Name\" " + parens(text) + " \"a\" 1", t.Out(0)
	}
	return name + s.args(t, from), t.Out(0)
}

// chain is a member of a parenthesised expression.
func (s *speaker) chain() (string, reflect.Type) {
	text, t := s.expr()
	if t == nil {
		return text, t
	}
	all := paths(t)
	if len(all) == 0 {
		return text, t
	}
	p := all[s.n(len(all))]
	return "(" + text + ")" + p.text, p.typ
}

// piped gives an expression to a function.
func (s *speaker) piped() (string, reflect.Type) {
	text, t := s.expr()
	switch k := s.n(8); {
	case k == 0:
		return text + " | print", stringT
	case k == 1:
		return text + ` | printf "%v"`, stringT
	case k == 2:
		return text + " | typeOf", stringT
	case k == 3:
		return text + " | not", boolT
	case k == 4 && t == stringT:
		return text + " | upper", stringT
	case k == 5 && t == stringT:
		return text + " | safe | ident", anyT
	case k == 6 && t == intT:
		return text + " | add 1 | pred", intT
	}
	return text + " | ident", anyT
}

func kinds(k ...reflect.Kind) func(reflect.Type) bool {
	return func(t reflect.Type) bool { return slices.Contains(k, t.Kind()) }
}

func (s *speaker) builtin() (string, reflect.Type) {
	switch s.n(9) {
	case 0, 1:
		return s.comparison(), boolT
	case 2:
		a, t := s.expr()
		b, _ := s.expr()
		return pick(s.choices, "and ", "or ") + parens(a) + " " + parens(b), t
	case 3:
		a, _ := s.expr()
		return "not " + parens(a), boolT
	case 4:
		if text, _ := s.placeOf(kinds(reflect.Slice, reflect.Map, reflect.String, reflect.Array)); text != "" {
			return "len " + text, intT
		}
	case 5:
		return s.index()
	case 6:
		if text, t := s.placeOf(kinds(reflect.Slice, reflect.String)); text != "" {
			return "slice " + text + pick(s.choices, "", " 0", " 1", " 0 1", " 1 2"), t
		}
	case 7:
		a, _ := s.expr()
		b, _ := s.expr()
		return pick(s.choices, "print ", "println ", `printf "%v-%v" `, `printf "%s %d" `, `printf "%q%5v" `, "html ", "js ", "urlquery ") + parens(a) + " " + parens(b), stringT
	}
	if text, t := s.placeOf(kinds(reflect.Func)); text != "" && t.NumOut() > 0 {
		return "call " + text + s.args(t, 0), t.Out(0)
	}
	return s.place()
}

func (s *speaker) comparison() string {
	op := pick(s.choices, "eq", "ne", "lt", "le", "gt", "ge")
	text, t := s.placeOf(kinds(reflect.Int, reflect.String, reflect.Uint8, reflect.Float32, reflect.Int32, reflect.Uint))
	if text == "" || s.one(12) {
		a, _ := s.expr()
		b, _ := s.expr()
		return op + " " + parens(a) + " " + parens(b)
	}
	first, second := text, s.arg(t)
	if s.n(3) == 0 {
		first, second = second, first
	}
	if op == "eq" && s.n(4) == 0 {
		second += " " + s.arg(t)
	}
	return fmt.Sprint(op, " ", first, " ", second)
}

func (s *speaker) index() (string, reflect.Type) {
	text, t := s.placeOf(kinds(reflect.Slice, reflect.Map, reflect.Array, reflect.String))
	if text == "" {
		return s.place()
	}
	if t.Kind() == reflect.Map {
		return "index " + text + " " + s.arg(t.Key()), t.Elem()
	}
	if t.Kind() == reflect.String {
		return "index " + text + " 0", reflect.TypeFor[uint8]()
	}
	return "index " + text + " " + pick(s.choices, "0", "0", "1", "(len .)"), t.Elem()
}
