package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/templates"
)

// dramModule is the module that every app requires.
const dramModule = "github.com/dram-go/dram"

// file is one file of a new app.
type file struct {
	name    string // with slashes
	content []byte
}

func (f file) write(dir string) error {
	target := filepath.Join(dir, filepath.FromSlash(f.name))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, f.content, 0o644)
}

// checkModule refuses a module path that the go command would refuse later.
func checkModule(path string) error {
	err := module.CheckImportPath(path)
	switch first, _, _ := strings.Cut(path, "/"); {
	case err != nil:
	case first == "vendor" || first == "internal" || first == "cmd" || isStandard(first):
		err = fmt.Errorf("%s is a name of Go itself", first)
	case strings.HasPrefix(first, "."), strings.HasPrefix(first, "_"):
		err = errors.New("the go command leaves out names that begin with . or _")
	}
	if err != nil {
		return fmt.Errorf("%q cannot be a module path: %w\nUse letters, digits, '-', '.' and '/', as in: dram new forum --module example.org/forum", path, err)
	}
	return nil
}

// isStandard reports whether the standard library has a package of this name,
// which would hide the app's.
func isStandard(name string) bool {
	pkg, err := build.Default.Import(name, "", build.FindOnly)
	return err == nil && pkg.Goroot
}

// newFiles returns the files of a new app with this module path.
func newFiles(modulePath string) ([]file, error) {
	var files []file
	err := fs.WalkDir(templates.App(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(templates.App(), name)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, ".go") {
			if content, err = rewriteImports(name, content, modulePath); err != nil {
				return err
			}
		}
		switch name {
		case "README.md", "app.go", "dram.toml", ".gitignore":
			content = rename(content, modulePath)
		}
		files = append(files, file{name, content})
		return nil
	})
	if err != nil {
		return nil, err
	}
	mod, err := newGoMod(modulePath)
	if err != nil {
		return nil, err
	}
	return append(files, mod...), nil
}

// rename puts the names of the new app where its texts say "app": that of its
// program, which is the last element of the module path as go build takes it,
// and one that is fit for cookies and process titles.
func rename(content []byte, modulePath string) []byte {
	if prefix, _, ok := module.SplitPathVersion(modulePath); ok {
		modulePath = prefix
	}
	program := path.Base(modulePath)
	return []byte(strings.NewReplacer(
		"# App\n", "# "+program+"\n",
		"./app ", "./"+program+" ",
		"Command app ", "Command "+program+" ",
		"\n/app\n", "\n/"+program+"\n",
		`name = "app"`, `name = "`+config.Default(program).Name+`"`,
	).Replace(string(content)))
}

// rewriteImports puts the new module's path in the place of the skeleton's.
// Only the bytes of the import paths change, so comments stay where they are;
// gofmt then sorts the imports by their new names.
func rewriteImports(name string, src []byte, modulePath string) ([]byte, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, name, src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	last := 0
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		rest, found := strings.CutPrefix(imported, templates.AppPackage)
		if !found || rest != "" && rest[0] != '/' {
			continue
		}
		start, end := fset.Position(spec.Path.Pos()).Offset, fset.Position(spec.Path.End()).Offset
		out.Write(src[last:start])
		out.WriteString(strconv.Quote(modulePath + rest))
		last = end
	}
	out.Write(src[last:])
	return format.Source(out.Bytes())
}

// newGoMod returns go.mod and go.sum of a new app. They name the versions
// that Dram itself is tested with, so that the app can be built without
// asking for newer ones. A dram that was built from a checkout requires that.
func newGoMod(path string) ([]file, error) {
	root, fromCheckout := checkout()
	mod := new(modfile.File)
	if err := mod.AddModuleStmt(path); err != nil {
		return nil, err
	}
	if !fromCheckout {
		version, err := releasedVersion()
		if err != nil {
			return nil, err
		}
		if err := mod.AddGoStmt(strings.TrimPrefix(runtime.Version(), "go")); err != nil {
			return nil, err
		}
		if err := mod.AddRequire(dramModule, version); err != nil {
			return nil, err
		}
		return formatGoMod(mod, nil)
	}
	ours, err := readGoMod(root)
	if err != nil {
		return nil, err
	}
	if err := mod.AddGoStmt(ours.Go.Version); err != nil {
		return nil, err
	}
	mod.AddNewRequire(dramModule, "v0.0.0", false)
	for _, r := range ours.Require {
		mod.AddNewRequire(r.Mod.Path, r.Mod.Version, true)
	}
	if err := mod.AddReplace(dramModule, "", root, ""); err != nil {
		return nil, err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return nil, err
	}
	return formatGoMod(mod, sum)
}

func formatGoMod(mod *modfile.File, sum []byte) ([]file, error) {
	mod.Cleanup()
	content, err := mod.Format()
	if err != nil {
		return nil, err
	}
	files := []file{{"go.mod", content}}
	if sum != nil {
		files = append(files, file{"go.sum", sum})
	}
	return files, nil
}

func readGoMod(root string) (*modfile.File, error) {
	path := filepath.Join(root, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(path, content, nil)
}

// checkout returns the directory of the source that this binary was built
// from, if it is still there. Build information cannot tell: a build in a
// checkout carries a version that looks like a release.
func checkout() (root string, ok bool) {
	_, self, _, found := runtime.Caller(0)
	if !found || !filepath.IsAbs(self) {
		return "", false // built with -trimpath
	}
	root = filepath.Dir(filepath.Dir(filepath.Dir(self)))
	mod, err := readGoMod(root)
	if err != nil || mod.Module == nil || mod.Module.Mod.Path != dramModule {
		return "", false
	}
	// The module cache has the source of a release, not a checkout.
	return root, !strings.Contains(filepath.Base(root), "@")
}

// releasedVersion returns the version that `go install …@version` recorded.
func releasedVersion() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" || module.IsPseudoVersion(info.Main.Version) {
		return "", fmt.Errorf("this dram is no release and its checkout is gone: an app could not find its framework\nInstall dram again, or run it from a checkout with: go run ./cmd/dram new NAME")
	}
	return info.Main.Version, nil
}
