package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// deployKind is what a deployment brings.
type deployKind string

const (
	deployReload   deployKind = "reload"   // new workers from the new binary
	deployUpgrade  deployKind = "upgrade"  // and a new front
	deployRollback deployKind = "rollback" // new workers from the binary before
)

// deployment is the way of one generation from its binary to serving: by
// serve at the first start, by reload later.
type deployment struct {
	kind   deployKind
	number int
	by     *peer // the command line that waits for it; nil for a signal
	began  time.Time
	doing  string // until it is prepared
	cancel context.CancelCauseFunc
	conf   *config.Config // of the new generation, once it is prepared

	equipment equipment // likewise
}

var (
	errStopping  = errors.New("the app is being stopped")
	errAskerGone = errors.New("the command that asked for it went away")
)

func (m *master) busy() bool { return m.deployment != nil || m.preparing }

// deploy begins a deployment, unless another one runs or the tree is ending.
// Everything that can fail and touches no running process happens first, in a
// goroutine, in short-lived processes of the new binary.
func (m *master) deploy(kind deployKind, by *peer) {
	switch {
	case m.state.stop != serving || m.state.draining:
		m.refuse(kind, by, exitRefused, errStopping.Error())
		return
	case m.busy():
		m.refuse(kind, by, exitBusy, "another reload is running")
		return
	case kind == deployRollback && m.previous == nil:
		m.refuse(kind, by, exitRefused, "there is no generation to go back to: nothing else was deployed here before")
		return
	}
	m.lastNumber++
	ctx, cancel := context.WithCancelCause(context.Background())
	d := &deployment{kind: kind, number: m.lastNumber, by: by, began: time.Now(), cancel: cancel}
	m.deployment, m.preparing = d, true
	if m.started {
		m.notify.reloading()
	}
	m.state.beginRollout(d.number, kind == deployUpgrade)
	p := preparation{masterOptions: m.masterOptions, number: d.number, first: !m.started, life: m.life, equipment: m.equipment, figures: m.figures.address}
	if kind == deployRollback {
		p.held = m.previous
	}
	for _, g := range m.generations {
		p.serving = append(p.serving, g.build)
	}
	if g, serves := m.generations[m.state.generation]; serves {
		p.hadFile = !g.kept.none
	}
	p.say = func(text string) { m.post(func() { m.say("%s", text) }) }
	p.doing = func(text string) { m.post(func() { d.doing = text }) }
	go func() {
		defer cancel(nil)
		ready, err := p.run(ctx)
		m.post(func() { m.prepared(d, ready, err) })
	}()
	if by != nil {
		go m.watchAsker(d)
	}
}

// refuse answers whoever asked for a deployment that will not be.
func (m *master) refuse(kind deployKind, by *peer, code int, why string) {
	if by == nil {
		m.log.Warn(string(kind) + " by signal refused: " + why)
		return
	}
	answer(by, control.Result{ExitCode: code, Text: why})
}

// watchAsker calls the preparation off when the command line that asked for
// it goes away: somebody saw it hang and pressed Ctrl-C. Once the new workers
// start, the deployment has a limit of its own.
func (m *master) watchAsker(d *deployment) {
	for {
		_, files, err := d.by.conn.Receive()
		closeFiles(files)
		if err != nil {
			break
		}
	}
	m.post(func() {
		if m.deployment == d && m.preparing {
			d.cancel(errAskerGone)
		}
	})
}

// prepared takes over what a preparation made, or its failure.
func (m *master) prepared(d *deployment, p prepared, err error) {
	m.preparing, d.doing = false, ""
	if m.deployment != d {
		p.equipment.closeBut(m.equipment)
		return // stopped in the meantime
	}
	if err != nil {
		var left *forsaken
		m.forsaken = m.forsaken || errors.As(err, &left)
		m.state.failRollout(err.Error())
		return
	}
	if now, was := p.conf.Server, m.serving.Server; now.User != was.User || now.Group != was.Group {
		m.say("server.user or server.group has changed: that takes a stop and a start")
	}
	d.conf, d.equipment = p.conf, p.equipment
	m.state.limits = limitsOf(p.conf)
	m.generations[d.number] = p.generation
	m.tryFronts(d, func(err error) {
		switch {
		case m.deployment != d:
		case err != nil:
			m.state.failRollout(err.Error())
		default:
			m.say("starting %d workers of generation %d (build %s)", p.conf.Workers.Count, d.number, p.generation.build)
			m.state.startRollout(p.conf.Workers.Count, time.Now())
		}
	})
}

// say reports progress to the log and to whoever waits for the deployment.
func (m *master) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	m.log.Info(text)
	if d := m.deployment; d != nil && d.by != nil {
		d.by.send(control.KindProgress, control.Progress{Text: text})
	}
}

func (d *deployment) isRollback() bool { return d != nil && d.kind == deployRollback }

// success is what a deployment that was committed says.
func (d *deployment) success(g generation) string {
	text := fmt.Sprintf("generation %d (build %s) serves", g.number, g.build)
	switch d.kind {
	case deployUpgrade:
		return text + ", with a new front"
	case deployRollback:
		return text + " again; the database stays as it is: migrations are never taken back"
	}
	return text
}

// giveUp ends a rollout that failed: the generation before goes on, or, at
// the first start, nothing does.
func (m *master) giveUp(number int, why string) {
	defer delete(m.generations, number)
	m.state.rollout = nil
	m.state.limits = limitsOf(m.serving)
	if !m.started {
		m.failure = errors.New(why)
		m.deployment = nil
		m.state.beginStop(quick, time.Now())
		return
	}
	m.finishDeployment(exitRefused, why)
}

// finishDeployment ends a deployment and tells its verdict to whoever asked for
// it. Without one it does nothing.
func (m *master) finishDeployment(code int, text string) {
	if d := m.deployment; d != nil {
		m.concludeDeployment(code, text)
		d.tell(code, text)
	}
}

// tell gives the verdict to whoever asked for the deployment.
func (d *deployment) tell(code int, text string) {
	if d.by != nil {
		answer(d.by, control.Result{ExitCode: code, Text: text})
	}
}

// concludeDeployment ends the deployment that is under way.
func (m *master) concludeDeployment(code int, text string) {
	d := m.deployment
	d.cancel(errStopping)
	m.deployment = nil
	if code != exitOK {
		d.equipment.closeBut(m.equipment)
	}
	if code == exitOK {
		m.serving = d.conf
		m.followAccessLog(d.conf)
		if err := m.followMetrics(d.conf); err != nil {
			m.log.Error("figures stay where they were", "err", err)
		}
	} else if m.state.rollout == nil && !m.forsaken && m.state.unused(d.number) {
		m.lastNumber = min(m.lastNumber, d.number-1) // nothing has it
	}
	if !m.started {
		m.failure = errors.New(text)
		return
	}
	if m.state.stop == serving {
		m.notify.ready()
	}
	status := &reloadStatus{At: time.Now(), Kind: string(d.kind), Generation: d.number, OK: code == exitOK}
	status.Build = m.generations[d.number].build
	m.figures.counts.reloads[[2]string{string(d.kind), map[bool]string{true: "ok", false: "failed"}[status.OK]}]++
	if code == exitOK {
		m.log.Info(string(d.kind)+" done: "+text, "took", time.Since(d.began).Round(time.Millisecond))
	} else {
		status.Reason = text
		m.log.Error(string(d.kind) + " failed, the generation before serves on: " + text)
	}
	m.lastReload = status
}

// unused reports that no process has the number of a generation.
func (s *state) unused(generation int) bool {
	for _, w := range s.workers {
		if w.Generation == generation {
			return false
		}
	}
	for _, f := range s.fronts {
		if f.Generation == generation {
			return false
		}
	}
	delete(s.tallies, generation)
	return true
}
