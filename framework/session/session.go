package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
)

// ErrCommitted is returned by whatever would change a session, or read it for
// the first time, after the response header was sent.
var ErrCommitted = errors.New("session: the response header is already sent; use the session before the first byte of the body")

// ErrNotEnded is returned by [Manager.Commit] when the [Store] could not end the
// session that Clear or Renew left: whoever has its cookie still has it.
var ErrNotEnded = errors.New("session: it could not be ended in the store")

// TooLarge says that a change would make the cookie larger than browsers
// accept, or the session larger than a [Store] should hold. The change did not
// happen.
type TooLarge struct {
	Size, Limit int    // of the cookie, or of the session in a store, in bytes
	Largest     string // key of the largest value, empty where there is none
	LargestSize int    // of that value as JSON, in bytes
}

// Error names both sizes and the largest key.
func (e *TooLarge) Error() string {
	text := fmt.Sprintf("session: it would have %d bytes, %d are possible", e.Size, e.Limit)
	if e.Largest == "" {
		return text
	}
	return fmt.Sprintf("%s; the largest value is %q with %d: keep an id in the session and the rest in the database", text, e.Largest, e.LargestSize)
}

// Session is the state of one visitor during one request. It is safe for use by
// several goroutines of that request.
type Session struct {
	manager *Manager
	request *http.Request

	mu        sync.Mutex
	opened    bool // the cookie has been read
	touched   bool // by the app, so that the response depends on it
	changed   bool
	committed bool
	data      payload
	shown     []Flash // what Flashes took out
	taken     bool    // whether it did
	cut       int     // flashes that were shortened or left out

	// With a store only.
	token   string // what the cookie holds, "" for a new session
	id      string // of the record
	renewed bool   // the session gets another token
}

// load opens the cookie for the app. The caller holds the lock.
func (s *Session) load() error {
	err := s.open()
	s.touched = s.touched || err == nil
	return err
}

// open reads the cookie, once. The caller holds the lock.
func (s *Session) open() error {
	switch {
	case s.opened:
		return nil
	case s.committed:
		return ErrCommitted
	}
	data, ok, err := s.find()
	if err != nil {
		return err
	}
	if !ok {
		now := s.manager.now().Unix()
		data = payload{Issued: now, Seen: now}
	}
	s.data, s.opened = data, true
	return nil
}

// find returns the session that the browser's cookies tell of.
func (s *Session) find() (payload, bool, error) {
	if s.manager.store != nil {
		return s.fetch()
	}
	for _, c := range s.manager.cookies(s.request) {
		if data, ok := s.manager.open(c.Value); ok {
			return data, true, nil
		}
	}
	return payload{}, false, nil
}

// Get decodes the value of a key into into, a pointer, and reports whether the
// session has the key. The error is that of encoding/json when the value does
// not fit, ErrCommitted, or that of the [Store].
func (s *Session) Get(key string, into any) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(); err != nil {
		return false, err
	}
	raw, ok := s.data.Values[key]
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return true, fmt.Errorf("session: value of %q: %w", key, err)
	}
	return true, nil
}

// Set stores a value, encoded by encoding/json. Errors: what encoding/json
// says, *TooLarge, ErrCommitted.
func (s *Session) Set(key string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("session: value of %q: %w", key, err)
	}
	return s.change(func(p *payload) bool {
		if old, ok := p.Values[key]; ok && bytes.Equal(old, raw) {
			return false
		}
		p.Values = maps.Clone(p.Values)
		if p.Values == nil {
			p.Values = map[string]json.RawMessage{}
		}
		p.Values[key] = raw
		return true
	})
}

// Delete removes a key. A key that is not there is no error.
func (s *Session) Delete(key string) error {
	return s.change(func(p *payload) bool {
		if _, ok := p.Values[key]; !ok {
			return false
		}
		p.Values = maps.Clone(p.Values)
		delete(p.Values, key)
		return true
	})
}

// Clear removes everything, as a logout does: the browser is told to delete
// the cookie unless something is stored afterwards.
func (s *Session) Clear() error {
	return s.change(func(p *payload) bool {
		now := s.manager.now().Unix()
		*p = payload{Issued: now, Seen: now}
		s.shown, s.renewed = nil, true
		return true
	})
}

// Renew begins the session anew with the same values: its MaxAge counts from
// now, and the cookie is written under a new seal, or with another token whose
// predecessor ends. Call it when a visitor gains rights, above all at login,
// after Clear if nothing is to survive.
func (s *Session) Renew() error {
	return s.change(func(p *payload) bool {
		p.Issued = s.manager.now().Unix()
		s.renewed = true
		return true
	})
}

// Own notes whose session it is, such as "user:7", so that a [Store] can list
// the sessions of one user. Clear takes it back.
func (s *Session) Own(owner string) error {
	return s.change(func(p *payload) bool {
		if p.Owner == owner {
			return false
		}
		p.Owner = owner
		return true
	})
}

// ID returns the id under which a [Store] keeps the session that the browser
// came with, "" if it came with none or without a store.
func (s *Session) ID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.load() // without it there is no id
	return s.id
}

// Touched reports whether the session was used at all, so that the response
// depends on the cookie.
func (s *Session) Touched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.touched
}

// Changed reports whether anything was changed, so that Commit will write or
// delete the cookie.
func (s *Session) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// change applies edit to a copy of the data and keeps it if it fits into a
// cookie. edit reports whether it changed anything. Messages make room for
// values: who has to sign in again is worse off than who misses a message.
func (s *Session) change(edit func(*payload) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.committed {
		return ErrCommitted
	}
	if err := s.load(); err != nil {
		return err
	}
	next := s.data
	if !edit(&next) {
		return nil
	}
	cut, err := s.manager.makeRoom(&next)
	if err != nil {
		return err
	}
	s.data, s.changed, s.cut = next, true, s.cut+cut
	return nil
}
