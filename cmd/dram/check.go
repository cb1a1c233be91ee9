package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/cmd/dram/lint"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/i18n"
)

func checkCommand() *cobra.Command {
	var asJSON, verbose bool
	c := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Find links, texts and pages that an app names and does not have",
		Long: `Check builds the app in DIR (by default this directory) and reports everything
that is wrong at once, each with its file, line and column:

  - what the app itself finds when it starts: conflicting routes, templates
    that do not compile, links, static files and texts that they name and
    nobody has, settings, migrations that a running build would not survive
  - routes, texts and pages that Go code names and nobody has, in tests too,
    and routes that are given too few or too many values
  - fields and methods that templates name and the data that handlers render
    them with does not have, with both places
  - texts that the default locale lacks; those that another lacks are warnings
  - SELECT *, which breaks while two builds share a database

Faults go to standard output, and the exit code is 1 if there are any. With -v
every page is listed too: compiled, or left to html/template, and why.`,
		Example: `  dram check ./sample-app
  dram check -v
  dram check --json`,
		GroupID: "develop",
		Args:    oneDir,
		RunE: func(c *cobra.Command, args []string) error {
			a, err := findApp(c.Context(), dirOf(args))
			if err != nil {
				return err
			}
			faults, err := a.check(c.Context(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			if verbose {
				if err := a.listPages(c.Context(), c.OutOrStdout()); err != nil {
					return err
				}
			}
			return reportFaults(c, faults, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "say of every page whether it is compiled")
	c.MarkFlagsMutuallyExclusive("json", "verbose")
	return c
}

// check returns everything that is wrong with the app.
func (a *app) check(ctx context.Context, stderr io.Writer) ([]lint.Fault, error) {
	if err := a.build(ctx, stderr); err != nil {
		return nil, err
	}
	program, err := lint.Load(ctx, a.dir)
	if err != nil {
		return nil, fmt.Errorf("%s or its tests do not build\n%s", filepath.Base(a.dir), indent(err.Error()))
	}
	conf, err := config.Load(config.Options{Dir: a.dir, Environ: os.Environ()})
	if err != nil {
		return nil, err
	}
	routes, faults, err := a.ask(ctx)
	if err != nil {
		return nil, err
	}
	names := lint.Names{Routes: routes}
	for _, home := range program.Homes() {
		more, err := pagesIn(home)
		if err != nil {
			return nil, err
		}
		names.Pages = append(names.Pages, more...)
	}
	// Several catalogues cannot be told apart in Go code: one is checked.
	if homes := program.Homes(); len(homes) == 1 {
		catalog, err := i18n.Load(os.DirFS(filepath.Join(homes[0], "locales")), conf.Locale.Default)
		if err == nil { // else the app said so itself
			names.Catalog = catalog
			faults = append(faults, inDir(homes[0], lint.Gaps(catalog))...)
		}
	}
	faults = append(faults, program.Check(names)...)
	typed, err := program.CheckPages()
	return append(faults, typed...), err
}

// ask returns the patterns of the app's named routes, and what the app finds
// wrong with itself: as in production, where New refuses templates with faults,
// and by its own check, which looks at migrations and all that was added to it.
// An app that cannot be put together at all has nil routes.
func (a *app) ask(ctx context.Context) (map[string]string, []lint.Fault, error) {
	listed, said, err := a.output(ctx, config.Production, "routes", "--json")
	if err != nil {
		return nil, nil, err
	}
	if listed == nil { // development leaves faulty templates for later
		if listed, _, err = a.output(ctx, config.Development, "routes", "--json"); err != nil {
			return nil, nil, err
		}
	}
	_, more, err := a.output(ctx, config.Development, "check")
	if err != nil {
		return nil, nil, err
	}
	for _, line := range more {
		if !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	var faults []lint.Fault
	for _, line := range said {
		faults = append(faults, lint.Fault{Text: line})
	}
	if listed == nil {
		return nil, faults, nil
	}
	routes, err := namedRoutes(listed)
	return routes, faults, err
}

// listPages says of every page who renders it in production. An app that is
// too faulty for that has said so.
func (a *app) listPages(ctx context.Context, w io.Writer) error {
	listed, said, err := a.output(ctx, config.Production, "templates", "--json")
	if err != nil {
		return err
	}
	if listed == nil {
		fmt.Fprintln(w, "which pages are compiled cannot be said: "+said[0])
		return nil
	}
	var rows []pageRow
	if err := json.Unmarshal(listed, &rows); err != nil {
		return fmt.Errorf("templates --json of the app: %w", err)
	}
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	return nil
}

// pageRow is what `templates --json` says of one page.
type pageRow struct{ Page, Engine, Reason string }

// String returns "page: compiled" or "page: not compiled: place: reason".
func (r pageRow) String() string {
	if r.Engine == "compiled" {
		return r.Page + ": compiled"
	}
	return r.Page + ": not compiled: " + r.Reason
}

// output runs a verb of the app. When the verb fails there is no output, and
// said is what the app said about it, by lines.
func (a *app) output(ctx context.Context, env config.Env, args ...string) (out []byte, said []string, err error) {
	cmd := exec.CommandContext(ctx, a.binary(), args...)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "DRAM_ENV="+string(env))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err = cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.As(err, &exit):
		return nil, spoken(stderr.String(), filepath.Base(a.binary())+": "), nil
	}
	return out, nil, err
}

// spoken returns the lines of an error that begins with a program's name; its
// log stands before.
func spoken(stderr, name string) []string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	begin := max(0, slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, name) }))
	lines = lines[begin:]
	lines[0] = strings.TrimPrefix(lines[0], name)
	return lines
}

// namedRoutes reads what `routes --json` printed.
func namedRoutes(listed []byte) (map[string]string, error) {
	var rows []struct{ Name, Pattern string }
	if err := json.Unmarshal(listed, &rows); err != nil {
		return nil, fmt.Errorf("routes --json of the app: %w", err)
	}
	routes := map[string]string{}
	for _, r := range rows {
		if r.Name != "" {
			routes[r.Name] = r.Pattern
		}
	}
	return routes, nil
}

// pagesIn returns the templates below home that can be rendered.
func pagesIn(home string) ([]string, error) {
	var pages []string
	templates := os.DirFS(filepath.Join(home, "templates"))
	err := fs.WalkDir(templates, ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".html") &&
			!strings.HasPrefix(name, "layouts/") && !strings.HasPrefix(name, "partials/") {
			pages = append(pages, name)
		}
		return err
	})
	return pages, err
}

// inDir makes the names of the faults' files absolute.
func inDir(dir string, faults []lint.Fault) []lint.Fault {
	for i := range faults {
		faults[i].File = filepath.Join(dir, faults[i].File)
	}
	return faults
}

// reportFaults prints the faults and says by its error how many there are.
func reportFaults(c *cobra.Command, faults []lint.Fault, asJSON bool) error {
	for i := range faults {
		if faults[i].File != "" {
			faults[i].File = relative(faults[i].File)
		}
		for j := range faults[i].From {
			if from := &faults[i].From[j]; from.File != "" {
				from.File = relative(from.File)
			}
		}
	}
	serious := len(slices.DeleteFunc(slices.Clone(faults), func(f lint.Fault) bool { return f.Warning }))
	if asJSON {
		if err := printJSON(c.OutOrStdout(), faults); err != nil {
			return err
		}
	} else {
		for _, f := range faults {
			printFault(c.OutOrStdout(), f)
		}
	}
	switch {
	case serious == 1:
		return errors.New("check found 1 fault")
	case serious > 1:
		return fmt.Errorf("check found %d faults", serious)
	case !asJSON:
		fmt.Fprintln(c.OutOrStdout(), "ok")
	}
	return nil
}

// printFault writes a fault, the line it stands in and the places it comes
// from.
func printFault(w io.Writer, f lint.Fault) {
	fmt.Fprintln(w, f)
	if frame := f.Frame(); frame != "" {
		fmt.Fprintln(w, frame)
	}
	for _, from := range f.From {
		fmt.Fprintln(w, "  "+from.String())
	}
}

// printJSON writes a value for programs, an empty list as [].
func printJSON[T any](w io.Writer, list []T) error {
	if list == nil {
		list = []T{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}
