package runner

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// A front is not replaced by a reload, but goes by the settings of the
// generation that serves. It is asked whether it could before the first new
// worker starts, and told to when the generation is committed.

// trial is a question to our own fronts, or word that settings are to be used,
// that has not been answered by all.
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
	return f != nil && f.Generation != g.number && m.stays(n)
}

// stays reports that a front is our own and does not end.
func (m *master) stays(n int) bool {
	f := m.state.fronts[n]
	return f != nil && f.Phase != stopping && f.Phase != killing
}

// useSettings makes our own fronts go by the settings of the generation that
// serves now, and calls then when they do: whoever asked for a reload finds the
// new certificate and the new limits when it has ended. A front that does not
// answer is not waited for any longer than for a trial. Addresses that the
// generation has no more are closed, when the fronts have taken whoever had come.
func (m *master) useSettings(g generation, e equipment, then func()) {
	m.tellFronts(g, e, func(n int) bool { return m.goesBySettings(n, g) }, then)
}

// tellFronts is useSettings for some of the fronts.
func (m *master) tellFronts(g generation, e equipment, some func(n int) bool, then func()) {
	if m.change != nil {
		m.endTrial(m.change, nil) // these settings are the newer ones
	}
	m.questions++
	before := m.equipment
	m.equipment = e
	defer before.closeBut(e)
	t := &trial{number: m.questions, waits: map[int]bool{}, then: func(error) { then() }}
	for n, p := range m.peers {
		if some(n) {
			t.waits[n] = m.sendSettings(p, control.Settings{Number: t.number, Use: true}, g, e)
		}
	}
	maps.DeleteFunc(t.waits, func(_ int, sent bool) bool { return !sent })
	if len(t.waits) == 0 {
		then()
		return
	}
	m.change = t
	time.AfterFunc(trialLimit, func() { m.post(func() { m.endTrial(t, nil) }) })
}

// sendSettings asks a front about settings, or tells it to use them.
func (m *master) sendSettings(p *peer, s control.Settings, g generation, e equipment) (sent bool) {
	said, files, err := e.message(!s.Use)
	if err != nil { // want of descriptors: an answer will not come, and the front keeps what it has
		m.log.Error("cannot pass its listeners to the front", "err", err)
		return false
	}
	said.Inherited = m.inherited
	s.File, s.Root = g.kept.file, g.kept.root
	if s.Use || said.Certificates {
		s.Listen = &said
	}
	p.send(control.KindSettings, s, files...)
	return true
}

// settled takes the answer of a front.
func (m *master) settled(n int, answer control.Settled) {
	if t := m.trial; t != nil && t.number == answer.Number && t.waits[n] {
		if answer.Faults != "" {
			m.endTrial(t, errors.New(tooOld+"\n"+answer.Faults))
			return
		}
		m.answered(t, n)
		return
	}
	if answer.Faults != "" {
		m.log.Error("the front keeps the settings that it had: "+answer.Faults, "front", n)
	}
	if t := m.change; t != nil && t.number == answer.Number {
		m.answered(t, n)
	}
}

// answered ends the waiting for a front, be it that it is gone: the one that
// replaces it reads its settings by itself.
func (m *master) answered(t *trial, n int) {
	if t == nil {
		return
	}
	delete(t.waits, n)
	if len(t.waits) == 0 {
		m.endTrial(t, nil)
	}
}

func (m *master) endTrial(t *trial, err error) {
	switch t {
	case m.trial:
		m.trial = nil
	case m.change:
		m.change = nil
	default:
		return // it has ended
	}
	t.then(err)
}
