package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

func (p *program) statusCommand() *cobra.Command {
	asJSON, watch, streams := false, false, false
	c := &cobra.Command{
		Use: "status", Short: "show the processes of the running app and how they are", Args: cobra.NoArgs,
		Long: "status shows each process with its state, and how the last reload ended. The columns of a worker say how\n" +
			"many requests run in it, how many it has answered, how many of these with 500 or above, how much memory it\n" +
			"uses, how often one in its place has died, and which of its requests has waited longest for its answer.",
		Example: "  " + p.name() + " status\n  " + p.name() + " status --watch\n  " + p.name() + " status --json | jq .state",
		RunE: func(cmd *cobra.Command, _ []string) error {
			show := func(s status, out io.Writer) error {
				if asJSON {
					return printJSON(out, s)
				}
				s.write(out, time.Now())
				return nil
			}
			conf := p.locate()
			if watch {
				return watchStatus(cmd.Context(), conf, streams, show)
			}
			s, err := askStatus(cmd.Context(), conf, streams)
			if err != nil {
				return err
			}
			return show(s, os.Stdout)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVarP(&watch, "watch", "w", false, "show it anew each second, until interrupted")
	c.Flags().BoolVar(&streams, "streams", false, "list responses that have been under way for long")
	return c
}

func askStatus(ctx context.Context, conf *config.Config, streams bool) (s status, err error) {
	r := control.Request{Verb: "status"}
	if streams {
		r.Args = []string{"streams"}
	}
	result, err := ask(ctx, conf, r, statusSilence, io.Discard, false)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(result.Data, &s); err != nil {
		return s, fmt.Errorf("status of the running master: %w", err)
	}
	return s, nil
}

// watchInterval is how often a status is shown anew.
const watchInterval = time.Second

// watchStatus shows the status again and again. An app that is not running is
// shown as such: it may come back.
func watchStatus(ctx context.Context, conf *config.Config, streams bool, show func(status, io.Writer) error) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	terminal := isTerminal(os.Stdout)
	for {
		var screen bytes.Buffer
		if terminal {
			screen.WriteString("\x1b[H\x1b[J") // home, clear to the end (ECMA-48)
		}
		s, err := askStatus(ctx, conf, streams)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = show(s, &screen)
		}
		if err != nil {
			fmt.Fprintln(&screen, err)
		}
		if !terminal {
			screen.WriteByte('\n')
		}
		if _, err := screen.WriteTo(os.Stdout); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// isTerminal reports whether a file is a terminal (tcgetattr(3)).
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
