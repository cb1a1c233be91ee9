package runner

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dram-go/dram/framework/config"
)

// name is what the app is called on the command line.
func (p *program) name() string { return filepath.Base(p.args[0]) }

// commands builds the command line for these arguments. The app is made only
// if its own commands matter: for help, and for a name that is none of ours.
func (p *program) commands() (*cobra.Command, error) {
	args := p.args[1:]
	root := p.root()
	root.SetArgs(args)
	_, _, unknown := root.Find(args)
	if unknown == nil && !wantsHelp(root, args) {
		return root, nil
	}
	leading, name, rest := splitArgs(args)
	p.file = leading
	if err := p.absoluteFile(); err != nil {
		return nil, err
	}
	own, err := p.ownCommands(rest)
	if err != nil {
		if unknown != nil {
			return nil, fmt.Errorf("%q is no command of Dram, and those of the app cannot be listed:\n%w", name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: the app's own commands cannot be listed:\n%v\n\n", p.name(), err)
	}
	root.AddCommand(own...)
	if slices.ContainsFunc(own, func(c *cobra.Command) bool { return c.Name() == name }) {
		root.SetArgs([]string{name})
	}
	return root, nil
}

// wantsHelp reports whether the arguments ask for the list of all commands.
func wantsHelp(root *cobra.Command, args []string) bool {
	cmd, _, err := root.Find(args)
	return err == nil && (cmd == root || cmd.Name() == "help")
}

// splitArgs finds the value of --config before the first word, that word, and
// what follows it, which belongs to the app's command as it is.
func splitArgs(args []string) (file, name string, rest []string) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	flags.StringVar(&file, "config", "", "")
	if flags.Parse(args) != nil || flags.NArg() == 0 {
		return file, "", nil
	}
	return file, flags.Arg(0), flags.Args()[1:]
}

// ownCommands are those that the app itself brings.
func (p *program) ownCommands(args []string) ([]*cobra.Command, error) {
	app, conf, err := p.app()
	if err != nil {
		return nil, err
	}
	has, ok := app.(hasCommands)
	if !ok {
		return nil, nil
	}
	var own []*cobra.Command
	commands := has.Commands()
	for _, key := range slices.Sorted(maps.Keys(commands)) {
		name, help, _ := strings.Cut(key, " ")
		own = append(own, &cobra.Command{
			Use: name, Short: help, GroupID: groupApp, DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, _ []string) error {
				log := newLogger(conf)
				ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
				defer stop()
				end, err := startFor(ctx, app, name, conf, log)
				if err != nil {
					return err
				}
				defer end()
				return commands[key](ctx, args)
			},
		})
	}
	return own, nil
}

// The groups that help lists commands in.
const (
	groupServe = "serve"
	groupTree  = "tree"
	groupApp   = "app"
)

// root is the command line without the app's own commands.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use: p.name(), Short: p.name() + " is a web application", SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE:          func(*cobra.Command, []string) error { return p.absoluteFile() },
		SuggestionsMinimumDistance: 2,
	}
	root.AddGroup(&cobra.Group{ID: groupServe, Title: "Serving:"},
		&cobra.Group{ID: groupTree, Title: "Talking to the running app:"},
		&cobra.Group{ID: groupApp, Title: "The app:"})
	root.PersistentFlags().StringVar(&p.file, "config", "", "settings `file`, instead of dram.toml")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w%s\nUsage: %s", err, suggestFlag(cmd, err), cmd.UseLine())
	})
	for _, c := range []*cobra.Command{p.serveCommand(), p.runCommand(), p.frontCommand(), p.gatewayCommand()} {
		c.GroupID = groupServe
		root.AddCommand(c)
	}
	for _, c := range p.treeCommands() {
		c.GroupID = groupTree
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{p.migrateCommand(), p.routesCommand(), p.templatesCommand(), p.checkCommand(), p.configCommand(), p.secretCommand(), p.versionCommand()} {
		c.GroupID = groupApp
		root.AddCommand(c)
	}
	root.AddCommand(p.wireCommand(), p.workerRole(), p.frontRole(), p.assetsRole())
	for _, c := range root.Commands() {
		demandSubcommand(c)
	}
	root.InitDefaultHelpCmd()
	return root
}

// demandSubcommand makes it an error to call a command that only has others
// below it: a script that forgets the second word must not go on as if
// something had been done. Help goes to standard error.
func demandSubcommand(c *cobra.Command) {
	if c.Runnable() || !c.HasSubCommands() {
		return
	}
	c.Args = cobra.ArbitraryArgs
	c.SuggestionsMinimumDistance, c.DisableFlagsInUseLine = 2, true
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cmd.SetOut(cmd.ErrOrStderr())
		if len(args) == 0 {
			if err := cmd.Help(); err != nil {
				return err
			}
			return fmt.Errorf("%s takes one of its commands", cmd.Name())
		}
		text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += ", did you mean " + near[0] + "?"
		}
		return fmt.Errorf("%s\nUsage: %s COMMAND", text, cmd.CommandPath())
	}
}

// absoluteFile makes --config mean the same file in every process.
func (p *program) absoluteFile() error {
	if p.file == "" {
		return nil
	}
	path, err := filepath.Abs(p.file)
	p.file = path
	return err
}

func (p *program) listenFlag(c *cobra.Command) {
	c.Flags().StringVar(&p.listen, "listen", "", "`HOST:PORT` to listen on, port 0 for a free one")
}

func (p *program) workersFlag(c *cobra.Command) {
	c.Flags().Var((*wholeNumber)(&p.workers), "workers", "`number` of worker processes")
}

// wholeNumber is a flag's value; "" is not given, which 0 would hide.
type wholeNumber string

func (n *wholeNumber) Set(text string) error {
	if _, err := strconv.Atoi(text); err != nil {
		return errors.New("expected a whole number")
	}
	*n = wholeNumber(text)
	return nil
}

func (n *wholeNumber) String() string { return string(*n) }

func (n *wholeNumber) Type() string { return "number" }

// locate finds where the app keeps its run directory, even when its settings
// have become invalid: a running app must stay reachable.
func (p *program) locate() *config.Config {
	if conf, err := p.load(); err == nil {
		return conf
	}
	file := p.file
	if file == "" {
		file = os.Getenv("DRAM_CONFIG")
	}
	root, err := filepath.Abs(filepath.Dir(file)) // of "" it is "."
	if err != nil {
		root = "."
	}
	return config.Default(root)
}
