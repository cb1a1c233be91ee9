package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// preparation is everything before the first new worker starts.
type preparation struct {
	masterOptions
	number    int
	first     bool
	life      *os.File    // lifeline for the processes
	serving   []string    // builds of the generations that are alive
	equipment equipment   // of the fronts that serve
	figures   string      // the address where figures are now, "" for none
	held      *generation // to go back to; nil for the binary and the settings as they are now
	say       func(string)
	doing     func(string) // what goes on, for status
	hadFile   bool         // the generation that serves has a settings file
}

// prepared is its outcome.
type prepared struct {
	generation generation
	conf       *config.Config
	equipment  equipment
}

// errCopy is the cause of the end of a copy that took too long.
var errCopy = errors.New("reading the binary and the settings takes too long; is the disk well?")

// copyLimit bounds the copying of binary and settings.
const copyLimit = time.Minute

// run keeps the binary and the settings, reads these as the new binary sees
// them, publishes the static files and migrates the database.
func (p preparation) run(ctx context.Context) (prepared, error) {
	p.doing("copying binary and settings")
	g, err := p.keep(ctx)
	if err != nil {
		return prepared{}, err
	}
	p.doing("reading the settings")
	conf, err := p.configure(ctx, g)
	if err != nil {
		return prepared{}, err
	}
	equipped, err := p.equip(conf)
	if err != nil {
		return prepared{}, err
	}
	ready, err := p.finish(ctx, g, conf)
	ready.equipment = equipped
	if err != nil {
		equipped.closeBut(p.equipment)
	}
	return ready, err
}

// equip opens what the fronts will need, and touches nothing that they have.
func (p preparation) equip(conf *config.Config) (equipment, error) {
	if p.first || !p.front {
		return p.equipment, nil
	}
	e, err := opening{
		conf: conf, clear: p.clear, held: p.equipment, listen: listenFor,
		warn: func(err error) { p.say(err.Error()) },
	}.run()
	if err = errors.Join(err, tryAccessLog(conf), tryMetrics(conf, p.figures)); err != nil {
		e.closeBut(p.equipment)
	}
	return e, err
}

// finish is what takes longer.
func (p preparation) finish(ctx context.Context, g generation, conf *config.Config) (_ prepared, err error) {
	p.doing("checking the app and publishing its static files")
	if g.assets, err = p.publish(ctx, g, conf); err != nil {
		return prepared{}, err
	}
	g.share = thisMachine().share(conf.Workers, os.Getenv)
	if p.held == nil { // an older build has nothing to migrate
		p.doing("migrating")
		err = p.migrate(ctx, g)
	}
	return prepared{generation: g, conf: conf}, err
}

// keep makes the generation's copies. A disk that hangs cannot be interrupted,
// so nobody waits for it: the copying goes on alone and is forgotten.
func (p preparation) keep(ctx context.Context) (generation, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, copyLimit, errCopy)
	defer cancel()
	type outcome struct {
		generation generation
		err        error
	}
	done := make(chan outcome, 1)
	go func() {
		g, err := p.copies()
		done <- outcome{g, err}
	}()
	select {
	case o := <-done:
		return o.generation, o.err
	case <-ctx.Done():
		return generation{}, &forsaken{context.Cause(ctx)}
	}
}

// copies makes the generation of the binary and the settings as they are now,
// or of those of the generation to go back to.
func (p preparation) copies() (g generation, err error) {
	settings := p.file
	if p.held != nil {
		g, settings = *p.held, p.held.kept.file
		err = g.intact()
	} else {
		g.binary, g.build, err = keepBinary(p.source, filepath.Join(p.conf.StateDir(), "bin"))
	}
	if err != nil {
		return g, err
	}
	g.number = p.number
	if g.kept, err = keepSettings(settings, settingsDir(p.conf), p.number); p.held != nil {
		g.kept.root, g.kept.none = p.held.kept.root, p.held.kept.none
	}
	if err == nil && g.kept.none && p.hadFile && p.held == nil {
		err = fmt.Errorf("%s is gone, and the app was running by it\nPut it back; an empty file means the defaults", settings)
	}
	if err == nil {
		err = cmp.Or(p.identity.admit(filepath.Dir(g.binary), passable), p.identity.lendSettings(g.kept))
	}
	return g, err
}

// forsaken is the end of a preparation that left its copying going on.
type forsaken struct{ error }

func (f *forsaken) Unwrap() error { return f.error }

// settingsDir is where the generations' settings are kept.
func settingsDir(conf *config.Config) string { return filepath.Join(conf.StateDir(), "config") }

// configure lets the new binary read the configuration, which may have keys
// that this one does not know, and takes over what concerns the master.
func (p preparation) configure(ctx context.Context, g generation) (*config.Config, error) {
	if p.first {
		return p.conf, nil
	}
	ctx, cancel := bootContext(ctx, p.conf)
	defer cancel()
	out, err := p.role(ctx, g, "config", "", "config", "print", "--json")
	var broken *unrunnable
	switch {
	case errors.As(err, &broken):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("the configuration is not valid:\n%w", err)
	}
	var settings []setting
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("`config print --json` of the new binary printed something else: %w", err)
	}
	conf := *p.conf
	for _, s := range settings {
		if !strings.HasPrefix(s.Key, "workers.") && !strings.HasPrefix(s.Key, "reload.") && !slices.Contains(masterKeys(), s.Key) {
			continue
		}
		if err := conf.Adopt(config.Setting{Key: s.Key, Value: s.Value, Origin: s.Origin}); err != nil {
			p.say(fmt.Sprintf("this master is older than %s and skips it: %v", s.Key, err))
		}
	}
	return &conf, nil
}

// masterKeys are the settings that concern the master, beside [workers] and
// [reload].
func masterKeys() []string {
	return []string{"server.listen", "server.keep_alive", "server.drain_delay", "server.user", "server.group", "log.access_file",
		"tls.listen", "tls.certificates", "metrics.listen"}
}

// bootContext bounds what makes the app, or less, as a worker's start is.
func bootContext(ctx context.Context, conf *config.Config) (context.Context, context.CancelFunc) {
	limit := conf.Workers.BootTimeout
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not end within %s (workers.boot_timeout)", limit))
}

// publish has the new binary check itself, so that an app that cannot serve
// does not migrate, and write its static files to the asset store.
func (p preparation) publish(ctx context.Context, g generation, conf *config.Config) (*control.Assets, error) {
	ctx, cancel := bootContext(ctx, conf)
	defer cancel()
	// What serves now keeps its files, however long ago it was superseded.
	out, err := p.role(ctx, g, "assets", "assets", append([]string{"__assets"}, p.serving...)...)
	if err != nil {
		return nil, fmt.Errorf("the app cannot be put together:\n%w", err)
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return nil, nil // an app without static files
	}
	var a control.Assets
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, fmt.Errorf("publishing the static files printed something else: %w", err)
	}
	return &a, nil
}

// migrationBeat is how often a migration, which may take as long as it
// likes, is said to be still running.
const migrationBeat = 10 * time.Second

func (p preparation) migrate(ctx context.Context, g generation) error {
	defer p.stillRunning("migrating", migrationBeat)()
	out, err := p.role(ctx, g, "migrate", "migrate", "migrate", "up")
	if err != nil {
		return fmt.Errorf("the migration failed:\n%w", err)
	}
	for line := range strings.Lines(string(out)) {
		p.say(strings.TrimRight(line, "\n"))
	}
	return nil
}

// stillRunning says now and then that something goes on, until end is called.
func (p preparation) stillRunning(what string, every time.Duration) (end func()) {
	began, over := time.Now(), make(chan struct{})
	tick := time.NewTicker(every)
	go func() {
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.say(fmt.Sprintf("still %s (%s)", what, time.Since(began).Round(time.Second)))
			case <-over:
				return
			}
		}
	}()
	return func() { close(over) }
}

// maxRoleOutput is what a short-lived process may print as its answer.
const maxRoleOutput = 4 << 20

// role runs a short-lived process of the new binary to its end and returns
// its standard output. Its error is what it wrote to standard error.
func (p preparation) role(ctx context.Context, g generation, name, role string, args ...string) ([]byte, error) {
	own := append(g.kept.variables(), lifelineVariable+"=3")
	own = append(own, p.identity.variables()...)
	if role != "" {
		own = append(own, "DRAM_ROLE="+role)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := bounded{limit: maxRoleOutput, over: func() {
		cancel(fmt.Errorf("it printed more than %d MiB on standard output", maxRoleOutput>>20))
	}}
	var words tail
	err := retryBusy(ctx, func() error {
		cmd := exec.CommandContext(ctx, g.binary)
		cmd.Args = append([]string{p.conf.Name + ": " + name}, args...)
		cmd.Env = childEnv(os.Environ(), p.settings, own...)
		cmd.ExtraFiles = []*os.File{p.life}
		cmd.SysProcAttr = p.identity.attributes()
		// A migration may end in order; and a grandchild may hold the pipes open.
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
		cmd.WaitDelay = killAfter
		cmd.Stdout, cmd.Stderr = &out, &words
		if err := p.nursery.start(cmd); err != nil {
			return err
		}
		return p.nursery.wait(cmd)
	})
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && words.last() == "" && !errors.As(err, &ended):
		return nil, &unrunnable{err, p.identity}
	case err != nil:
		return nil, errors.New(cmp.Or(words.last(), exitStatus(err)))
	}
	words.flush(p.stderr)
	return out.text.Bytes(), nil
}

// unrunnable is a binary that the kernel refuses to run.
type unrunnable struct {
	err error
	who *identity
}

func (u *unrunnable) Error() string {
	why := u.err
	var path *fs.PathError
	if errors.As(why, &path) {
		why = path.Err // the path is that of our copy
	}
	if u.who != nil && path != nil && errors.Is(why, fs.ErrPermission) {
		return fmt.Sprintf("%s (server.user) cannot run %s: %v\nLet it pass through every directory above (chmod o+x DIR)", u.who, path.Path, why)
	}
	return fmt.Sprintf("the new binary cannot be run: %v", why)
}

// retryBusy runs a program that was just written. A process that was forked
// while the file was open for writing has inherited it and holds it until it
// runs its own program; until then ours cannot be run (go.dev/issue/22315).
// Once it has been, the file is nobody's, and workers start without this.
func retryBusy(ctx context.Context, run func() error) error {
	for deadline := time.Now().Add(killAfter); ; {
		err := run()
		if !errors.Is(err, syscall.ETXTBSY) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// bounded keeps what is written, up to a limit; what is beyond is thrown away.
type bounded struct {
	text  bytes.Buffer
	limit int
	over  func() // called whenever there is more
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > b.limit {
		b.over()
		return len(p), nil
	}
	return b.text.Write(p)
}
