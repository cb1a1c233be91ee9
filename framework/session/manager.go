package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Limits of the cookie.
const (
	// maxCookie bounds name and value together, in bytes. Browsers refuse more
	// than 4096 (RFC 6265bis section 5.6); the rest is room for proxies.
	maxCookie = 3891 // 3.8 KiB
	// maxCookies is how many cookies of a request are tried.
	maxCookies = 4
	// minSecret is the shortest secret, in bytes.
	minSecret = 32
	// refresh is how old the noted last use may get before a request that only
	// reads writes the cookie again.
	refresh = 5 * time.Minute
	// storeTimeout is how long a [Store] may take to write a session.
	storeTimeout = 10 * time.Second
)

// Options describe the sessions of an app.
type Options struct {
	// Secrets are texts of at least 32 bytes. The first seals, all open.
	Secrets []string
	// Name is the app's name; the cookie is called after it. Characters that a
	// cookie name cannot have are replaced. Empty means "session".
	Name string
	// Secure restricts the cookie to HTTPS and to this host (__Host-NAME).
	Secure bool
	// MaxAge ends a session this long after it began or was last renewed.
	// Zero means 30 days.
	MaxAge time.Duration
	// Idle ends a session this long after its last use, which is noted to
	// within five minutes. Zero means 14 days.
	Idle time.Duration
	// Store keeps the sessions on the server. Nil seals them into the cookie;
	// with a store Secrets are not needed.
	Store Store
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

// Manager opens and seals the sessions of one app. It is safe for use by many
// goroutines.
type Manager struct {
	keys         []sealKey
	store        Store  // nil for sealed cookies
	cookie       string // name of the cookie
	secure       bool
	maxAge, idle time.Duration
	now          func() time.Time
}

// New checks the options and derives the keys. The error says which option is
// wrong.
func New(o Options) (*Manager, error) {
	if len(o.Secrets) == 0 && o.Store == nil {
		return nil, errors.New("session: no secret: without one nothing can be sealed")
	}
	if o.MaxAge < 0 || o.Idle < 0 {
		return nil, errors.New("session: MaxAge and Idle must not be negative")
	}
	m := &Manager{store: o.Store, cookie: cookieName(o.Name, o.Secure), secure: o.Secure, maxAge: o.MaxAge, idle: o.Idle, now: o.Now}
	for i, secret := range o.Secrets {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("session: secret %d has %d bytes, at least %d are needed", i+1, len(secret), minSecret)
		}
		k, err := newSealKey(secret)
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, k)
	}
	if m.maxAge == 0 {
		m.maxAge = 30 * 24 * time.Hour
	}
	if m.idle == 0 {
		m.idle = 14 * 24 * time.Hour
	}
	if m.now == nil {
		m.now = time.Now
	}
	return m, nil
}

// Cookie returns the name of the session cookie.
func (m *Manager) Cookie() string { return m.cookie }

// Load returns the session of a request. Nothing is read or decrypted before
// the session is first used. Call it once per request: each call makes a
// session of its own, and the one given to Commit counts.
func (m *Manager) Load(r *http.Request) *Session {
	return &Session{manager: m, request: r}
}

// Commit ends a session's request: it writes what the response header must say
// of it (Set-Cookie, Vary, Cache-Control) and closes the session for changes.
// Call it right before the header is sent. Of several calls the first counts;
// a session that was not used costs nothing.
//
// A response that sets the cookie must not be kept by shared caches, so there a
// Cache-Control without private or no-store is replaced.
//
// The store is asked even if the request was cancelled, for ten seconds at
// most. An error that matches [ErrNotEnded] must not be answered with success.
func (m *Manager) Commit(header http.Header, r *http.Request, s *Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.committed {
		return nil
	}
	s.committed = true
	if !s.touched {
		return nil
	}
	addVary(header)
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "private")
	}
	// A client that left does not keep its session from being written or ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	cookie, err := m.write(r.WithContext(ctx), s)
	if cookie == nil {
		return err
	}
	header.Add("Set-Cookie", cookie.String())
	if !private(header) {
		header.Set("Cache-Control", "private")
	}
	return err
}

// cookies returns those of a request that may be the session. A browser has
// few of one name; a client that sends many makes no work of each.
func (m *Manager) cookies(r *http.Request) []*http.Cookie {
	all := r.CookiesNamed(m.cookie)
	return all[:min(len(all), maxCookies)]
}

// write returns the cookie that the browser must be sent, nil for none.
func (m *Manager) write(r *http.Request, s *Session) (*http.Cookie, error) {
	now := m.now()
	stale := !s.data.empty() && now.Sub(time.Unix(s.data.Seen, 0)) >= min(refresh, m.idle/2)
	switch {
	case !s.changed && !stale:
		return nil, nil
	case s.data.empty() && len(r.CookiesNamed(m.cookie)) == 0:
		return nil, nil
	case s.data.empty():
		// Without its cookie the browser could not try again to end a session
		// that is still in the store.
		if err := m.drop(r.Context(), s.id); err != nil {
			return nil, err
		}
		c := m.newCookie("")
		c.MaxAge = -1
		return c, nil
	}
	s.data.Seen = now.Unix()
	left := max(time.Second, min(m.idle, time.Unix(s.data.Issued, 0).Add(m.maxAge).Sub(now)))
	text, err := m.text(r, s, now.Add(left))
	if err != nil || text == "" {
		return nil, err
	}
	c := m.newCookie(text)
	c.MaxAge = int(left / time.Second)
	return c, nil
}

// text returns what the cookie holds: the session itself, or its token.
func (m *Manager) text(r *http.Request, s *Session, ends time.Time) (string, error) {
	if m.store != nil {
		return m.keep(r, s, ends)
	}
	return m.seal(&s.data)
}

func (m *Manager) newCookie(value string) *http.Cookie {
	return &http.Cookie{Name: m.cookie, Value: value, Path: "/", HttpOnly: true, Secure: m.secure, SameSite: http.SameSiteLaxMode}
}

// payload is what a cookie holds.
type payload struct {
	Issued  int64                      `json:"i"` // Unix seconds
	Seen    int64                      `json:"s"` // Unix seconds
	Values  map[string]json.RawMessage `json:"v,omitempty"`
	Flashes []Flash                    `json:"f,omitempty"`
	Owner   string                     `json:"o,omitempty"`
}

func (p *payload) empty() bool { return len(p.Values) == 0 && len(p.Flashes) == 0 && p.Owner == "" }

// seal encodes and encrypts; the error is a *TooLarge.
func (m *Manager) seal(p *payload) (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	if err := m.fits(p, data); err != nil {
		return "", err
	}
	return m.keys[0].seal(data, m.cookie), nil
}

func (m *Manager) fits(p *payload, encoded []byte) error {
	e := &TooLarge{Size: len(m.cookie) + len("=") + textSize(len(encoded)), Limit: maxCookie}
	if m.store != nil {
		e.Size, e.Limit = len(encoded), maxRecord
	}
	if e.Size <= e.Limit {
		return nil
	}
	for key, raw := range p.Values {
		if n := len(raw); n > e.LargestSize || n == e.LargestSize && key < e.Largest {
			e.Largest, e.LargestSize = key, n
		}
	}
	return e
}

// open returns what a cookie's value holds, and false for anything that is not
// a valid session of this app.
func (m *Manager) open(value string) (payload, bool) {
	var p payload
	if len(value) > 2*maxCookie {
		return p, false
	}
	data, ok := open(m.keys, value, m.cookie)
	if !ok || json.Unmarshal(data, &p) != nil {
		return payload{}, false
	}
	return p, m.alive(p)
}

// alive reports whether a session goes on.
func (m *Manager) alive(p payload) bool {
	now := m.now()
	return now.Sub(time.Unix(p.Issued, 0)) < m.maxAge && now.Sub(time.Unix(p.Seen, 0)) < m.idle
}

// cookieName makes a cookie name (a token of RFC 9110) of an app's name. A hash
// keeps two names apart that differ only in characters it had to replace.
func cookieName(app string, secure bool) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, app)
	if name != app {
		sum := sha256.Sum256([]byte(app))
		name += "-" + hex.EncodeToString(sum[:4])
	}
	if name == "" {
		name = "session"
	}
	if secure {
		return "__Host-" + name
	}
	return name
}

func addVary(h http.Header) {
	for _, line := range h.Values("Vary") {
		for _, field := range strings.Split(line, ",") {
			if field = strings.TrimSpace(field); field == "*" || strings.EqualFold(field, "Cookie") {
				return
			}
		}
	}
	h.Add("Vary", "Cookie")
}

// private reports whether shared caches may not keep the response.
func private(h http.Header) bool {
	for _, line := range h.Values("Cache-Control") {
		for _, directive := range strings.Split(line, ",") {
			switch strings.ToLower(strings.TrimSpace(directive)) {
			case "private", "no-store":
				return true
			}
		}
	}
	return false
}
