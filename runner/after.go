package runner

import (
	"context"
	"fmt"
	"strings"
)

// afterwards are the migrations that must wait until nothing of an older
// generation runs any more: those that take away what it still used.
type afterwards struct {
	generation generation
	due        bool // they have not run yet
	running    bool
	failure    string // of the last run
}

// runAfter starts them when their time has come: after the commit, with no
// older worker left.
func (m *master) runAfter() {
	a := &m.after
	if !a.due || a.running || m.state.rollout != nil || m.state.stop != serving || !m.state.onlyGeneration(a.generation.number) {
		return
	}
	a.due, a.running = false, true
	p := preparation{masterOptions: m.masterOptions, number: a.generation.number, life: m.life}
	p.say = func(text string) { m.post(func() { m.say("%s", text) }) }
	ctx, cancel := context.WithCancelCause(context.Background())
	m.callOffAfter = func() { cancel(errStopping) }
	go func() {
		defer cancel(nil)
		out, err := p.after(ctx, a.generation)
		m.post(func() { m.ranAfter(string(out), err) })
	}()
}

// ranAfter keeps the outcome for status. The app serves on in either case: the
// new generation does not need these migrations.
func (m *master) ranAfter(out string, err error) {
	m.after.running, m.after.failure = false, ""
	if err != nil {
		m.after.failure = err.Error()
		m.log.Error("the migrations that follow a reload failed; mend them and reload again: " + err.Error())
	}
	for line := range strings.Lines(out) {
		m.log.Info(strings.TrimRight(line, "\n"))
	}
}

// after runs them in a short-lived process of the new binary.
func (p preparation) after(ctx context.Context, g generation) ([]byte, error) {
	defer p.stillRunning("migrating", migrationBeat)()
	out, err := p.role(ctx, g, "migrate after", "migrate", "migrate", "after")
	if err != nil {
		return nil, fmt.Errorf("the migration failed:\n%w", err)
	}
	return out, nil
}
