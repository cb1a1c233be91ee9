package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// deployment is the way of one generation from its binary to serving: by
// serve at the first start, by reload later.
type deployment struct {
	number int
	by     *peer // the command line that waits for it; nil for a signal
	began  time.Time
	cancel context.CancelCauseFunc
}

var (
	errStopping  = errors.New("the app is being stopped")
	errAskerGone = errors.New("the command that asked for it went away")
)

func (m *master) busy() bool { return m.deployment != nil || m.preparing }

// deploy begins a deployment, unless another one runs or the tree is ending.
// Everything that can fail and touches no running process happens first, in a
// goroutine, in short-lived processes of the new binary.
func (m *master) deploy(by *peer) {
	switch {
	case m.state.stop != serving:
		m.refuse(by, exitRefused, errStopping.Error())
		return
	case m.busy():
		m.refuse(by, exitBusy, "another reload is running")
		return
	}
	m.lastNumber++
	ctx, cancel := context.WithCancelCause(context.Background())
	d := &deployment{number: m.lastNumber, by: by, began: time.Now(), cancel: cancel}
	m.deployment, m.preparing = d, true
	m.state.beginRollout(d.number)
	p := preparation{masterOptions: m.masterOptions, number: d.number, first: !m.started, life: m.life}
	for _, g := range m.generations {
		p.serving = append(p.serving, g.build)
	}
	p.say = func(text string) { m.post(func() { m.say("%s", text) }) }
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
func (m *master) refuse(by *peer, code int, why string) {
	if by == nil {
		m.log.Warn("reload by HUP refused: " + why)
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
	m.preparing = false
	if m.deployment != d {
		return // stopped in the meantime
	}
	if err != nil {
		var left *forsaken
		m.forsaken = m.forsaken || errors.As(err, &left)
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
	d.cancel(errStopping)
	m.deployment = nil
	if code != exitOK && m.state.rollout == nil && !m.forsaken {
		m.lastNumber = min(m.lastNumber, d.number-1) // nothing has it
	}
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
