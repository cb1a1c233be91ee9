package session_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/session"
)

const (
	secretA = "a secret of more than thirty-two bytes, the first"
	secretB = "a secret of more than thirty-two bytes, the second"
)

// browser keeps the one cookie between requests, as a browser would.
type browser struct {
	t      *testing.T
	m      *session.Manager
	cookie *http.Cookie
}

func newManager(t testing.TB, o session.Options) *session.Manager {
	t.Helper()
	if o.Secrets == nil {
		o.Secrets = []string{secretA}
	}
	if o.Name == "" {
		o.Name = "qna"
	}
	m, err := session.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// do runs one request and returns its response header.
func (b *browser) do(use func(s *session.Session)) http.Header {
	b.t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	s, header := b.m.Load(r), http.Header{}
	use(s)
	if err := b.m.Commit(header, r, s); err != nil {
		b.t.Fatal(err)
	}
	for _, line := range header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			b.t.Fatal(err)
		}
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return header
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, s *session.Session, key string) (n int, ok bool) {
	t.Helper()
	ok, err := s.Get(key, &n)
	must(t, err)
	return n, ok
}

func TestValuesSurviveRequests(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{Secure: true})}
	header := b.do(func(s *session.Session) { must(t, s.Set("user", 42)) })
	line := header.Get("Set-Cookie")
	for _, want := range []string{"__Host-qna=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax", fmt.Sprintf("; Max-Age=%d", 14*24*3600)} {
		if !strings.Contains(line, want) {
			t.Errorf("Set-Cookie lacks %q: %s", want, line)
		}
	}
	if header.Get("Vary") != "Cookie" || header.Get("Cache-Control") != "private" {
		t.Errorf("header %v", header)
	}
	header = b.do(func(s *session.Session) {
		if n, ok := number(t, s, "user"); !ok || n != 42 {
			t.Errorf("user = %d, %v", n, ok)
		}
		must(t, s.Set("user", 42))
		if s.Changed() {
			t.Error("the same value again is a change")
		}
	})
	if header.Get("Set-Cookie") != "" {
		t.Error("an unchanged session was written")
	}
	header = b.do(func(s *session.Session) {})
	if len(header) != 0 {
		t.Errorf("an unused session left %v", header)
	}
	b.do(func(s *session.Session) { must(t, s.Delete("user")) })
	if b.cookie != nil {
		t.Error("an emptied session kept its cookie")
	}
}

func TestClearDeletesCookie(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	if header := b.do(func(s *session.Session) { must(t, s.Clear()) }); header.Get("Set-Cookie") != "" {
		t.Error("a visitor without cookie was sent one")
	}
	b.do(func(s *session.Session) { must(t, s.Set("user", 1)) })
	b.do(func(s *session.Session) { must(t, s.Clear()) })
	if b.cookie != nil {
		t.Errorf("cookie left: %v", b.cookie)
	}
}

func TestCommitCloses(t *testing.T) {
	m := newManager(t, session.Options{})
	b := &browser{t: t, m: m}
	b.do(func(s *session.Session) { must(t, s.Flash("info", "text")); must(t, s.Set("n", 1)) })
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(b.cookie)
	s, header := m.Load(r), http.Header{}
	must(t, m.Commit(header, r, s))
	if len(header) != 0 {
		t.Errorf("header %v", header)
	}
	if got := s.Flashes(); got != nil {
		t.Errorf("flashes after commit: %v", got)
	}
	var n int
	_, getErr := s.Get("n", &n)
	for what, err := range map[string]error{"Get": getErr, "Set": s.Set("a", 1), "Delete": s.Delete("n"), "Clear": s.Clear(), "Renew": s.Renew(), "Flash": s.Flash("a", "b")} {
		if !errors.Is(err, session.ErrCommitted) {
			t.Errorf("%s after commit: %v", what, err)
		}
	}
}

func TestReadBeforeCommitStaysReadable(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	var kept *session.Session
	b.do(func(s *session.Session) { must(t, s.Set("n", 7)); kept = s })
	if n, ok := number(t, kept, "n"); !ok || n != 7 {
		t.Errorf("n = %d, %v", n, ok)
	}
}

func TestCacheControl(t *testing.T) {
	for _, c := range []struct {
		app           string // Cache-Control of the handler
		read, written string // Cache-Control afterwards
	}{
		{app: "", read: "private", written: "private"},
		{app: "no-store", read: "no-store", written: "no-store"},
		{app: "public, max-age=60", read: "public, max-age=60", written: "private"},
		{app: "Private, max-age=60", read: "Private, max-age=60", written: "Private, max-age=60"},
	} {
		m := newManager(t, session.Options{})
		for write, want := range map[bool]string{false: c.read, true: c.written} {
			r := httptest.NewRequest("GET", "/", nil)
			s, header := m.Load(r), http.Header{"Vary": {"Accept, cookie"}}
			if c.app != "" {
				header.Set("Cache-Control", c.app)
			}
			s.Flashes()
			if write {
				must(t, s.Set("a", 1))
			}
			must(t, m.Commit(header, r, s))
			if got := header.Get("Cache-Control"); got != want {
				t.Errorf("%q, written %v: got %q, want %q", c.app, write, got, want)
			}
			if got := header.Values("Vary"); len(got) != 1 {
				t.Errorf("Vary %q", got)
			}
		}
	}
}

func TestExpiry(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	m := newManager(t, session.Options{MaxAge: 10 * time.Hour, Idle: time.Hour, Now: clock})
	b := &browser{t: t, m: m}
	read := func() (bool, http.Header) {
		var ok bool
		h := b.do(func(s *session.Session) { _, ok = number(t, s, "n") })
		return ok, h
	}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	now = now.Add(4 * time.Minute)
	if ok, h := read(); !ok || h.Get("Set-Cookie") != "" {
		t.Errorf("after 4 minutes: %v, %v", ok, h)
	}
	for range 11 {
		now = now.Add(50 * time.Minute)
		if ok, h := read(); !ok || h.Get("Set-Cookie") == "" {
			t.Errorf("in use at %v: %v, %v", now, ok, h)
		}
	}
	if left := b.cookie.MaxAge; left != int((46 * time.Minute).Seconds()) {
		t.Errorf("the cookie outlives the session: Max-Age %d", left)
	}
	b.do(func(s *session.Session) { must(t, s.Renew()) })
	now = now.Add(50 * time.Minute)
	if ok, _ := read(); !ok {
		t.Error("a renewed session ended with the old one's age")
	}
	now = now.Add(time.Hour)
	if ok, h := read(); ok || h.Get("Set-Cookie") != "" {
		t.Errorf("idle for an hour: %v, %v", ok, h)
	}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	for range 12 {
		now = now.Add(50 * time.Minute)
		read()
	}
	if ok, _ := read(); ok {
		t.Error("a session of 10 hours lives")
	}
}

func TestTooLarge(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	header := b.do(func(s *session.Session) {
		must(t, s.Set("small", 1))
		err := s.Set("cart", strings.Repeat("x", 4000))
		var large *session.TooLarge
		if !errors.As(err, &large) || large.Largest != "cart" || large.LargestSize != 4002 || large.Size <= large.Limit {
			t.Errorf("Set: %v", err)
		}
		if !strings.Contains(err.Error(), fmt.Sprint(large.Size)) || !strings.Contains(err.Error(), `"cart"`) {
			t.Errorf("message: %v", err)
		}
		var n int
		if ok, _ := s.Get("cart", &n); ok {
			t.Error("the refused value is there")
		}
		// The largest value that fits must yield a cookie within the limit.
		size := 2000
		for s.Set("cart", strings.Repeat("x", size)) == nil {
			size++
		}
	})
	c, err := http.ParseSetCookie(header.Get("Set-Cookie"))
	must(t, err)
	if n := len(c.Name) + 1 + len(c.Value); n > 3891 || n < 3885 {
		t.Errorf("largest cookie has %d bytes", n)
	}
	if len(header.Get("Set-Cookie")) > 4096 {
		t.Errorf("the whole line has %d bytes", len(header.Get("Set-Cookie")))
	}
}

func TestGetOfAnotherType(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) {
		must(t, s.Set("n", "text"))
		var n int
		if ok, err := s.Get("n", &n); !ok || err == nil || !strings.Contains(err.Error(), `"n"`) {
			t.Errorf("Get: %v, %v", ok, err)
		}
		if err := s.Set("c", make(chan int)); err == nil {
			t.Error("a channel was stored")
		}
	})
}

func TestNames(t *testing.T) {
	seen := map[string]string{}
	for _, app := range []string{"", "qna", "my app", "가", "나", "a;b", "session.v2"} {
		m, err := session.New(session.Options{Secrets: []string{secretA}, Name: app})
		must(t, err)
		name := m.Cookie()
		if (&http.Cookie{Name: name, Value: "x"}).Valid() != nil {
			t.Errorf("%q becomes %q, no cookie name", app, name)
		}
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q share %q", app, other, name)
		}
		seen[name] = app
	}
	if seen["qna"] != "qna" || seen["session"] != "" {
		t.Errorf("names %v", seen)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []session.Options{
		{},
		{Secrets: []string{"short"}},
		{Secrets: []string{secretA, ""}},
		{Secrets: []string{secretA}, Idle: -1},
		{Secrets: []string{secretA}, MaxAge: -1},
	} {
		if _, err := session.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) {
		done := make(chan error)
		for i := range 8 {
			go func() {
				var n int
				_, getErr := s.Get(fmt.Sprint(i), &n)
				s.Flashes()
				done <- errors.Join(getErr, s.Set(fmt.Sprint(i), i), s.Flash("k", "t"))
			}()
		}
		for range 8 {
			must(t, <-done)
		}
	})
	b.do(func(s *session.Session) {
		for i := range 8 {
			if n, ok := number(t, s, fmt.Sprint(i)); !ok || n != i {
				t.Errorf("value %d lost", i)
			}
		}
	})
}
