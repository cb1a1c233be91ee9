package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newCommand() *cobra.Command {
	var module string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a new app, test it and make it a git repository",
		Long: `New writes an application with a page, a form, a migration and its tests into
the new directory NAME, fetches what it needs, runs its tests and makes it a
git repository. It asks nothing and overwrites nothing.`,
		Example: `  dram new forum
  dram new forum --module example.org/team/forum`,
		GroupID: "develop",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(c, errors.New("new takes one name: the directory to make"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return scaffold(c.Context(), args[0], module, c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&module, "module", "", "module path (default: the base name of NAME)")
	return c
}

// scaffold makes a new app in dir. The files appear all at once: they are
// written into a directory beside it, which is renamed when it is complete.
func scaffold(ctx context.Context, dir, module string, stderr io.Writer) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if module == "" {
		module = filepath.Base(dir)
	}
	if err := checkModule(module); err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is there already and not empty\nChoose another name, or remove it first", dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".dram-new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	files, err := newFiles(module)
	if err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(stderr, "  create  %s\n", f.name)
		if err := f.write(temp); err != nil {
			return err
		}
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	_ = os.Remove(dir) // it is empty, or not there
	if err := os.Rename(temp, dir); err != nil {
		return err
	}
	if err := finish(ctx, dir, stderr); err != nil {
		return err
	}
	fmt.Fprintf(stderr, `
Next:
  cd %s
  dram dev      # http://localhost:3000, reloads on every save
`, relative(dir))
	return nil
}

// finish makes the written files a tested app under version control.
func finish(ctx context.Context, dir string, stderr io.Writer) error {
	a := &app{dir: dir}
	if err := step(stderr, "go mod tidy", func() error { return quiet(ctx, dir, "go", "mod", "tidy") }); err != nil {
		return fmt.Errorf("%w\nThe files are written; run go mod tidy in %s when its modules can be fetched", err, dir)
	}
	if err := a.checkCompiler(ctx, stderr); err != nil {
		return fmt.Errorf("%w\nThe files are written in %s", err, dir)
	}
	if err := step(stderr, "go test ./...", func() error { return quiet(ctx, dir, "go", "test", "./...") }); err != nil {
		return err
	}
	if insideRepository(ctx, filepath.Dir(dir)) {
		return nil // the new app is part of it
	}
	return step(stderr, "git init", func() error {
		if _, err := exec.LookPath("git"); err != nil {
			return nil // the app works without
		}
		return quiet(ctx, dir, "git", "init", "-q")
	})
}

// step runs one step and says how long it took.
func step(stderr io.Writer, name string, run func() error) error {
	start := time.Now()
	if err := run(); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "  %-24s %s\n", name, time.Since(start).Round(100*time.Millisecond))
	return nil
}

// quiet runs a command whose output only matters when it fails.
func quiet(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, indent(string(out)))
	}
	return nil
}

func insideRepository(ctx context.Context, dir string) bool {
	return quiet(ctx, dir, "git", "rev-parse", "--git-dir") == nil
}

// relative shortens a path for a person who is in the working directory.
func relative(dir string) string {
	wd, err := os.Getwd()
	if err != nil {
		return dir
	}
	if rel, err := filepath.Rel(wd, dir); err == nil && len(rel) < len(dir) {
		return rel
	}
	return dir
}
