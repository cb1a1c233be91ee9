package runner

import "time"

// pending is what is to be said once something is so.
type pending struct {
	met  func() bool
	then func(ok bool)
}

// when calls then as soon as met holds, which is looked at after each event, or
// with false when it does not hold within limit.
func (m *master) when(limit time.Duration, met func() bool, then func(ok bool)) {
	if met() {
		then(true)
		return
	}
	p := &pending{met, then}
	m.pending = append(m.pending, p)
	time.AfterFunc(limit, func() {
		m.post(func() { m.drop(p) })
	})
}

// fulfil does what has come due.
func (m *master) fulfil() {
	for _, p := range m.pending {
		if p.met() {
			p.then(true)
			p.then = nil
		}
	}
	m.forget()
}

// drop ends a waiting in vain, if it goes on.
func (m *master) drop(p *pending) {
	if p.then != nil {
		p.then(false)
		p.then = nil
	}
	m.forget()
}

func (m *master) forget() {
	kept := m.pending[:0]
	for _, p := range m.pending {
		if p.then != nil {
			kept = append(kept, p)
		}
	}
	clear(m.pending[len(kept):])
	m.pending = kept
}
