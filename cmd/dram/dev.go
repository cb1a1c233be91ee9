package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/devserver"
)

func devCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Work on an app: build, restart and reload the browser on every save",
		Long: `Dev serves the app in DIR (by default this directory) on loopback while you
work on it. A saved Go file is built and swapped in when it is ready; a saved
template, style sheet or message needs no build. A build that fails shows its
error in the browser while the last good one keeps serving.

Variables in the file .env of the app are set for it, unless the environment
has them already. Only dev reads .env: in production the environment does.`,
		Example: `  dram dev ./sample-app
  dram dev --listen 127.0.0.1:4000`,
		GroupID: "develop",
		Args:    oneDir,
		RunE: func(c *cobra.Command, args []string) error {
			a, err := findApp(c.Context(), dirOf(args))
			if err != nil {
				return err
			}
			if err := a.checkCompiler(c.Context(), c.ErrOrStderr()); err != nil {
				return err
			}
			if err := a.ensureSecret(c.ErrOrStderr()); err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			return devserver.Run(c.Context(), devserver.Options{
				Dir:         a.dir,
				Listen:      listen,
				Stdout:      c.OutOrStdout(),
				Stderr:      c.ErrOrStderr(),
				PokeCommand: []string{self, "__poke"},
			})
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "HOST:PORT to listen on, port 0 for a free one (default 127.0.0.1:3000, or the next free port)")
	return c
}

// pokeCommand is what the watcher runs when something changed.
func pokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "__poke SOCKET",
		Hidden: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("__poke takes one socket")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return devserver.Poke(args[0]) },
	}
}
