package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/logqueue"
)

// Main is the whole main function of an app: it reads the command line, calls
// new where the command needs the app, and exits with the command's code. The
// package documentation lists the commands.
//
// new describes the app and opens nothing: it is also called to list routes
// or to publish static files. It is never called in the master, in the front
// and in commands that talk to a running master.
func Main[H http.Handler](new func(*config.Config) (H, error)) {
	p := &program{
		args: os.Args,
		new: func(c *config.Config) (http.Handler, error) {
			app, err := new(c)
			if err != nil {
				return nil, err
			}
			return app, nil
		},
	}
	os.Exit(p.main())
}

// program is one call of an app's binary.
type program struct {
	args []string
	new  func(*config.Config) (http.Handler, error)

	file    string // --config
	listen  string // --listen
	workers string // --workers, a whole number

	kept keptSettings // of our generation, in a process of a tree
	life *lifeline    // to the process that started this one
	logs atomic.Pointer[logqueue.Queue]
}

func (p *program) main() int {
	// A write to a closed standard error must fail, not kill: the reader of
	// our logs may end before us.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	err := p.adopt()
	if err == nil {
		var root *cobra.Command
		if root, err = p.commands(); err == nil {
			err = root.ExecuteContext(context.Background())
		}
	}
	if err != nil {
		var out io.Writer = os.Stderr
		if q := p.logs.Load(); q != nil {
			out = q
		}
		fmt.Fprintf(out, "%s: %v\n", p.name(), err)
	}
	p.logs.Load().Flush(logFarewell)
	return exitCode(err)
}

// adopt takes over what the process that started this one passed, before
// anything else: the app may hang in whatever comes next.
func (p *program) adopt() error {
	if os.Getenv("DRAM_ROLE") != "" {
		// A child is in the background of the terminal, if there is one, and
		// would be stopped for writing to it (termios(3), TOSTOP).
		signal.Ignore(syscall.SIGTTOU, syscall.SIGTTIN)
	}
	p.kept = inheritSettings()
	f, err := inheritFile(lifelineVariable)
	if err != nil {
		return err
	}
	p.life = watchLifeline(f, func() { p.exit(exitUsage) })
	return nil
}

// exit ends the process at once, but for what it has logged.
func (p *program) exit(code int) {
	p.logs.Load().Flush(logFarewell)
	os.Exit(code)
}

// flags are the command line's settings by key; "" means not given.
func (p *program) flags() map[string]string {
	flags := map[string]string{}
	if p.listen != "" {
		flags["server.listen"] = p.listen
	}
	if p.workers != "" {
		flags["workers.count"] = p.workers
	}
	return flags
}

// settings are the flags as variables: how every process of a tree comes to
// the configuration that its master was told.
func (p *program) settings() map[string]string {
	vars := map[string]string{}
	if p.file != "" {
		vars["DRAM_CONFIG"] = p.file
	}
	if p.listen != "" {
		vars["DRAM_SERVER_LISTEN"] = p.listen
	}
	if p.workers != "" {
		vars["DRAM_WORKERS_COUNT"] = p.workers
	}
	return vars
}

// load reads the configuration.
func (p *program) load() (*config.Config, error) {
	if p.kept.file != "" {
		return p.kept.load(p.flags())
	}
	conf, err := config.Load(config.Options{File: p.file, Flags: p.flags()})
	return conf, byFlag(err)
}

// byFlag calls the flags in what is wrong with the settings as the person who
// typed them does.
func byFlag(err error) error {
	var faults *config.Faults
	if !errors.As(err, &faults) {
		return err
	}
	var list []config.Fault
	for _, f := range faults.List {
		for key, flag := range map[string]string{"server.listen": "--listen", "workers.count": "--workers"} {
			if f.Where == "flag "+key {
				f.Where, f.Text = flag, strings.TrimPrefix(f.Text, key+": ")
			}
		}
		list = append(list, f)
	}
	return &config.Faults{List: list}
}

// app reads the configuration and makes the app by it.
func (p *program) app() (http.Handler, *config.Config, error) {
	conf, err := p.load()
	if err != nil {
		return nil, nil, err
	}
	app, err := p.new(conf)
	return app, conf, err
}
