package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/spf13/cobra"
)

func (p *program) statusCommand() *cobra.Command {
	asJSON, watch, streams := false, false, false
	c := &cobra.Command{
		Use: "status", Short: "show the processes of the running app and how they are", Args: cobra.NoArgs,
		Long: "status shows each process with its state, its age, the processor time and memory it has used, and how\n" +
			"the last reload ended. The other columns of a worker say how many requests run in it, how many it has\n" +
			"answered, how many of these with 500 or above, how often one in its place has died, and which of its\n" +
			"requests has waited longest for its answer. --watch shows it anew each second.",
		Example: "  " + p.name() + " status\n  " + p.name() + " status --watch\n  " + p.name() + " status --json | jq .state",
		RunE: func(cmd *cobra.Command, _ []string) error {
			show := func(s status, out io.Writer) error {
				if asJSON {
					return printJSON(out, s)
				}
				s.write(out, time.Now())
				if streams && !s.streaming() {
					fmt.Fprintln(out, "\nno response has been under way for long")
				}
				return nil
			}
			conf := p.locate()
			if watch {
				var s screen = scroll{os.Stdout}
				if t := terminalOf(os.Stdout); t != nil && !asJSON {
					s = t
				}
				return watchStatus(cmd.Context(), conf, streams, show, s)
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
