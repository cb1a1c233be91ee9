package session

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
)

// Flash is a message for the next page that a visitor sees.
type Flash struct {
	Kind string `json:"k"` // like "success" or "error"; the page's style
	Text string `json:"t"` // plain text, which templates escape
}

// Flash keeps a message for the next call of Flashes, in this request or a
// later one. Where the session has no room for it the oldest messages are left
// out and, if that is not enough, its own text is shortened; [Session.Cut]
// tells. Errors: ErrCommitted, or that of the [Store].
func (s *Session) Flash(kind, text string) error {
	return s.change(func(p *payload) bool {
		p.Flashes = append(slices.Clone(p.Flashes), Flash{kind, text})
		return true
	})
}

// Flashes takes out the messages that wait. Further calls in the same request
// return the same messages, so a page may ask twice. After the header is sent
// there are none, unless they were taken out before: the browser could not be
// told that they have been shown.
//
// A HEAD request sees the messages that a GET would, and leaves them there,
// because nobody reads them.
func (s *Session) Flashes() []Flash {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken || s.committed || s.load() != nil {
		return slices.Clone(s.shown)
	}
	if s.request.Method == http.MethodHead {
		return slices.Clone(s.data.Flashes)
	}
	s.taken = true
	if len(s.data.Flashes) > 0 {
		s.shown, s.data.Flashes, s.changed = s.data.Flashes, nil, true
	}
	return slices.Clone(s.shown)
}

// Waiting reports whether there are messages that Flashes would take out. It
// only looks: the session does not count as used. Without a session, and where
// it cannot be read, there are none.
func (s *Session) Waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.committed && s.open() == nil && len(s.data.Flashes) > 0
}

// Cut returns how many messages have been left out or shortened in this request
// because the session had no room for them. They are worth a line in the log.
func (s *Session) Cut() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

// makeRoom leaves out messages, the oldest first, and shortens the last one
// until the session can be kept. It returns how many it changed, or a *TooLarge
// if the values alone are too large.
func (m *Manager) makeRoom(p *payload) (cut int, err error) {
	for all := p.Flashes; ; cut++ {
		err := m.check(p)
		if err == nil || len(all) == 0 {
			return cut, err
		}
		if len(all) == 1 {
			return cut + 1, m.shorten(p)
		}
		all = all[1:]
		p.Flashes = all
	}
}

// shorten cuts the text of the only message to what there is room for, and
// leaves it out where there is none.
func (m *Manager) shorten(p *payload) error {
	message := p.Flashes[0]
	var ends []int // of the text, where a character begins
	for at := range message.Text {
		if ends = append(ends, at); at > maxRecord {
			break
		}
	}
	try := func(text string) error {
		p.Flashes = []Flash{{message.Kind, text}}
		return m.check(p)
	}
	fitting := sort.Search(len(ends), func(i int) bool { return try(message.Text[:ends[i]]+"…") != nil })
	if fitting > 1 { // more than the dots
		return try(message.Text[:ends[fitting-1]] + "…")
	}
	p.Flashes = nil
	return m.check(p)
}

// check returns a *TooLarge if the session cannot be kept.
func (m *Manager) check(p *payload) error {
	encoded, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return m.fits(p, encoded)
}
