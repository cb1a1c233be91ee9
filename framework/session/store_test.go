package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/session"
)

// memory is a Store that can fail.
type memory struct {
	mu      sync.Mutex
	records map[string]session.Record
	fail    map[string]error // by method
	finds   int
}

func newMemory() *memory {
	return &memory{records: map[string]session.Record{}, fail: map[string]error{}}
}

func (m *memory) Find(_ context.Context, id string) (session.Record, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.finds++
	r, ok := m.records[id]
	return r, ok, m.fail["Find"]
}

func (m *memory) Create(_ context.Context, r session.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail["Create"] == nil {
		m.records[r.ID] = r
	}
	return m.fail["Create"]
}

func (m *memory) Update(_ context.Context, r session.Record) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.records[r.ID]
	if ok && m.fail["Update"] == nil {
		m.records[r.ID] = r
	}
	return ok, m.fail["Update"]
}

func (m *memory) Delete(ctx context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.fail["Delete"] == nil {
		delete(m.records, id)
	}
	return m.fail["Delete"]
}

// only is the one record that there is.
func (m *memory) only(t *testing.T) session.Record {
	t.Helper()
	if len(m.records) != 1 {
		t.Fatalf("%d records, want one", len(m.records))
	}
	for _, r := range m.records {
		return r
	}
	panic("unreachable")
}

func TestStoreKeepsTheSession(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := newMemory()
	m, err := session.New(session.Options{Name: "qna", Store: store, Now: func() time.Time { return now }})
	must(t, err)
	b := &browser{t: t, m: m}
	b.do(func(s *session.Session) {
		if s.ID() != "" {
			t.Error("a visitor without session has an id")
		}
		must(t, s.Set("n", 1))
		must(t, s.Own("user:7"))
		must(t, s.Flash("info", "hello"))
	})
	r, token := store.only(t), b.cookie.Value
	if r.Owner != "user:7" || !r.Begun.Equal(now) || !r.Seen.Equal(now) || !r.Ends.Equal(now.Add(14*24*time.Hour)) {
		t.Errorf("record %+v", r)
	}
	if strings.Contains(r.ID+string(r.Data), token) || r.ID == token {
		t.Error("the store can be read into a cookie")
	}
	now = now.Add(time.Hour)
	header := b.do(func(s *session.Session) {
		if n, ok := number(t, s, "n"); !ok || n != 1 || s.ID() != r.ID {
			t.Errorf("n = %d, %v in %s", n, ok, s.ID())
		}
		if got := s.Flashes(); len(got) != 1 {
			t.Errorf("flashes %v", got)
		}
	})
	if header.Get("Vary") != "Cookie" || b.cookie.Value != token {
		t.Errorf("header %v", header)
	}
	if again := store.only(t); again.ID != r.ID || !again.Seen.Equal(now) || !again.Begun.Equal(r.Begun) || again.Owner != "user:7" {
		t.Errorf("record %+v", again)
	}
	b.do(func(s *session.Session) { must(t, s.Clear()) })
	if len(store.records) != 0 || b.cookie != nil {
		t.Error("the cleared session is there")
	}
	store.finds = 0
	b.do(func(s *session.Session) {})
	b.do(func(s *session.Session) { s.Flashes() })
	if store.finds != 0 {
		t.Error("the store was asked for no cookie")
	}
}

func TestRenewedSessionHasAnotherToken(t *testing.T) {
	store := newMemory()
	b := &browser{t: t, m: newManager(t, session.Options{Store: store})}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	old := b.cookie
	b.do(func(s *session.Session) { must(t, s.Renew()) })
	store.only(t)
	if b.cookie.Value == old.Value {
		t.Error("the same token")
	}
	thief := &browser{t: t, m: b.m, cookie: old}
	thief.do(func(s *session.Session) {
		if _, ok := number(t, s, "n"); ok {
			t.Error("the token from before is good")
		}
	})
	second := b.cookie
	b.do(func(s *session.Session) { must(t, s.Clear()); must(t, s.Flash("info", "bye")) })
	if store.only(t); b.cookie.Value == second.Value {
		t.Error("a session that began anew has the old token")
	}
}

// TestEndedSessionStaysEnded ends a session while a request uses it.
func TestEndedSessionStaysEnded(t *testing.T) {
	store := newMemory()
	b := &browser{t: t, m: newManager(t, session.Options{Store: store})}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	b.do(func(s *session.Session) {
		must(t, s.Set("n", 2))
		clear(store.records)
	})
	if len(store.records) != 0 {
		t.Error("the request brought the session back")
	}
	b.do(func(s *session.Session) {
		if _, ok := number(t, s, "n"); ok || s.ID() != "" {
			t.Error("the session goes on")
		}
	})
}

func TestStoredSessionExpires(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := newMemory()
	b := &browser{t: t, m: newManager(t, session.Options{Store: store, Idle: time.Hour, MaxAge: 2 * time.Hour, Now: func() time.Time { return now }})}
	use := func() (ok bool) {
		b.do(func(s *session.Session) { _, ok = number(t, s, "n") })
		return ok
	}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	begin := now
	for range 2 {
		now = now.Add(50 * time.Minute)
		if !use() {
			t.Errorf("over at %v", now)
		}
	}
	if ends := store.only(t).Ends; !ends.Equal(begin.Add(2 * time.Hour)) {
		t.Errorf("ends %v", ends)
	}
	now = now.Add(50 * time.Minute)
	if use() {
		t.Error("a session of 2 hours lives")
	}
}

func TestStoreThatFails(t *testing.T) {
	away := errors.New("away")
	store := newMemory()
	m := newManager(t, session.Options{Store: store})
	b := &browser{t: t, m: m}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	store.fail["Find"] = away
	b.do(func(s *session.Session) {
		var n int
		if ok, err := s.Get("n", &n); ok || !errors.Is(err, away) {
			t.Errorf("Get: %v, %v", ok, err)
		}
		if err := s.Set("n", 2); !errors.Is(err, away) {
			t.Errorf("Set: %v", err)
		}
		delete(store.fail, "Find")
		if n, ok := number(t, s, "n"); !ok || n != 1 {
			t.Error("not found when the store is back")
		}
	})
	for method, use := range map[string]func(s *session.Session) error{
		"Update": func(s *session.Session) error { return s.Set("n", 2) },
		"Create": func(s *session.Session) error { return s.Renew() },
		"Delete": func(s *session.Session) error { return s.Clear() },
	} {
		b := &browser{t: t, m: m}
		store.fail = map[string]error{}
		b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
		store.fail[method] = away
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(b.cookie)
		s, header := m.Load(r), http.Header{}
		must(t, use(s))
		if err := m.Commit(header, r, s); !errors.Is(err, away) {
			t.Errorf("%s: %v", method, err)
		}
		if ended := m.Commit(header, r, s); ended != nil {
			t.Errorf("%s: a second Commit: %v", method, ended)
		}
		if header.Get("Set-Cookie") != "" {
			t.Errorf("%s: Set-Cookie %q", method, header.Get("Set-Cookie"))
		}
	}
}

func TestStrangeCookiesWithAStore(t *testing.T) {
	store := newMemory()
	m := newManager(t, session.Options{Store: store})
	for _, value := range []string{"short", strings.Repeat("x", 4000), strings.Repeat("x", 43)} {
		b := &browser{t: t, m: m, cookie: &http.Cookie{Name: m.Cookie(), Value: value}}
		b.do(func(s *session.Session) {
			if _, ok := number(t, s, "n"); ok {
				t.Errorf("%.50s is a session", value)
			}
			must(t, s.Set("n", 1))
		})
		if b.cookie.Value == value {
			t.Error("a token of the client's own making was taken")
		}
	}
}

func TestLargeStoredSession(t *testing.T) {
	store := newMemory()
	b := &browser{t: t, m: newManager(t, session.Options{Store: store})}
	b.do(func(s *session.Session) {
		must(t, s.Set("cart", strings.Repeat("x", 60_000)))
		var large *session.TooLarge
		if err := s.Set("more", strings.Repeat("x", 10_000)); !errors.As(err, &large) || large.Limit != 64<<10 {
			t.Errorf("Set: %v", err)
		}
	})
	store.only(t)
}

func TestAgentOfARecord(t *testing.T) {
	store := newMemory()
	m := newManager(t, session.Options{Store: store})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", strings.Repeat("x", 199)+"가\xff")
	s := m.Load(r)
	must(t, s.Set("n", 1))
	must(t, m.Commit(http.Header{}, r, s))
	if got := store.only(t).Agent; got != strings.Repeat("x", 199) {
		t.Errorf("agent %q", got)
	}
}

func TestOwnerOfASealedCookie(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) { must(t, s.Own("user:7")); must(t, s.Own("user:7")) })
	if b.cookie == nil {
		t.Error("an owner alone is no session")
	}
	b.do(func(s *session.Session) {
		if s.ID() != "" {
			t.Error("a sealed session has an id")
		}
	})
}

func TestSessionsEndThoughTheClientLeft(t *testing.T) {
	store := newMemory()
	m := newManager(t, session.Options{Store: store})
	b := &browser{t: t, m: m}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	r.AddCookie(b.cookie)
	s := m.Load(r)
	must(t, s.Clear())
	cancel()
	must(t, m.Commit(http.Header{}, r, s))
	if len(store.records) != 0 {
		t.Error("the session lives on")
	}
}

func TestWrapTellsThatASessionDidNotEnd(t *testing.T) {
	store := newMemory()
	m := newManager(t, session.Options{Store: store})
	b := &browser{t: t, m: m}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	store.fail["Delete"] = errors.New("away")
	h := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		must(t, session.From(r.Context()).Clear())
		w.Header().Set("Location", "/")
		w.WriteHeader(303)
		_, err := w.Write([]byte("bye"))
		must(t, err)
	}))
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	r.AddCookie(b.cookie)
	h.ServeHTTP(w, r)
	if w.Code != 503 || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" || strings.Contains(w.Body.String(), "bye") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestASessionThatWasEndedMeanwhileGetsNoCookie(t *testing.T) {
	store := newMemory()
	b := &browser{t: t, m: newManager(t, session.Options{Store: store})}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	header := b.do(func(s *session.Session) {
		must(t, s.Set("n", 2))
		clear(store.records)
	})
	if header.Get("Set-Cookie") != "" || len(store.records) != 0 {
		t.Errorf("Set-Cookie %q, records %v", header.Get("Set-Cookie"), store.records)
	}
}

func TestFewCookiesAreTried(t *testing.T) {
	store := newMemory()
	m := newManager(t, session.Options{Store: store})
	r := httptest.NewRequest("GET", "/", nil)
	for range 100 {
		r.AddCookie(&http.Cookie{Name: m.Cookie(), Value: strings.Repeat("x", 43)})
	}
	number(t, m.Load(r), "n")
	if store.finds != 4 {
		t.Errorf("%d looks into the store", store.finds)
	}
}
