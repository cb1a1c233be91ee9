package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
)

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "Look for what keeps an app from building, running or reloading",
		Long: `Doctor examines this machine and the app in DIR (by default this directory):
Go and a C compiler, the version of SQLite, what watches files, the ports that
are listened on, settings, the secret and the state of the database. It
changes nothing but the app's build in .dram.

What is wrong comes with the way to mend it, and the exit code is 1. A warning
is something that works, but less well.`,
		Example: `  dram doctor
  dram doctor ./sample-app --json`,
		GroupID: "inspect",
		Args:    oneDir,
		RunE: func(c *cobra.Command, args []string) error {
			found := examine(c.Context(), dirOf(args))
			if err := reportFindings(c.OutOrStdout(), found, asJSON); err != nil {
				return err
			}
			return verdict(found)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// finding is the outcome of one examination.
type finding struct {
	Name  string `json:"name"`
	State state  `json:"state"`
	Text  string `json:"text"`
	Mend  string `json:"mend,omitempty"` // what to do, unless State is healthy
}

type state string

const (
	healthy state = "ok"
	weak    state = "warning"
	broken  state = "fault"
)

func fine(name, format string, args ...any) finding {
	return finding{Name: name, State: healthy, Text: fmt.Sprintf(format, args...)}
}

// examine runs all examinations that make sense: those of an app need one.
func examine(ctx context.Context, dir string) []finding {
	found := []finding{checkGo(ctx, dir), checkWatches(dir)}
	a, err := findApp(ctx, dir)
	if err != nil {
		return append(found, finding{"app", broken, err.Error(), "give the directory of an app: dram doctor DIR"})
	}
	found = append(found, fine("app", "%s", a.dir), checkAir(ctx, a))
	found = append(found, checkSQLite(ctx, a)...)
	conf, err := config.Load(config.Options{Dir: a.dir, Environ: os.Environ()})
	if err != nil {
		return append(found, finding{"settings", broken, err.Error(), "mend the lines that are named; dram.toml is optional"})
	}
	found = append(found, fine("settings", "%d, %s", len(conf.Settings()), conf.Env), checkSecret(conf))
	for _, address := range slices.Concat(conf.Server.Addresses(), conf.TLS.Addresses()) {
		found = append(found, checkPort(address))
	}
	if slices.ContainsFunc(found, func(f finding) bool { return f.Name == compilerName && f.State == broken }) {
		return found // it cannot be built
	}
	return append(found, checkMigrations(ctx, a)...)
}

// verdict is the error for findings: none if nothing is broken.
func verdict(found []finding) error {
	n := 0
	for _, f := range found {
		if f.State == broken {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("doctor found 1 fault")
	}
	return fmt.Errorf("doctor found %d faults", n)
}

func reportFindings(w io.Writer, found []finding, asJSON bool) error {
	if asJSON {
		return printJSON(w, found)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.State, f.Name, firstLine(f.Text))
		for _, more := range restLines(f.Text) {
			fmt.Fprintf(t, "\t\t%s\n", more)
		}
		if f.Mend != "" {
			fmt.Fprintf(t, "\t\t→ %s\n", f.Mend)
		}
	}
	return t.Flush()
}
