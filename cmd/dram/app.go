package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// runnerPackage is what makes a main package a Dram app.
const runnerPackage = "github.com/dram-go/dram/runner"

// app is a directory with the main package of a Dram app.
type app struct {
	dir string // absolute
}

// findApp checks that dir holds the main package of a Dram app.
func findApp(ctx context.Context, dir string) (*app, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is no directory\nMake a new app with: dram new %s", dir, filepath.Base(abs))
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("there is no go command in PATH\nInstall Go from https://go.dev/dl and try again")
	}
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.Name}}\n{{join .Imports \"\\n\"}}", ".")
	list.Dir = abs
	var stderr strings.Builder
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		if strings.Contains(stderr.String(), "go mod tidy") {
			return nil, fmt.Errorf("go.mod of %s lacks what the app imports\n%s\nRun there: go mod tidy", dir, indent(stderr.String()))
		}
		return nil, fmt.Errorf("%s is no Dram app: there is no Go package that can be read\n%s\nMake a new app with: dram new NAME",
			dir, indent(stderr.String()))
	}
	lines := strings.Fields(string(out))
	if lines[0] != "main" || !slices.Contains(lines[1:], runnerPackage) {
		return nil, fmt.Errorf("%s is no Dram app: package %s does not import %s\nAn app is a main package that calls runner.Main; make a new one with: dram new NAME",
			dir, lines[0], runnerPackage)
	}
	return &app{dir: abs}, nil
}

// binary is where build puts the program. It lies in the app's private
// directory, which git ignores and no embed pattern takes in.
func (a *app) binary() string {
	return filepath.Join(a.dir, ".dram", "build", filepath.Base(a.dir))
}

// build compiles the app and puts the new binary in the place of the old one
// in one step, so that a runner which looks at any time finds a whole file.
func (a *app) build(ctx context.Context, stderr io.Writer) error {
	if err := a.checkCompiler(ctx, stderr); err != nil {
		return err
	}
	start := time.Now()
	target := a.binary()
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	fresh := target + ".new"
	defer os.Remove(fresh)
	build := exec.CommandContext(ctx, "go", "build", "-o", fresh, ".")
	build.Dir = a.dir
	out, err := build.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s does not build\n%s", a.dir, indent(string(out)))
	}
	if err := os.Rename(fresh, target); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "built %s in %s\n", filepath.Base(target), time.Since(start).Round(10*time.Millisecond))
	return nil
}

// sqlitePackage is the one dependency that needs a C compiler, and a long
// time when it is compiled first.
const sqlitePackage = "github.com/mattn/go-sqlite3"

// checkCompiler says what to expect of a build with SQLite: a C compiler that
// is missing, or a first compilation that takes its time.
func (a *app) checkCompiler(ctx context.Context, stderr io.Writer) error {
	// With cgo off the package has no files to list: ask for the others too.
	stale, err := a.goOutput(ctx, "list", "-e", "-deps", "-f",
		`{{if eq .ImportPath "`+sqlitePackage+`"}}{{.Stale}}{{end}}`, ".")
	if err != nil || stale == "" {
		return nil // no SQLite, or the build will say better what is wrong
	}
	enabled, err := a.goOutput(ctx, "env", "CGO_ENABLED")
	if err != nil {
		return err
	}
	compiler, err := a.goOutput(ctx, "env", "CC")
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(strings.Fields(compiler + " cc")[0]); err != nil {
		return fmt.Errorf("SQLite needs a C compiler, and there is no %s in PATH\nInstall one (Debian: apt-get install gcc, macOS: xcode-select --install) and try again", compiler)
	}
	if enabled != "1" {
		return errors.New("SQLite needs cgo, which CGO_ENABLED=0 turns off\nUnset CGO_ENABLED and try again")
	}
	if stale == "true" {
		fmt.Fprintln(stderr, "compiling SQLite (first build only, up to a minute)")
	}
	return nil
}

// goOutput runs the go command in the app's directory.
func (a *app) goOutput(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = a.dir
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// indent sets quoted output of another program apart.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
