package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Store keeps sessions on the server: the cookie then holds nothing but a
// random token, and a session ends for good when its record is deleted. The
// package auth has one for SQL. Its methods are called with the context of a
// request, by many goroutines.
type Store interface {
	// Find returns the record with an id, and whether there is one that has
	// not ended.
	Find(ctx context.Context, id string) (Record, bool, error)
	// Create keeps a new record.
	Create(ctx context.Context, r Record) error
	// Update replaces a record and reports whether it was there. One that is
	// not was ended while a request used it: it must stay so, and that is no
	// error.
	Update(ctx context.Context, r Record) (bool, error)
	// Delete ends a session. One that is not there is no error.
	Delete(ctx context.Context, id string) error
}

// Record is a session as a [Store] keeps it.
type Record struct {
	// ID is a digest of the token in the cookie, 43 letters, digits, - and _.
	// Whoever reads the store cannot make the cookie of it.
	ID string
	// Owner is what [Session.Own] said, "" for a visitor.
	Owner string
	// Agent is the User-Agent of the browser, cut to 200 bytes.
	Agent string
	// Data is JSON of at most 64 KiB, of this package's own making.
	Data []byte
	// Begun is when the session began or was renewed, Seen when it was last
	// used (to within five minutes), Ends when it may be forgotten.
	Begun, Seen, Ends time.Time
}

const (
	maxRecord = 64 << 10 // bytes of Data
	maxAgent  = 200
)

// digest is the id of the session whose cookie holds a token.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return encoding.EncodeToString(sum[:])
}

// newToken returns 256 random bits.
func newToken() string {
	token := make([]byte, 32)
	rand.Read(token) // never fails
	return encoding.EncodeToString(token)
}

// tokenSize is the length of what newToken returns.
const tokenSize = 43

// fetch looks for the session of a request in the store. The caller holds the
// lock.
func (s *Session) fetch() (payload, bool, error) {
	m := s.manager
	for _, c := range m.cookies(s.request) {
		if len(c.Value) != tokenSize {
			continue
		}
		id := digest(c.Value)
		r, ok, err := m.store.Find(s.request.Context(), id)
		if err != nil {
			return payload{}, false, fmt.Errorf("session: looking for it in the store: %w", err)
		}
		var p payload
		if ok && json.Unmarshal(r.Data, &p) == nil && m.alive(p) {
			s.token, s.id = c.Value, id
			return p, true, nil
		}
	}
	return payload{}, false, nil
}

// keep writes the session into the store and returns the text of its cookie.
// It is "" if the session was ended meanwhile. The caller holds the lock.
func (m *Manager) keep(r *http.Request, s *Session, ends time.Time) (string, error) {
	data, err := json.Marshal(&s.data)
	if err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	ctx, old := r.Context(), s.id
	fresh := old == "" || s.renewed
	if fresh {
		s.token = newToken()
		s.id = digest(s.token)
	}
	record := Record{
		ID: s.id, Owner: s.data.Owner, Agent: agent(r), Data: data,
		Begun: time.Unix(s.data.Issued, 0), Seen: time.Unix(s.data.Seen, 0), Ends: ends,
	}
	if !fresh {
		there, err := m.store.Update(ctx, record)
		if !there {
			return "", stored(err)
		}
		return s.token, stored(err)
	}
	// The old one first: should the new one fail, nobody is signed in.
	if err := m.drop(ctx, old); err != nil {
		return "", err
	}
	return s.token, stored(m.store.Create(ctx, record))
}

// drop ends a session of the store, if there is one.
func (m *Manager) drop(ctx context.Context, id string) error {
	if m.store == nil || id == "" {
		return nil
	}
	if err := m.store.Delete(ctx, id); err != nil {
		return fmt.Errorf("%w: %w", ErrNotEnded, err)
	}
	return nil
}

func stored(err error) error {
	if err != nil {
		return fmt.Errorf("session: writing it to the store: %w", err)
	}
	return nil
}

// agent names the browser.
func agent(r *http.Request) string {
	text := r.UserAgent()
	if len(text) > maxAgent {
		text = text[:maxAgent]
	}
	return strings.ToValidUTF8(text, "")
}
