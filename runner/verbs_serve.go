package runner

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front"
	"github.com/dram-go/dram/runner/tempo"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "serve the app: front, workers and their supervisor", Args: cobra.NoArgs,
		Example: "  " + p.name() + " serve --listen :8080 --workers 4",
		RunE:    func(*cobra.Command, []string) error { return p.serve(true, false) },
	}
	p.listenFlag(c)
	p.workersFlag(c)
	return c
}

func (p *program) gatewayCommand() *cobra.Command {
	var address string
	c := &cobra.Command{
		Use: "gateway", Short: "serve the app to fronts that run apart, or over HTTP to nginx, Caddy or HAProxy", Args: cobra.NoArgs,
		Example: "  " + p.name() + " gateway --workers 4\n  " + p.name() + " gateway --http 127.0.0.1:8001",
		RunE: func(*cobra.Command, []string) error {
			if address != "" {
				p.listen = address
			}
			return p.serve(address != "", address != "")
		},
	}
	c.Flags().StringVar(&address, "http", "", "`HOST:PORT` where a foreign front finds the app by HTTP/1.1; name its address in server.trusted_proxies")
	p.workersFlag(c)
	return c
}

// serve is the master. It makes no app. With clear its front listens in clear
// alone: whoever is before it speaks https with clients.
func (p *program) serve(withFront, clear bool) error {
	conf, err := p.load()
	if err != nil {
		return err
	}
	source, err := ownPath()
	if err != nil {
		return err
	}
	file, err := p.settingsFile()
	if err != nil {
		return err
	}
	who, err := identityOf(conf.Server, os.Geteuid())
	if err != nil {
		return fmt.Errorf("%s: %w", whereOf(conf, "server.user"), err)
	}
	log := p.servingLogger(conf, "process", "master")
	if who == nil && os.Geteuid() == 0 && conf.Server.User == "" && conf.Env == config.Production {
		log.Warn("the app runs as root; server.user names a user for it, and only this process keeps its rights")
	}
	return serveTree(masterOptions{
		conf: conf, log: log, source: source, file: file,
		settings: p.settings(), front: withFront, stdout: os.Stdout, stderr: p.logs.Load(), identity: who, clear: clear,
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
	log := p.servingLogger(conf, "process", "front")
	ctx, stop := p.loneContext(ctx, log)
	defer stop()
	pace := tempo.New()
	defer pace.End()
	own := &ownEquipment{conf: conf, warn: func(err error) { log.Warn(err.Error()) }}
	renewed := make(chan []front.Certificate)
	go own.watch(ctx, renewed, log) // ends with ctx
	return front.Run(ctx, front.Options{
		Config: conf, Gateway: gateway, Open: own.open, Log: log, Record: os.Getenv(recordVariable),
		Announce: func(string) { own.tell(os.Stdout) },
		Lines:    p.logs.Load(), Reopen: reopenings(),
		Load: func(control.Settings) (*config.Config, error) { return p.load() }, Again: hangups(), Renewed: renewed,
		Hello: controlHello(control.RoleFront), Tempo: pace, Alone: true,
	})
}

// loneContext ends with the first signal that ends a front; the second one
// ends the process.
func (p *program) loneContext(parent context.Context, log *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		log.Warn("requests cut by a second signal")
		p.exit(exitOK)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
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
				return p.giveReason(conn, controlHello(control.RoleFront), err)
			}
			p.life.allow(orphanTime(conf))
			keepCrash(conf)
			pace := tempo.New()
			defer pace.End()
			err = front.Run(cmd.Context(), front.Options{
				Config: conf, Control: conn, Log: p.servingLogger(conf, "process", "front"),
				Hello: controlHello(control.RoleFront), Record: os.Getenv(recordVariable),
				Orphaned: p.orphaned,
				Lines:    p.logs.Load(),
				Tempo:    pace, Alone: true,
				Load: func(which control.Settings) (*config.Config, error) {
					return keptSettings{file: which.File, root: which.Root}.load(p.flags())
				},
			})
			if err != nil && p.orphaned() {
				return nil // the end of the master is no fault of ours
			}
			return err
		},
	}
}

// orphaned reports whether the master is gone. Its connections end one after
// the other, so the lifeline may still be held for a moment.
func (p *program) orphaned() bool {
	select {
	case <-p.life.gone():
		return true
	case <-time.After(time.Second):
		return false
	}
}

// reopenings are the signals that tell a front that runs apart to open its log
// files anew.
func reopenings() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	return signals
}

// hangups are the signals that tell a front that runs apart to read its
// settings again.
func hangups() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals
}

// ignoreTerminal leaves it to the control connection alone to end a child:
// signals that a terminal or an init system sends to every process of the
// tree would break the order in which it ends. QUIT stays, it prints every
// goroutine.
func ignoreTerminal() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM)
}
