package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// deployment is the way of one generation from its binary to serving: by
// serve at the first start, by reload later.
type deployment struct {
	number int
	by     *peer // the command line that waits for it; nil for a signal
	began  time.Time
	cancel context.CancelFunc
}

func (m *master) busy() bool { return m.deployment != nil || m.preparing }

// deploy begins a deployment. Everything that can fail and touches no running
// process happens first, in a goroutine, in short-lived processes of the new
// binary.
func (m *master) deploy(by *peer) {
	m.lastNumber++
	ctx, cancel := context.WithCancel(context.Background())
	d := &deployment{number: m.lastNumber, by: by, began: time.Now(), cancel: cancel}
	m.deployment, m.preparing = d, true
	m.state.beginRollout(d.number)
	p := preparation{masterOptions: m.masterOptions, number: d.number, first: !m.started}
	for _, g := range m.generations {
		p.serving = append(p.serving, g.build)
	}
	p.say = func(text string) { m.post(func() { m.say("%s", text) }) }
	go func() {
		defer cancel()
		ready, err := p.run(ctx)
		m.post(func() { m.prepared(d, ready, err) })
	}()
}

// prepared takes over what a preparation made, or its failure.
func (m *master) prepared(d *deployment, p prepared, err error) {
	m.preparing = false
	if m.deployment != d {
		return // stopped in the meantime
	}
	if err != nil {
		m.state.failRollout(err.Error())
		return
	}
	if p.conf.Server.Listen != m.conf.Server.Listen {
		m.say("server.listen is now %s: that takes a stop and a start", p.conf.Server.Listen)
	}
	m.state.limits = limitsOf(p.conf)
	m.generations[d.number] = p.generation
	m.say("starting %d workers of generation %d (build %s)", p.conf.Workers.Count, d.number, p.generation.build)
	m.state.startRollout(p.conf.Workers.Count)
}

// say reports progress to the log and to whoever waits for the deployment.
func (m *master) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	m.log.Info(text)
	if d := m.deployment; d != nil && d.by != nil {
		d.by.send(control.KindProgress, control.Progress{Text: text})
	}
}

// finishDeployment ends a deployment with its verdict. Without one it does
// nothing.
func (m *master) finishDeployment(code int, text string) {
	d := m.deployment
	if d == nil {
		return
	}
	d.cancel()
	m.deployment = nil
	if !m.started {
		m.failure = errors.New(text)
		return
	}
	status := &reloadStatus{At: time.Now(), Generation: d.number, OK: code == exitOK}
	status.Build = m.generations[d.number].build
	if code == exitOK {
		m.log.Info("reload done: "+text, "took", time.Since(d.began).Round(time.Millisecond))
	} else {
		status.Reason = text
		m.log.Error("reload failed, the generation before serves on: " + text)
	}
	m.lastReload = status
	if d.by != nil {
		answer(d.by, control.Result{ExitCode: code, Text: text})
	}
}

// preparation is everything before the first new worker starts.
type preparation struct {
	masterOptions
	number  int
	first   bool
	serving []string // builds of the generations that are alive
	say     func(string)
}

// prepared is its outcome.
type prepared struct {
	generation generation
	conf       *config.Config
}

// run keeps the binary, reads the configuration as the new binary sees it,
// publishes the static files and migrates the database.
func (p preparation) run(ctx context.Context) (prepared, error) {
	binary, build, err := keepBinary(p.source, filepath.Join(p.conf.StateDir(), "bin"))
	if err != nil {
		return prepared{}, err
	}
	g := generation{number: p.number, build: build, binary: binary}
	conf, err := p.configure(ctx, binary)
	if err != nil {
		return prepared{}, err
	}
	if g.assets, err = p.publish(ctx, binary); err != nil {
		return prepared{}, err
	}
	if err := p.migrate(ctx, binary); err != nil {
		return prepared{}, err
	}
	return prepared{g, conf}, nil
}

// configure lets the new binary read the configuration, which may have keys
// that this one does not know, and takes over what concerns the master.
func (p preparation) configure(ctx context.Context, binary string) (*config.Config, error) {
	if p.first {
		return p.conf, nil
	}
	out, err := p.role(ctx, binary, "config", "", "config", "print", "--json")
	if err != nil {
		return nil, fmt.Errorf("the configuration is not valid:\n%w", err)
	}
	var settings []setting
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("`config print --json` of the new binary printed something else: %w", err)
	}
	conf := *p.conf
	for _, s := range settings {
		if !strings.HasPrefix(s.Key, "workers.") && s.Key != "server.listen" {
			continue
		}
		if err := conf.With(s.Key, s.Value); err != nil {
			p.say(fmt.Sprintf("this master is older than %s and skips it: %v", s.Key, err))
		}
	}
	return &conf, nil
}

// publish has the new binary write its static files to the asset store.
func (p preparation) publish(ctx context.Context, binary string) (*control.Assets, error) {
	// What serves now keeps its files, however long ago it was superseded.
	out, err := p.role(ctx, binary, "assets", "assets", append([]string{"__assets"}, p.serving...)...)
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

func (p preparation) migrate(ctx context.Context, binary string) error {
	out, err := p.role(ctx, binary, "migrate", "migrate", "migrate", "up")
	if err != nil {
		return fmt.Errorf("the migration failed:\n%w", err)
	}
	for line := range strings.Lines(string(out)) {
		p.say(strings.TrimRight(line, "\n"))
	}
	return nil
}

// role runs a short-lived process of the new binary to its end and returns
// its standard output. Its error is what it wrote to standard error.
func (p preparation) role(ctx context.Context, binary, name, role string, args ...string) ([]byte, error) {
	var own []string
	if role != "" {
		own = []string{"DRAM_ROLE=" + role}
	}
	cmd := exec.CommandContext(ctx, binary)
	cmd.Args = append([]string{p.conf.Name + ": " + name}, args...)
	cmd.Env = childEnv(os.Environ(), p.settings, own...)
	cmd.SysProcAttr = ownGroup()
	// A migration may end in order; and a grandchild may hold the pipes open.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	var out bytes.Buffer
	var words tail
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, errors.New("the app is being stopped")
	case err != nil:
		return nil, errors.New(cmp.Or(words.last(), exitStatus(err)))
	}
	words.flush(p.stderr)
	return out.Bytes(), nil
}
