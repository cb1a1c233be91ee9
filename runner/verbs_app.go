package runner

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/front"
)

func (p *program) migrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "migrate", Short: "bring the database up to date, or show where it is",
		Long: `migrate runs the numbered SQL files in migrations/ that the database has not
seen yet, each once and in order. serve and reload do so by themselves before
the first worker starts; in development the app does when it starts.

A file that has run does not run again, and there is no way back down: a change
is a new file. While developing you may begin again instead, with an empty
database: stop the app, remove what database.url names (sqlite:data/app.db:
rm -f data/app.db data/app.db-*; PostgreSQL: dropdb NAME) and start it.`,
	}
	up := &cobra.Command{
		Use: "up", Short: "run the migrations that are missing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, conf, err := p.app()
			if err != nil {
				return err
			}
			newLogger(conf)
			m, ok := app.(hasMigrate)
			if !ok {
				return nil // an app without a database has nothing to do
			}
			ctx, stop := p.endContext(cmd.Context())
			defer stop()
			return migrate(ctx, m.Migrate, conf)
		},
	}
	after := &cobra.Command{
		Use: "after", Short: "run the migrations that wait until no older build serves", Args: cobra.NoArgs,
		Long:    "after runs the migrations that take away what an older build of the app still used.\nserve and reload run it by themselves, once nothing of an older generation is left.",
		Example: "  " + p.name() + " migrate after",
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, conf, err := p.app()
			if err != nil {
				return err
			}
			newLogger(conf)
			m, ok := app.(hasMigrateAfter)
			if !ok {
				return nil // an app without such migrations has nothing to do
			}
			ctx, stop := p.endContext(cmd.Context())
			defer stop()
			return migrate(ctx, m.MigrateAfter, conf)
		},
	}
	asJSON := false
	state := &cobra.Command{
		Use: "status", Short: "list the migrations and which of them have run", Args: cobra.NoArgs,
		Long: `status lists the migrations with their states:

  applied  it has run
  changed  it has run, but the file said something else then
  pending  migrate up will run it
  after    it takes away what an earlier build needs (-- +dram after), and
           waits for that build to be gone
  unknown  it has run, and this build does not have the file`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, conf, err := p.app()
			if err != nil {
				return err
			}
			newLogger(conf)
			m, ok := app.(hasMigrationStatus)
			if !ok {
				return fmt.Errorf("this app has no migrations")
			}
			rows, err := m.MigrationStatus(cmd.Context())
			if err != nil {
				return err
			}
			return printRows([]string{"version", "state", "file"}, rows, asJSON)
		},
	}
	state.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(up, after, state)
	return c
}

func (p *program) routesCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "routes", Short: "list the routes of the app", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			app, _, err := p.app()
			if err != nil {
				return err
			}
			r, ok := app.(hasRoutes)
			if !ok {
				return fmt.Errorf("this app cannot list its routes: it has no method Routes() [][]string")
			}
			return printRows([]string{"method", "pattern", "name", "handler", "source"}, r.Routes(), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) templatesCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "templates", Short: "list the pages of the app and which of them are compiled", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			app, _, err := p.app()
			if err != nil {
				return err
			}
			t, ok := app.(hasTemplates)
			if !ok {
				return fmt.Errorf("this app cannot list its pages: it has no method Templates() [][]string")
			}
			return printRows([]string{"page", "engine", "reason"}, t.Templates(), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "check settings, certificates, addresses, routes, templates and what the app itself checks", Args: cobra.NoArgs,
		Long: "check lists everything at once that would hinder serve or reload. An address that another process has, or\n" +
			"that is for root alone, a certificate that has expired, an upstream that does not answer and a static file in\n" +
			"errors/ that is no error page, though it looks like one, are only remarked upon.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := p.load()
			if err != nil {
				return err
			}
			newLogger(conf)
			faults, remarks := examine(cmd.Context(), conf)
			more, fault := p.checkMade(cmd.Context(), conf)
			for _, remark := range slices.Concat(remarks, front.Unreachable(cmd.Context(), conf), more) {
				fmt.Fprintln(os.Stderr, "remark:", remark)
			}
			if err := errors.Join(append(faults, fault)...); err != nil {
				return err
			}
			fmt.Println("ok")
			return nil
		},
	}
}

// checkMade makes the app and lets it check itself.
func (p *program) checkMade(ctx context.Context, conf *config.Config) (remarks []error, fault error) {
	app, err := p.new(conf)
	if err != nil {
		return nil, err
	}
	if has, ok := app.(hasAssets); ok {
		remarks = front.RemarksOnErrorPages(has.Assets())
	}
	if c, ok := app.(hasCheck); ok {
		fault = c.Check(ctx)
	}
	return remarks, fault
}

// setting is a row of `config print --json`, which a master of another build
// reads too: names stay.
type setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
	Help   string `json:"help,omitempty"`
}

func (p *program) configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "show the settings of the app"}
	asJSON, explain := false, false
	show := &cobra.Command{
		Use: "print [SECTION|KEY]…", Short: "print every setting, its value and where it comes from",
		Long:    "print shows every setting, or those that are named, by section or by key.",
		Example: "  " + p.name() + " config print\n  " + p.name() + " config print --explain tls server.hosts",
		RunE: func(_ *cobra.Command, names []string) error {
			conf, err := p.load()
			if err != nil {
				return err
			}
			rows, err := settingsNamed(conf, names)
			if err != nil {
				return err
			}
			return printSettings(rows, asJSON, explain)
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	show.Flags().BoolVarP(&explain, "explain", "e", false, "say what each setting is for")
	c.AddCommand(show)
	return c
}

// settingsNamed are the settings whose keys or sections are named; all when
// nothing is.
func settingsNamed(conf *config.Config, names []string) ([]setting, error) {
	rows, found := []setting{}, map[string]bool{}
	for _, s := range conf.Settings() {
		wanted := len(names) == 0
		for _, name := range names {
			if s.Key == name || strings.HasPrefix(s.Key, name+".") {
				wanted, found[name] = true, true
			}
		}
		if wanted {
			rows = append(rows, setting{s.Key, s.Value, s.Origin, s.Help})
		}
	}
	for _, name := range names {
		if !found[name] {
			return nil, fmt.Errorf("there is no setting and no section %s; `config print` shows all", name)
		}
	}
	return rows, nil
}

func printSettings(rows []setting, asJSON, explain bool) error {
	if asJSON {
		return printJSON(os.Stdout, rows)
	}
	key, value := 0, 0
	for _, s := range rows {
		key, value = max(key, utf8.RuneCountInString(s.Key)), max(value, utf8.RuneCountInString(s.Value))
	}
	out := bufio.NewWriter(os.Stdout)
	for _, s := range rows {
		fmt.Fprintf(out, "%-*s  %-*s  %s\n", key, s.Key, value, s.Value, s.Origin)
		if explain && s.Help != "" {
			fmt.Fprintf(out, "    %s\n", s.Help)
		}
	}
	return out.Flush()
}

func (p *program) secretCommand() *cobra.Command {
	return &cobra.Command{
		Use: "secret", Short: "make the secret that sessions and signed links are derived from", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, created, err := config.GenerateSecret(p.locate().Root)
			if err != nil {
				return err
			}
			if !created {
				fmt.Println("there is a secret already:", path)
				return nil
			}
			fmt.Println("wrote", path)
			return nil
		},
	}
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the versions of the app, of Dram and of Go", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return fmt.Errorf("this binary was built without module information")
			}
			fmt.Println(versionText(p.name(), ownBuild(), info))
			return nil
		},
	}
}

// versionText is one line: what a bug report needs.
func versionText(name, build string, info *debug.BuildInfo) string {
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = s.Value[:min(12, len(s.Value))]
		}
	}
	parts := []string{name, version, "build " + build}
	const ours = "github.com/dram-go/dram"
	for _, dep := range info.Deps {
		if dep.Path == ours {
			parts = append(parts, "dram "+dep.Version)
		}
	}
	return strings.Join(append(parts, info.GoVersion), " ")
}

// printRows prints a table with a heading, or a list of objects by it.
func printRows(heading []string, rows [][]string, asJSON bool) error {
	if asJSON {
		objects := []map[string]string{}
		for _, row := range rows {
			o := map[string]string{}
			for i, cell := range row {
				if i < len(heading) {
					o[heading[i]] = cell
				}
			}
			objects = append(objects, o)
		}
		return printJSON(os.Stdout, objects)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(heading, "\t")))
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}
