package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// statusSilence is how long a master may take for a status.
const statusSilence = 10 * time.Second

// treeCommands talk to the running master.
func (p *program) treeCommands() []*cobra.Command {
	return []*cobra.Command{
		p.statusCommand(),
		p.deployCommand(deployReload, "replace the workers by those of the new binary, losing no request",
			"reload takes the binary from the path that the app was started from, checks the settings, publishes\n"+
				"static files and migrates. The first new worker is asked for reload.probe before it serves, then the\n"+
				"others replace the old ones one by one. For reload.soak they must serve as well as those before did.\n"+
				"If anything fails until then, the old build serves on or again, and the exit code is 3.\n"+
				"If another one is running, the exit code is 5."),
		p.deployCommand(deployUpgrade, "reload, and replace the front by that of the new binary, too",
			"upgrade is a reload that replaces the front as well: both accept clients until the old one has said\n"+
				"goodbye to its own. Use it when Dram itself is newer. The master stays; a stop and a start replace it."),
		p.deployCommand(deployRollback, "go back to the build before the last reload, losing no request",
			"rollback starts workers from the kept copy of the build before the last reload, with its settings of\n"+
				"then, as carefully as reload does. The database stays as it is: migrations are never taken back."),
		p.scaleCommand(), p.workerCommand(), p.maintenanceCommand(), p.logsCommand(), p.drainCommand(), p.stopCommand(),
	}
}

// tell sends a request that has no more than a line for an answer and prints
// it, as JSON on demand.
func (p *program) tell(ctx context.Context, conf *config.Config, r control.Request, silence time.Duration, asJSON, toTheEnd bool) error {
	progress := io.Writer(os.Stdout)
	if asJSON {
		progress = io.Discard
	}
	result, err := ask(ctx, conf, r, silence, progress, toTheEnd)
	if asJSON && (err == nil || result.ExitCode != exitOK) {
		_ = printJSON(os.Stdout, verdict{OK: err == nil, Text: result.Text}) // the exit code says more
		return err
	}
	if err == nil {
		fmt.Println(result.Text)
	}
	return err
}

// verdict is what a command that changes something prints with --json.
type verdict struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"` // what was done, or why not
}

func (p *program) deployCommand(kind deployKind, short, long string) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: string(kind), Short: short, Args: cobra.NoArgs, Long: long,
		Example: "  " + p.name() + " " + string(kind) + " && echo done",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf := p.locate()
			// The longest silences are a migration, of which nobody knows
			// how long it takes, a boot, a soak and a drain.
			silence := conf.Workers.BootTimeout + conf.Workers.GracefulTimeout + conf.Reload.Soak + time.Hour
			err := p.tell(cmd.Context(), conf, control.Request{Verb: string(kind)}, silence, asJSON, false)
			if exitCode(err) == exitRefused {
				return fmt.Errorf("%w\nWhat served before serves on", err)
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the verdict alone, as JSON")
	return c
}

func (p *program) scaleCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "scale N", Short: "change the number of workers until the next reload", Args: cobra.ExactArgs(1),
		Long: "scale starts or drains workers until there are N. The next reload sets what workers.count says.\n" +
			"With 0 workers requests wait, then get 503.",
		Example: "  " + p.name() + " scale 4",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n, err := strconv.Atoi(args[0]); err != nil || n < 0 || n > config.MaxWorkers {
				return fmt.Errorf("scale %s: expected a number from 0 to %d", args[0], config.MaxWorkers)
			}
			return p.tell(cmd.Context(), p.locate(), control.Request{Verb: "scale", Args: args}, statusSilence, asJSON, false)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) drainCommand() *cobra.Command {
	delay := time.Duration(0)
	c := &cobra.Command{
		Use: "drain", Short: "send clients elsewhere, then end the running app", Args: cobra.NoArgs,
		Long: "drain lets /readyz say 503 while everything is served on, so that load balancers turn away. After the\n" +
			"delay it ends the app as stop does, and waits until it has ended. A Kubernetes preStop hook calls it.",
		Example: "  " + p.name() + " drain --delay 10s",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf := p.locate()
			r := control.Request{Verb: "drain"}
			if !cmd.Flags().Changed("delay") {
				delay = conf.Server.DrainDelay
			} else {
				r.Args = []string{delay.String()}
			}
			return p.tell(cmd.Context(), conf, r, delay+stopLimit(conf), false, true)
		},
	}
	c.Flags().DurationVar(&delay, "delay", delay, "`time` to serve on, by default server.drain_delay")
	return c
}

func (p *program) logsCommand() *cobra.Command {
	c := &cobra.Command{Use: "logs", Short: "the log files of the running app"}
	c.AddCommand(&cobra.Command{
		Use: "reopen", Short: "open the log files anew, after logrotate has renamed them", Args: cobra.NoArgs,
		Long: "reopen ends when no process writes to the old files any more, so that they can be compressed. No line\n" +
			"is lost. The signal USR1 does the same without waiting.",
		Example: "  postrotate\n    " + p.name() + " logs reopen\n  endscript",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.tell(cmd.Context(), p.locate(), control.Request{Verb: "logs", Args: []string{"reopen"}}, reopenLimit+statusSilence, false, false)
		},
	})
	return c
}

// stopLimit is how long a stop may take: front and workers end one after the
// other.
func stopLimit(conf *config.Config) time.Duration {
	return 2*(conf.Workers.GracefulTimeout+killAfter) + statusSilence
}

func (p *program) stopCommand() *cobra.Command {
	now := false
	c := &cobra.Command{
		Use: "stop", Short: "end the running app and wait until it has ended", Args: cobra.NoArgs,
		Example: "  " + p.name() + " stop\n  " + p.name() + " stop --quick",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf := p.locate()
			r := control.Request{Verb: "stop"}
			if now {
				r.Args = []string{"quick"}
			}
			return p.tell(cmd.Context(), conf, r, stopLimit(conf), false, true)
		},
	}
	c.Flags().BoolVar(&now, "quick", false, "cut requests in flight")
	return c
}
