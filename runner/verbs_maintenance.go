package runner

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/runner/control"
)

func (p *program) maintenanceCommand() *cobra.Command {
	c := &cobra.Command{Use: "maintenance", Short: "close the site with a page that says so, or open it again"}
	c.AddCommand(p.maintenanceOnCommand(), p.maintenanceOffCommand())
	return c
}

func (p *program) maintenanceOnCommand() *cobra.Command {
	var want control.Maintenance
	asJSON := false
	c := &cobra.Command{
		Use: "on", Short: "answer 503 with the maintenance page", Args: cobra.NoArgs,
		Long: "on ends when every front answers 503. What runs goes on, so do static files, /livez and /readyz. The\n" +
			"site stays closed over reloads and restarts. The page is the app's static file errors/maintenance.html, else\n" +
			"Dram's own. A second on changes the words.",
		Example: "  " + p.name() + " maintenance on --message 'Back at 10:00' --retry-after 30m --allow 203.0.113.0/24",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkMaintenance(want); err != nil {
				return err
			}
			text, err := json.Marshal(want)
			if err != nil {
				return err
			}
			return p.tellMaintenance(cmd, asJSON, "on", string(text))
		},
	}
	c.Flags().StringVar(&want.Message, "message", "", "`text` for visitors, instead of the usual sentence")
	c.Flags().DurationVar(&want.RetryAfter, "retry-after", 5*time.Minute, "`time` after which clients may ask again")
	c.Flags().Lookup("retry-after").DefValue = "5m"
	c.Flags().StringSliceVar(&want.Allow, "allow", nil, "`address` or range of clients that find the site open; may be repeated")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) maintenanceOffCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "off", Short: "open the site again", Args: cobra.NoArgs,
		Example: "  " + p.name() + " maintenance off",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.tellMaintenance(cmd, asJSON, "off")
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) tellMaintenance(cmd *cobra.Command, asJSON bool, args ...string) error {
	r := control.Request{Verb: "maintenance", Args: args}
	return p.tell(cmd.Context(), p.locate(), r, control.Lease+statusSilence, asJSON, false)
}
