package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dram-go/dram/framework/nearest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes of dram's own verbs; an app that is run has the same ones.
const (
	exitOK          = 0
	exitFault       = 1
	exitInterrupted = 130 // as a shell reports an end by Ctrl-C
)

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit): // the child has said why
		return exit.code
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "dram: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "dram: %v\n", err)
	return exitFault
}

// exitError carries the exit code of a child that has explained it itself.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.code) }

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "dram",
		Short: "Make, develop and serve web applications in Go",
		Example: `  dram new forum        write a new app in ./forum and test it
  dram dev forum        work on it: builds, restarts and reloads the browser
  dram serve forum      build it and run it as in production`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError(c, err) })
	root.AddGroup(
		&cobra.Group{ID: "develop", Title: "Develop:"},
		&cobra.Group{ID: "run", Title: "Run:"},
		&cobra.Group{ID: "inspect", Title: "Look:"},
	)
	root.AddCommand(newCommand(), devCommand(), pokeCommand())
	root.AddCommand(serveCommand(), reloadCommand(), stopCommand(), statusCommand())
	root.AddCommand(routesCommand(), checkCommand(), migrateCommand(), doctorCommand(), benchCommand(), versionCommand())
	return root
}

// usageError says what was wrong with the command line and where to look.
func usageError(c *cobra.Command, err error) error {
	return fmt.Errorf("%w%s\nSee: %s --help", err, suggestFlag(c, err), c.CommandPath())
}

// suggestFlag names the flag that was meant by an unknown one.
func suggestFlag(c *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return nearest.Hint("--"+unknown.GetSpecifiedName(), names)
}

// oneDir is the argument check of the verbs that work on an app.
func oneDir(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError(c, fmt.Errorf("%s takes one directory, got %q", c.Name(), args))
	}
	return nil
}

// dirOf returns the directory that a verb works on, by default this one.
func dirOf(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}
