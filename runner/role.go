package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/gateway"
	"github.com/dram-go/dram/runner/tempo"
)

// inheritControl takes the control connection over from the master.
func inheritControl() (*control.Conn, error) {
	fd, err := strconv.Atoi(os.Getenv("DRAM_CONTROL_FD"))
	if err != nil {
		return nil, errors.New("this command is for the master alone; use serve")
	}
	os.Unsetenv("DRAM_CONTROL_FD")
	return control.FromFile(os.NewFile(uintptr(fd), "control"))
}

// controlHello introduces this child.
func controlHello(role string) control.Hello {
	h := control.Hello{Role: role, Build: ownBuild()}
	h.Worker, _ = strconv.Atoi(os.Getenv("DRAM_WORKER"))
	h.Generation, _ = strconv.Atoi(os.Getenv("DRAM_GENERATION"))
	return h
}

// giveReason tells the master why this process ends before it serves. The
// master shows it, so nothing more is printed.
func (p *program) giveReason(conn *control.Conn, us control.Hello, reason error) error {
	if _, err := conn.Hello(us); err != nil {
		return errors.Join(reason, err)
	}
	if err := conn.Send(control.KindFailed, control.Failed{Reason: reason.Error()}); err != nil {
		return errors.Join(reason, err)
	}
	p.exit(exitUsage)
	return nil
}

// keepCrash lets the runtime's last words outlive the process: the master
// shows them in its log.
func keepCrash(conf *config.Config) {
	f, err := os.OpenFile(crashFile(conf.RunDir(), os.Getpid()), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return // they are on standard error too
	}
	defer f.Close()
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		slog.Warn("last words will not be kept", "err", err)
	}
}

// workerRole is a worker as a child of a master.
func (p *program) workerRole() *cobra.Command {
	return &cobra.Command{
		Use: "__worker", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			unix.CloseOnExec(stderrFD) // not for programs that the app runs
			conn, err := inheritControl()
			if err != nil {
				return err
			}
			defer conn.Close()
			ignoreTerminal()
			return p.work(cmd.Context(), conn, controlHello(control.RoleWorker))
		},
	}
}

// work makes the app, starts it and serves it.
func (p *program) work(ctx context.Context, conn *control.Conn, us control.Hello) error {
	conf, err := p.load()
	if err != nil {
		return p.giveReason(conn, us, err)
	}
	keepCrash(conf)
	log := p.servingLogger(conf, "process", "worker "+strconv.Itoa(us.Worker))
	app, err := p.new(conf)
	if err != nil {
		return p.giveReason(conn, us, err)
	}
	if err := start(ctx, app); err != nil {
		return p.giveReason(conn, us, err)
	}
	defer closeApp(app, conf, log)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	life := newPulse(app, conn, us.Worker, conf, log)
	defer func() { p.life.allow(conf.Workers.GracefulTimeout + killAfter) }() // for the app's own end
	defer calmCollector()()
	life.requests.tempo = tempo.New()
	defer life.requests.tempo.End()
	defer func() { life.counted.farewell(life.tell) }()
	return gateway.Serve(ctx, gateway.Options{
		Handler: life.handler, Control: conn, Config: conf, Log: log, Hello: us, Message: life.hear,
		Ready: func() {
			p.life.allow(orphanTime(conf))
			p.logs.Load().Flush(logFarewell) // the words of the start go where they began
			adoptStderr()
			go life.beat(ctx)
		},
	})
}

// adoptStderr ends the use of the boot pipe: from now on standard output and
// error are the real standard error, which needs no master to read it.
func adoptStderr() {
	for _, fd := range []int{1, 2} {
		if err := unix.Dup3(stderrFD, fd, 0); err != nil {
			slog.Warn("standard error stays a pipe to the master", "err", err)
		}
	}
	unix.Close(stderrFD)
}

// assetsRole publishes the app's static files for the front and prints where.
func (p *program) assetsRole() *cobra.Command {
	return &cobra.Command{
		Use: "__assets [BUILD…]", Hidden: true, // BUILD: generations that are alive
		RunE: func(cmd *cobra.Command, serving []string) error {
			out := os.Stdout
			os.Stdout = os.Stderr // what the app prints is not the answer
			app, conf, err := p.app()
			if err != nil {
				return err
			}
			newLogger(conf)
			if err := checkApp(cmd.Context(), app, len(serving) > 0); err != nil {
				return err
			}
			published, err := publishAssets(app, conf, ownBuild(), serving)
			if err != nil || published == nil {
				return err
			}
			return printJSON(out, published)
		},
	}
}

// checkApp asks the app, before its database is migrated, whether it could
// serve. replaces says that a build serves already, for which a migration may
// be destructive; at a first start that is no hindrance.
func checkApp(ctx context.Context, app http.Handler, replaces bool) error {
	c, ok := app.(hasCheck)
	if !ok {
		return nil
	}
	err := c.Check(ctx)
	if replaces {
		return err
	}
	return withoutDestructive(err)
}

// withoutDestructive takes the complaints about destructive migrations out of
// what a check found. They are known by their method: to import framework/db
// would bring what it needs into every app.
func withoutDestructive(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var left []error
		for _, one := range many.Unwrap() {
			left = append(left, withoutDestructive(one))
		}
		return errors.Join(left...)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if d, ok := e.(interface{ Destructive() bool }); ok && d.Destructive() {
			return nil
		}
	}
	return err
}

// publishAssets writes the app's static files to the store and returns where
// they are, nil for an app that has none. What the builds in serving published
// stays, whatever its age.
func publishAssets(app http.Handler, conf *config.Config, build string, serving []string) (*control.Assets, error) {
	has, ok := app.(hasAssets)
	if !ok {
		return nil, nil
	}
	files := has.Assets()
	if files == nil {
		return nil, nil
	}
	if _, err := fs.Stat(files, "."); errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the folder was left out
	}
	store := filepath.Join(conf.StateDir(), "assets")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, fmt.Errorf("asset store: %w", err)
	}
	if _, err := asset.Publish(files, store, build, encoders()...); err != nil {
		return nil, err
	}
	if err := asset.Prune(store, asset.KeepFor, time.Now(), append(serving, build)...); err != nil {
		slog.Warn("old assets stay on the disk", "err", err)
	}
	return &control.Assets{Store: store, Manifest: filepath.Join(store, "manifests", build+".json")}, nil
}

// inheritFile opens a descriptor that a parent passed and named in a
// variable, nil when it did not. Programs that the app runs get neither.
func inheritFile(variable string) (*os.File, error) {
	text := os.Getenv(variable)
	if text == "" {
		return nil, nil
	}
	os.Unsetenv(variable)
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s is %q, expected the number of an open descriptor", variable, text)
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return nil, fmt.Errorf("%s names descriptor %d, which is not open", variable, fd)
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), variable), nil
}
