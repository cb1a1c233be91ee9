package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dram-go/dram/framework/config"
)

func serveCommand() *cobra.Command {
	var listen string
	var workers int
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Build an app and run it as in production",
		Long: `Serve builds the app in DIR (by default this directory) and runs it with the
production runner: a master, a front that accepts clients and serves static
files, and workers that run the app.

It prints "listening on http://HOST:PORT" to standard output once it accepts;
everything else goes to standard error. Ctrl-C finishes the requests in flight.`,
		Example: `  dram serve ./sample-app
  dram serve --listen 0.0.0.0:80 --workers 4`,
		GroupID: "run",
		Args:    oneDir,
		RunE: func(c *cobra.Command, args []string) error {
			a, err := builtApp(c, args)
			if err != nil {
				return err
			}
			if err := a.ensureSecret(c.ErrOrStderr()); err != nil {
				return err
			}
			return a.replaceProcess("serve", changedFlags(c))
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "HOST:PORT to listen on, port 0 for a free one")
	c.Flags().IntVar(&workers, "workers", 0, "number of worker processes")
	return c
}

func reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reload [DIR]",
		Short: "Build a served app again and move over without losing a request",
		Example: `  dram reload ./sample-app
  dram reload && curl http://127.0.0.1:8000/`,
		GroupID: "run",
		Args:    oneDir,
		RunE: func(c *cobra.Command, args []string) error {
			a, err := builtApp(c, args)
			if err != nil {
				return err
			}
			return a.call(c, "reload")
		},
	}
}

// builtApp finds the app that the arguments name and builds it.
func builtApp(c *cobra.Command, args []string) (*app, error) {
	a, err := findApp(c.Context(), dirOf(args))
	if err != nil {
		return nil, err
	}
	return a, a.build(c.Context(), c.ErrOrStderr())
}

// passThrough is a verb that the app's own binary answers. What is running is
// asked with the binary it was started from; what is not needs a fresh one.
func passThrough(use, short, example, group string, needsBuild bool) *cobra.Command {
	c := &cobra.Command{
		Use:     use,
		Short:   short,
		Example: example,
		GroupID: group,
		Args:    oneDir,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		a, err := findApp(c.Context(), dirOf(args))
		if err != nil {
			return err
		}
		_, statErr := os.Stat(a.binary())
		if needsBuild || statErr != nil {
			if err := a.build(c.Context(), c.ErrOrStderr()); err != nil {
				return err
			}
		}
		return a.call(c, append([]string{c.Name()}, changedFlags(c)...)...)
	}
	return c
}

func stopCommand() *cobra.Command {
	return passThrough("stop [DIR]", "Finish the requests in flight and end a served app",
		"  dram stop ./sample-app", "run", false)
}

func statusCommand() *cobra.Command {
	c := passThrough("status [DIR]", "Show the processes that serve an app",
		"  dram status ./sample-app\n  dram status --json", "inspect", false)
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func routesCommand() *cobra.Command {
	c := passThrough("routes [DIR]", "List what an app answers",
		"  dram routes ./sample-app\n  dram routes --json", "inspect", true)
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func migrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate [DIR] [up|status]",
		Short: "Bring the database of an app up",
		Long: `Migrate builds the app and has it run the migrations that its database lacks.
dram dev does so by itself.

A file in migrations/ that has run does not run again: a change is a new file.
While developing you may begin again instead, with an empty database: stop the
app, remove what database.url names (sqlite:data/app.db:
rm -f data/app.db data/app.db-*; PostgreSQL: dropdb NAME) and start it.`,
		Example: `  dram migrate ./sample-app
  dram migrate ./sample-app status`,
		GroupID: "develop",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		verb, rest := "up", args
		if n := len(args); n > 0 && (args[n-1] == "up" || args[n-1] == "status") {
			verb, rest = args[n-1], args[:n-1]
		}
		if err := oneDir(c, rest); err != nil {
			return err
		}
		a, err := builtApp(c, rest)
		if err != nil {
			return err
		}
		return a.call(c, "migrate", verb)
	}
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of dram",
		GroupID: "inspect",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("this binary carries no build information")
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "dram %s %s\n", info.Main.Version, info.GoVersion)
			return err
		},
	}
}

// changedFlags returns the flags that were given, to be handed on.
func changedFlags(c *cobra.Command) []string {
	var flags []string
	c.Flags().Visit(func(f *pflag.Flag) {
		flags = append(flags, "--"+f.Name+"="+f.Value.String())
	})
	return flags
}

// call runs a verb of the app's binary and takes over its exit code.
func (a *app) call(c *cobra.Command, args ...string) error {
	cmd := exec.CommandContext(c.Context(), a.binary(), args...)
	cmd.Dir = a.dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, c.OutOrStdout(), c.ErrOrStderr()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &exitError{code: max(exit.ExitCode(), exitFault)}
	}
	return err
}

// replaceProcess becomes the app: whoever started dram signals the master
// itself, and no process stands between.
func (a *app) replaceProcess(verb string, flags []string) error {
	if err := os.Chdir(a.dir); err != nil {
		return err
	}
	argv := append([]string{a.binary(), verb}, flags...)
	return fmt.Errorf("start %s: %w", a.binary(), syscall.Exec(a.binary(), argv, os.Environ()))
}

// ensureSecret makes a secret where there is none, so that the first serve
// after a clone works; on a server it comes with the configuration.
func (a *app) ensureSecret(stderr io.Writer) error {
	conf, err := config.Load(config.Options{Dir: a.dir, Environ: os.Environ()})
	if err != nil || conf.Secret != "" {
		return err
	}
	path, created, err := config.GenerateSecret(conf.Root)
	if err != nil {
		return err
	}
	if created {
		rel, err := filepath.Rel(a.dir, path)
		if err != nil {
			rel = path
		}
		fmt.Fprintf(stderr, "made a secret for sessions: %s\n", rel)
	}
	return nil
}
