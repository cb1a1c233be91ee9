package runner

import (
	"errors"
	"fmt"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// A front is not replaced by a reload, but goes by the settings of the
// generation that serves. It is asked whether it could before the first new
// worker starts, and told to when the generation is committed.

// trial is a question to our own fronts that has not been answered by all.
type trial struct {
	number int
	waits  map[int]bool // fronts
	then   func(error)
}

// trialLimit is how long a front may take to read its settings.
const trialLimit = 10 * time.Second

const tooOld = "the front cannot serve by these settings (if it is too old for them, upgrade replaces it, too):"

// tryFronts asks our own fronts whether they could serve by the settings of a
// generation, and calls then with what hinders one of them, or nil. Fronts that
// are to be replaced are not asked.
func (m *master) tryFronts(d *deployment, then func(error)) {
	g := m.generations[d.number]
	m.questions++
	t := &trial{number: m.questions, waits: map[int]bool{}, then: then}
	for n, p := range m.peers {
		if d.kind != deployUpgrade && m.goesBySettings(n, g) {
			t.waits[n] = true
			m.sendSettings(p, control.Settings{Number: t.number}, g, d.equipment)
		}
	}
	if len(t.waits) == 0 {
		then(nil)
		return
	}
	m.trial = t
	time.AfterFunc(trialLimit, func() {
		m.post(func() { m.endTrial(t, fmt.Errorf("%s it has not read them within %s", tooOld, trialLimit)) })
	})
}

// goesBySettings reports that a front is to be told of the settings of a
// generation: it is our own, stays, and has not begun with them.
func (m *master) goesBySettings(n int, g generation) bool {
	f := m.state.fronts[n]
	return f != nil && f.Generation != g.number && f.Phase != stopping && f.Phase != killing
}

// useSettings makes our own fronts go by the settings of the generation that
// serves now. Addresses that it has no more are closed, when the fronts have
// taken whoever had come.
func (m *master) useSettings(g generation, e equipment) {
	m.questions++
	before := m.equipment
	m.equipment = e
	defer before.closeBut(e)
	for n, p := range m.peers {
		if m.goesBySettings(n, g) {
			m.sendSettings(p, control.Settings{Number: m.questions, Use: true}, g, e)
		}
	}
}

// sendSettings asks a front about settings, or tells it to use them.
func (m *master) sendSettings(p *peer, s control.Settings, g generation, e equipment) {
	said, files, err := e.message(!s.Use)
	if err != nil { // want of descriptors: an answer will not come, and the front keeps what it has
		m.log.Error("cannot pass its listeners to the front", "err", err)
		return
	}
	said.Inherited = m.inherited
	s.File, s.Root = g.kept.file, g.kept.root
	if s.Use || said.Certificates {
		s.Listen = &said
	}
	p.send(control.KindSettings, s, files...)
}

// settled takes the answer of a front.
func (m *master) settled(n int, answer control.Settled) {
	t := m.trial
	switch {
	case t == nil || t.number != answer.Number || !t.waits[n]:
		if answer.Faults != "" {
			m.log.Error("the front keeps the settings that it had: "+answer.Faults, "front", n)
		}
	case answer.Faults != "":
		m.endTrial(t, errors.New(tooOld+"\n"+answer.Faults))
	default:
		m.answered(n)
	}
}

// answered ends the waiting for a front, be it that it is gone: the one that
// replaces it reads its settings by itself.
func (m *master) answered(n int) {
	t := m.trial
	if t == nil {
		return
	}
	delete(t.waits, n)
	if len(t.waits) == 0 {
		m.endTrial(t, nil)
	}
}

func (m *master) endTrial(t *trial, err error) {
	if m.trial != t {
		return // it has ended
	}
	m.trial = nil
	t.then(err)
}
