package runner

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/runner/control"
)

// statusSilence is how long a master may take for a status.
const statusSilence = 10 * time.Second

func (p *program) statusCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "status", Short: "show the processes of the running app", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := ask(cmd.Context(), p.locate(), control.Request{Verb: "status"}, statusSilence, io.Discard, false)
			if err != nil {
				return err
			}
			var s status
			if err := json.Unmarshal(r.Data, &s); err != nil {
				return fmt.Errorf("status of the running master: %w", err)
			}
			if asJSON {
				return printJSON(os.Stdout, s)
			}
			s.write(os.Stdout, time.Now())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "replace the workers by those of the new binary, losing no request", Args: cobra.NoArgs,
		Long: "reload takes the binary from the path that the app was started from, checks the settings, publishes\n" +
			"static files, migrates, starts new workers and, once all are ready, lets them take over.\n" +
			"If anything fails before that, the old workers go on, and the exit code is 3.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf := p.locate()
			// The longest silences are a migration, of which nobody knows
			// how long it takes, a boot and a drain.
			silence := conf.Workers.BootTimeout + conf.Workers.GracefulTimeout + time.Hour
			r, err := ask(cmd.Context(), conf, control.Request{Verb: "reload"}, silence, os.Stdout, false)
			if err != nil {
				return err
			}
			fmt.Println(r.Text)
			return nil
		},
	}
}

func (p *program) stopCommand() *cobra.Command {
	now := false
	c := &cobra.Command{
		Use: "stop", Short: "end the running app and wait until it has ended", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf := p.locate()
			r := control.Request{Verb: "stop"}
			if now {
				r.Args = []string{"quick"}
			}
			// Front and workers end one after the other.
			limit := 2*(conf.Workers.GracefulTimeout+killAfter) + statusSilence
			_, err := ask(cmd.Context(), conf, r, limit, os.Stdout, true)
			if err != nil {
				return err
			}
			fmt.Println("stopped")
			return nil
		},
	}
	c.Flags().BoolVar(&now, "quick", false, "cut requests in flight")
	return c
}
