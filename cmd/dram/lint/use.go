package lint

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

const (
	rootPackage = "github.com/dram-go/dram/framework"
	testPackage = rootPackage + "/webtest"
)

// kind says what a name is the name of.
type kind uint8

const (
	route kind = iota + 1
	text
	page
)

// kinds tells what a parameter of ours takes by what it is called.
var kinds = map[string]kind{"route": route, "key": text, "page": page}

// fields are the fields of our structs that hold routes.
var fields = map[string]string{
	rootPackage + ".Link":        "Route",
	rootPackage + "/auth.Config": "Login",
}

// use is one place that names something.
type use struct {
	kind kind
	name string
	pos  token.Pos
	args int // values given to a route, -1 when they cannot be counted
}

// uses returns what the file names, in the order of the source.
func (f *source) uses() []use {
	var found []use
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			found = append(found, f.call(n)...)
		case *ast.CompositeLit:
			found = append(found, f.literal(n)...)
		}
		return true
	})
	return found
}

// call returns what a call of one of our functions names.
func (f *source) call(call *ast.CallExpr) []use {
	fn := f.callee(call)
	if fn == nil || packageOf(fn) != rootPackage && packageOf(fn) != testPackage {
		return nil
	}
	sig := fn.Type().(*types.Signature)
	var found []use
	for i := range min(sig.Params().Len(), len(call.Args)) {
		k := kinds[sig.Params().At(i).Name()]
		name, ok := f.constant(call.Args[i])
		if k == 0 || !ok || k == text && fn.Name() != "T" {
			continue
		}
		u := use{kind: k, name: name, pos: call.Args[i].Pos(), args: -1}
		if k == route && sig.Variadic() && i == sig.Params().Len()-2 && !call.Ellipsis.IsValid() {
			u.args = f.count(call.Args[i+1:])
			if fn.Name() == "SendJSON" { // the last is the body
				u.args--
			}
		}
		found = append(found, u)
	}
	return found
}

// literal returns the route that a struct of ours is made with.
func (f *source) literal(lit *ast.CompositeLit) []use {
	named, ok := types.Unalias(f.info.TypeOf(lit)).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return nil
	}
	field := fields[packageOf(named.Obj())+"."+named.Obj().Name()]
	for i, element := range lit.Elts {
		value := element
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); !ok || key.Name != field {
				continue
			}
			value = pair.Value
		} else if s, ok := named.Underlying().(*types.Struct); !ok || i >= s.NumFields() || s.Field(i).Name() != field {
			continue
		}
		if name, ok := f.constant(value); ok && field != "" && name != "" {
			return []use{{kind: route, name: name, pos: value.Pos(), args: -1}}
		}
	}
	return nil
}

// count counts the values for the parameters of a route: a query, a fragment
// and the fields of a form follow them.
func (f *source) count(args []ast.Expr) int {
	for n := len(args); n > 0; n-- {
		switch types.TypeString(types.Unalias(f.info.TypeOf(args[n-1])), func(p *types.Package) string { return cleanPath(p.Path()) }) {
		case rootPackage + ".Query", rootPackage + ".Fragment", rootPackage + "/webtest.Upload", "net/url.Values":
		default:
			return n
		}
	}
	return 0
}

// callee returns the function or method that a call names, nil for a value
// of a function type.
func (f *source) callee(call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	switch indexed := fun.(type) { // a function with its type arguments
	case *ast.IndexExpr:
		fun = indexed.X
	case *ast.IndexListExpr:
		fun = indexed.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		fn, _ := f.info.Uses[fun].(*types.Func)
		return fn
	case *ast.SelectorExpr:
		fn, _ := f.info.Uses[fun.Sel].(*types.Func)
		return fn
	}
	return nil
}

// constant returns the text of an expression that is known before it runs.
func (f *source) constant(e ast.Expr) (string, bool) {
	value := f.info.Types[e].Value
	if value == nil || value.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(value), true
}

// packageOf returns the import path of what declares an object.
func packageOf(o types.Object) string {
	if o.Pkg() == nil {
		return ""
	}
	return cleanPath(o.Pkg().Path())
}

// cleanPath takes "[p.test]" off the path of a variant for tests.
func cleanPath(path string) string {
	path, _, _ = strings.Cut(path, " ")
	return path
}
