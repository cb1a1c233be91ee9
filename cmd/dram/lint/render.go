package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// mailPackage renders pages, too.
const mailPackage = rootPackage + "/mail"

// render is one place that gives a page its data.
type render struct {
	page string
	data types.Type
	pos  token.Pos
	call string // as it is written: "c.Render"
}

// renders returns the places of the file that give a page data of a type that
// is known. The page is named by a constant, to a parameter called page that
// one called data follows.
func (f *source) renders() []render {
	var found []render
	ast.Inspect(f.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fn := f.callee(call)
		if fn == nil || packageOf(fn) != rootPackage && packageOf(fn) != mailPackage {
			return true
		}
		params := fn.Type().(*types.Signature).Params()
		for i := range min(params.Len(), len(call.Args)) - 1 {
			if params.At(i).Name() != "page" || params.At(i+1).Name() != "data" {
				continue
			}
			name, ok := f.constant(call.Args[i])
			data := f.info.TypeOf(call.Args[i+1])
			if ok && data != nil {
				found = append(found, render{page: name, data: data, pos: call.Pos(), call: types.ExprString(call.Fun)})
			}
		}
		return true
	})
	return found
}

// errorPage returns what Dram shows pages of errors with, if it can be known.
func (p *Program) errorPage() value {
	root, err := p.imports.Import(rootPackage)
	if err != nil {
		return unknown // an app of other libraries
	}
	obj := root.Scope().Lookup("ErrorPage")
	if obj == nil {
		return unknown
	}
	return of(obj.Type(), false)
}

// errorDirs returns the directories of error pages: that of the app, and those
// that its groups name.
func (p *Program) errorDirs() []string {
	dirs := []string{"errors"}
	for _, f := range p.files {
		if f.ownApp {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if fn := f.callee(call); fn != nil && packageOf(fn) == rootPackage && fn.Name() == "ErrorPages" {
				if dir, ok := f.constant(call.Args[0]); ok {
					dirs = append(dirs, dir)
				}
			}
			return true
		})
	}
	return dirs
}

// isErrorPage reports whether a page is one that Dram shows by itself:
// errors/404.html, errors/error.html.
func isErrorPage(page string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		name, ok := strings.CutPrefix(page, strings.Trim(dir, "/")+"/")
		return ok && errorPageName.MatchString(name)
	})
}

var errorPageName = regexp.MustCompile(`^(\d{3}|error)\.html$`)

// appFuncs returns the functions that the app adds to its templates, as a
// template sees them: without the *Context. One that is added twice is nil.
func (p *Program) appFuncs() map[string]*types.Signature {
	funcs := map[string]*types.Signature{}
	for _, f := range p.files {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if fn := f.callee(call); fn == nil || packageOf(fn) != rootPackage || fn.Name() != "Func" {
				return true
			}
			name, ok := f.constant(call.Args[0])
			if !ok {
				return true
			}
			var sig *types.Signature
			if t := f.info.TypeOf(call.Args[1]); t != nil {
				sig, _ = t.Underlying().(*types.Signature)
			}
			if _, twice := funcs[name]; twice {
				sig = nil
			}
			funcs[name] = withoutContext(sig)
			return true
		})
	}
	return funcs
}

// withoutContext takes a first parameter of type *dram.Context off.
func withoutContext(sig *types.Signature) *types.Signature {
	if sig == nil || sig.Params().Len() == 0 {
		return sig
	}
	first := types.TypeString(sig.Params().At(0).Type(), func(p *types.Package) string { return cleanPath(p.Path()) })
	if first != "*"+rootPackage+".Context" {
		return sig
	}
	var rest []*types.Var
	for v := range sig.Params().Variables() {
		rest = append(rest, v)
	}
	return types.NewSignatureType(nil, nil, nil, types.NewTuple(rest[1:]...), sig.Results(), sig.Variadic())
}

// ours are the functions that every template has, as it sees them. A _ at the
// end keeps a name from being a word of Go.
const ours = `package ours

import (
	"html/template"

	"github.com/dram-go/dram/framework/session"
)

func add(a, b any) (int, error)
func sub(a, b any) (int, error)
func seq(from, to any) ([]int, error)
func dict(pairs ...any) (map[string]any, error)
func list(items ...any) []any
func default_(def, value any) any
func number(v any) (string, error)
func truncate(length int, s string) string
func nl2br(s string) template.HTML
func json(v any) (template.JS, error)
func safe(s string) template.HTML

func url(target any, args ...any) (string, error)
func static(name string) (string, error)
func t(key string, args ...any) string
func locale() string
func locales() []string
func inlocale(locale string) (string, error)
func path() string
func query(pairs ...any) (string, error)
func date(at any, layout ...string) (string, error)
func user() (any, error)
func flashes() []session.Flash
func field(form any, name string) (template.HTML, error)
func errors(form any) template.HTML
func nonce() (string, error)
`

// builtins are text/template's functions whose results have one type.
var builtins = map[string]types.Type{
	"not": types.Typ[types.Bool], "eq": types.Typ[types.Bool], "ne": types.Typ[types.Bool], "lt": types.Typ[types.Bool],
	"le": types.Typ[types.Bool], "gt": types.Typ[types.Bool], "ge": types.Typ[types.Bool],
	"len":   types.Typ[types.Int],
	"print": types.Typ[types.String], "printf": types.Typ[types.String], "println": types.Typ[types.String],
	"html": types.Typ[types.String], "js": types.Typ[types.String], "urlquery": types.Typ[types.String],
}

// templateFuncs returns the signatures of the functions that the app's
// templates may call; nil is a function of which nothing is known.
func (p *Program) templateFuncs() map[string]*types.Signature {
	funcs := p.appFuncs()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "ours.go", ours, parser.SkipObjectResolution)
	if err != nil {
		return funcs
	}
	conf := types.Config{Importer: mapped{p.imports, nil}, Error: func(error) {}}
	// What cannot be imported leaves its functions unknown.
	pkg, _ := conf.Check("ours", fset, []*ast.File{file}, nil)
	for _, name := range pkg.Scope().Names() {
		if fn, ok := pkg.Scope().Lookup(name).(*types.Func); ok {
			funcs[strings.TrimSuffix(name, "_")] = fn.Signature()
		}
	}
	return funcs
}
