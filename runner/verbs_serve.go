package runner

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "serve the app: front, workers and their supervisor", Args: cobra.NoArgs,
		Example: "  " + p.name() + " serve --listen :8080 --workers 4",
		RunE:    func(*cobra.Command, []string) error { return p.serve(true) },
	}
	p.listenFlag(c)
	p.workersFlag(c)
	return c
}

func (p *program) gatewayCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "gateway", Short: "serve the app to fronts that run apart", Args: cobra.NoArgs,
		Example: "  " + p.name() + " gateway --workers 4",
		RunE:    func(*cobra.Command, []string) error { return p.serve(false) },
	}
	p.workersFlag(c)
	return c
}

// serve is the master. It makes no app.
func (p *program) serve(withFront bool) error {
	conf, err := p.load()
	if err != nil {
		return err
	}
	source, err := ownPath()
	if err != nil {
		return err
	}
	return serveTree(masterOptions{
		conf: conf, log: newLogger(conf, "process", "master"), source: source,
		settings: p.settings(), front: withFront, stdout: os.Stdout, stderr: os.Stderr,
	})
}

func (p *program) frontCommand() *cobra.Command {
	var gateway string
	c := &cobra.Command{
		Use: "front", Short: "serve clients before a gateway that runs apart", Args: cobra.NoArgs,
		Example: "  " + p.name() + " front --listen :8080 --gateway /srv/app/.dram/run/control.sock",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.loneFront(cmd.Context(), gateway)
		},
	}
	p.listenFlag(c)
	c.Flags().StringVar(&gateway, "gateway", "", "control `socket` of the gateway, by default this app's own")
	return c
}

// loneFront is a front with a listener of its own.
func (p *program) loneFront(ctx context.Context, gateway string) error {
	conf, err := p.load()
	if err != nil {
		return err
	}
	if gateway == "" {
		gateway = filepath.Join(conf.RunDir(), control.SocketName)
	}
	listener, address, err := netListener(conf.Server.Listen)
	if err != nil {
		return err
	}
	ctx, stop := signalContext(ctx)
	defer stop()
	return front.Run(ctx, front.Options{
		Config: conf, Gateway: gateway, Listener: listener, Log: newLogger(conf, "process", "front"),
		Announce: func(string) { fmt.Printf("listening on http://%s\n", address) },
		Hello:    controlHello(control.RoleFront),
	})
}

// frontRole is the front as a child of a master.
func (p *program) frontRole() *cobra.Command {
	return &cobra.Command{
		Use: "__front", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := inheritControl()
			if err != nil {
				return err
			}
			defer conn.Close()
			ignoreTerminal()
			conf, err := p.load()
			if err != nil {
				return giveReason(conn, controlHello(control.RoleFront), err)
			}
			keepCrash(conf)
			return front.Run(cmd.Context(), front.Options{
				Config: conf, Control: conn, Log: newLogger(conf, "process", "front"),
				Hello: controlHello(control.RoleFront),
			})
		},
	}
}

// ignoreTerminal leaves it to the control connection alone to end a child:
// signals that a terminal or an init system sends to every process of the
// tree would break the order in which it ends. QUIT stays, it prints every
// goroutine.
func ignoreTerminal() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM)
}
