package lint

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Program is the type-checked source of an app, its tests included.
type Program struct {
	dir   string
	fset  *token.FileSet
	files []*source
	// imports reads the types of the packages that the app is made of.
	imports types.Importer
}

// source is one Go file.
type source struct {
	ast  *ast.File
	name string // absolute
	info *types.Info
	test bool
	// ownApp is set for a file of tests whose package makes apps in its tests.
	ownApp bool
}

// listed is a package as go list writes it.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Export     string // file with its types
	ForTest    string // the package that this is a variant of for its tests
	ImportMap  map[string]string
	GoFiles    []string
	CgoFiles   []string
	DepOnly    bool
}

// Load reads and checks the packages of the app whose main package is in dir:
// that directory and all below it, with their tests. The error carries what
// the compiler says when one of them does not compile.
func Load(ctx context.Context, dir string) (*Program, error) {
	packages, err := list(ctx, dir)
	if err != nil {
		return nil, err
	}
	p := &Program{dir: dir, fset: token.NewFileSet()}
	exports := map[string]string{}
	tested := map[string]bool{}
	for _, pkg := range packages {
		exports[pkg.ImportPath] = pkg.Export
		tested[pkg.ForTest] = tested[pkg.ForTest] || isVariant(pkg)
	}
	imports := importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		file := exports[path]
		if file == "" {
			return nil, fmt.Errorf("no types of package %s", path)
		}
		return os.Open(file)
	})
	p.imports = imports
	for _, pkg := range packages {
		// The variant for the tests has the files of the package, too.
		if pkg.DepOnly || strings.HasSuffix(pkg.ImportPath, ".test") || tested[pkg.ImportPath] {
			continue
		}
		if err := p.add(pkg, imports); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(p.files, func(a, b *source) int { return cmp.Compare(a.name, b.name) })
	return p, nil
}

// isVariant reports whether pkg is a package together with its inner tests,
// "p [p.test]", and not one that was only compiled again for them.
func isVariant(pkg listed) bool {
	return pkg.ForTest != "" && strings.HasPrefix(pkg.ImportPath, pkg.ForTest+" ")
}

func list(ctx context.Context, dir string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-test", "-deps",
		"-json=ImportPath,Name,Dir,Export,ForTest,ImportMap,GoFiles,CgoFiles,DepOnly", "./...")
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, strings.TrimSpace(stderr.String()))
	}
	var packages []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg listed
		switch err := dec.Decode(&pkg); {
		case errors.Is(err, io.EOF):
			return packages, nil
		case err != nil:
			return nil, fmt.Errorf("go list: %w", err)
		}
		packages = append(packages, pkg)
	}
}

// add checks one package. Type errors are left to the compiler, which had the
// package before; where one remains, names are not found, and none is wrong.
func (p *Program) add(pkg listed, imports types.Importer) error {
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Uses:  map[*ast.Ident]types.Object{},
	}
	var files []*source
	var parsed []*ast.File
	for _, name := range slices.Concat(pkg.GoFiles, pkg.CgoFiles) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(pkg.Dir, name)
		}
		file, err := parser.ParseFile(p.fset, name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, &source{ast: file, name: name, info: info, test: strings.HasSuffix(name, "_test.go")})
		parsed = append(parsed, file)
	}
	conf := types.Config{
		Importer:    mapped{imports, pkg.ImportMap},
		FakeImportC: true,
		Error:       func(error) {},
	}
	_, _ = conf.Check(pkg.ImportPath, p.fset, parsed, info)
	markOwnApps(files)
	p.files = append(p.files, files...)
	return nil
}

// mapped imports the variants of packages that the tests of one package see.
type mapped struct {
	types.Importer
	paths map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if other, ok := m.paths[path]; ok {
		path = other
	}
	return m.Importer.Import(path)
}

// markOwnApps marks the files of tests that make apps.
func markOwnApps(files []*source) {
	var own bool
	for _, f := range files {
		own = own || f.test && f.makesApp()
	}
	for _, f := range files {
		f.ownApp = f.test && own
	}
}

// makesApp reports whether the file calls dram.New.
func (f *source) makesApp() bool {
	found := false
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !found {
			fn := f.callee(call)
			found = fn != nil && packageOf(fn) == rootPackage && fn.Name() == "New"
		}
		return !found
	})
	return found
}

// Homes returns the directories that hold the app's folders of templates and
// catalogues, those of the files that call dram.New, or the directory of the
// main package when none does.
func (p *Program) Homes() []string {
	var homes []string
	for _, f := range p.files {
		if dir := filepath.Dir(f.name); !f.test && f.makesApp() && !slices.Contains(homes, dir) {
			homes = append(homes, dir)
		}
	}
	if homes == nil {
		homes = []string{p.dir}
	}
	return homes
}
