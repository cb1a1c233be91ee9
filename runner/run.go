package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/forwarded"
	"github.com/dram-go/dram/runner/gateway"
)

func (p *program) runCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "run", Short: "serve the app in this one process, for development and small things", Args: cobra.NoArgs,
		Example: "  DRAM_ENV=development " + p.name() + " run --listen 127.0.0.1:0",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.run(cmd.Context()) },
	}
	p.listenFlag(c)
	return c
}

// inherited is what a development server passes to the process it starts.
type inherited struct {
	listener *os.File // DRAM_LISTEN_FD: listens already
	ready    *os.File // DRAM_READY_FD: hears READY once we serve
}

func inherit() (i inherited, err error) {
	if i.listener, err = inheritFile("DRAM_LISTEN_FD"); err != nil {
		return i, err
	}
	i.ready, err = inheritFile("DRAM_READY_FD")
	return i, err
}

// run serves the app with net/http.
func (p *program) run(ctx context.Context) error {
	given, err := inherit()
	if err != nil {
		return err
	}
	// Before anything else: a signal that comes right after "listening" or
	// READY must find us prepared.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	defer signal.Stop(signals)
	dead := p.life.gone()
	app, conf, err := p.app()
	if err != nil {
		return err
	}
	log := p.servingLogger(conf)
	if err := prepareRun(ctx, app, conf, signals, dead); err != nil {
		return err
	}
	defer closeApp(app, conf, log)
	listener, address, err := given.listen(conf)
	if err != nil {
		return err
	}
	server := newServer(app, conf, log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := given.tell(address); err != nil {
		return err
	}
	return untilStopped(server, served, signals, dead, conf.Workers.GracefulTimeout, log)
}

// prepareRun starts the app, unless a signal or the end of the lifeline says
// otherwise. In development it migrates first; elsewhere an app whose database
// is behind refuses to start and says what to run.
func prepareRun(ctx context.Context, app http.Handler, conf *config.Config, signals <-chan os.Signal, dead <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		if m, ok := app.(hasMigrate); ok && conf.Env == config.Development {
			if err := migrate(ctx, m.Migrate, conf); err != nil {
				done <- err
				return
			}
		}
		// Start keeps its context's values only: what it opens must outlive
		// this function.
		done <- start(context.WithoutCancel(ctx), app)
	}()
	select {
	case err := <-done:
		return err
	case <-signals:
		return errors.New("stopped before the app had started")
	case <-dead:
		return errors.New("the process that started this one is gone")
	}
}

// listen returns the listener that was passed, or opens one.
func (i inherited) listen(conf *config.Config) (net.Listener, string, error) {
	if i.listener == nil {
		return netListener(conf.Server.Listen)
	}
	defer i.listener.Close()
	l, err := net.FileListener(i.listener)
	if err != nil {
		return nil, "", fmt.Errorf("DRAM_LISTEN_FD is no listening socket: %w", err)
	}
	return l, "", nil
}

// tell says that the app serves: to whoever passed the listener, or to the
// person who started it.
func (i inherited) tell(address string) error {
	if address != "" {
		fmt.Printf("listening on http://%s\n", address)
	}
	if i.ready == nil {
		return nil
	}
	defer i.ready.Close()
	if _, err := io.WriteString(i.ready, "READY\n"); err != nil {
		return fmt.Errorf("nobody reads DRAM_READY_FD: %w", err)
	}
	return nil
}

func newServer(app http.Handler, conf *config.Config, log *slog.Logger) *http.Server {
	draining := make(chan struct{})
	server := &http.Server{
		BaseContext:       func(net.Listener) context.Context { return gateway.WithDraining(context.Background(), draining) },
		Handler:           forwarded.Handler(http.MaxBytesHandler(app, int64(conf.Server.MaxBody)), conf.Server.Proxies()),
		ReadHeaderTimeout: conf.Server.HeaderTimeout,
		IdleTimeout:       conf.Server.KeepAlive,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	server.RegisterOnShutdown(sync.OnceFunc(func() { close(draining) }))
	return server
}

// untilStopped waits for a signal or the end of the lifeline and lets the
// requests in flight finish; a second signal cuts them.
func untilStopped(server *http.Server, served <-chan error, signals <-chan os.Signal, dead <-chan struct{}, grace time.Duration, log *slog.Logger) error {
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-dead:
		grace = orphanGrace
	case s := <-signals:
		if s == syscall.SIGQUIT {
			return server.Close()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-dead:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := server.Shutdown(ctx); err != nil {
		log.Warn("requests cut that did not end in time")
		if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return nil
}
