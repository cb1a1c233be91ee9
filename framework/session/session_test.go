package session_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
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

func TestFlash(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	first := session.Flash{Kind: "success", Text: "저장되었습니다."}
	b.do(func(s *session.Session) { must(t, s.Flash(first.Kind, first.Text)) })
	b.do(func(s *session.Session) {
		for range 2 {
			if got := s.Flashes(); !slices.Equal(got, []session.Flash{first}) {
				t.Errorf("flashes %v", got)
			}
		}
		must(t, s.Flash("info", "next page"))
	})
	b.do(func(s *session.Session) {
		if got := s.Flashes(); len(got) != 1 || got[0].Text != "next page" {
			t.Errorf("flashes %v", got)
		}
	})
	b.do(func(s *session.Session) {
		if got := s.Flashes(); got != nil {
			t.Errorf("shown again: %v", got)
		}
	})
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

func TestRotation(t *testing.T) {
	before := newManager(t, session.Options{Secrets: []string{secretA}})
	during := newManager(t, session.Options{Secrets: []string{secretB, secretA}})
	after := newManager(t, session.Options{Secrets: []string{secretB}})
	b := &browser{t: t, m: before}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	old := b.cookie
	b.m = after
	header := b.do(func(s *session.Session) {
		if _, ok := number(t, s, "n"); ok {
			t.Error("opened without its key")
		}
		s.Flashes()
		must(t, s.Delete("n"))
	})
	if header.Get("Set-Cookie") != "" || b.cookie != old {
		t.Error("a cookie of an unknown key was touched")
	}
	b.m = during
	b.do(func(s *session.Session) {
		if _, ok := number(t, s, "n"); !ok {
			t.Error("the second secret does not open")
		}
		must(t, s.Set("n", 2))
	})
	b.m = after
	b.do(func(s *session.Session) {
		if n, _ := number(t, s, "n"); n != 2 {
			t.Error("not sealed by the first secret")
		}
	})
}

func TestAnotherAppsCookie(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{Name: "one"})}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	two := newManager(t, session.Options{Name: "two"})
	b.cookie.Name, b.m = two.Cookie(), two
	b.do(func(s *session.Session) {
		if _, ok := number(t, s, "n"); ok {
			t.Error("a cookie moved from one app to another of the same secret")
		}
	})
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
		if err := s.Flash("info", strings.Repeat("x", 4000)); !errors.As(err, &large) {
			t.Errorf("Flash: %v", err)
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

func TestDeriveKey(t *testing.T) {
	a := session.DeriveKey(secretA, "session")
	if len(a) != 32 || !slices.Equal(a, session.DeriveKey(secretA, "session")) {
		t.Error("not a stable key of 32 bytes")
	}
	if slices.Equal(a, session.DeriveKey(secretA, "reset")) || slices.Equal(a, session.DeriveKey(secretB, "session")) {
		t.Error("two purposes or secrets share a key")
	}
}

func TestForgedCookiesAreAnonymous(t *testing.T) {
	m := newManager(t, session.Options{})
	b := &browser{t: t, m: m}
	b.do(func(s *session.Session) { must(t, s.Set("n", 1)) })
	good := b.cookie.Value
	values := []string{"", "x", "!!", good + "A", strings.Repeat("A", 9000), good[:1]}
	for i := range good {
		flipped := []byte(good)
		flipped[i] = map[bool]byte{true: 'B', false: 'A'}[flipped[i] == 'A']
		values = append(values, string(flipped), good[:i])
	}
	for _, v := range values {
		b.cookie = &http.Cookie{Name: m.Cookie(), Value: v}
		b.do(func(s *session.Session) {
			if _, ok := number(t, s, "n"); ok {
				t.Errorf("opened %q", v)
			}
		})
	}
	// A forged cookie beside the good one must not hide it.
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: m.Cookie(), Value: "forged"})
	r.AddCookie(&http.Cookie{Name: m.Cookie(), Value: good})
	if _, ok := number(t, m.Load(r), "n"); !ok {
		t.Error("the good cookie was hidden")
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

func FuzzOpen(f *testing.F) {
	m := newManager(f, session.Options{})
	r := httptest.NewRequest("GET", "/", nil)
	s, header := m.Load(r), http.Header{}
	if err := errors.Join(s.Set("n", 1), m.Commit(header, r, s)); err != nil {
		f.Fatal(err)
	}
	c, err := http.ParseSetCookie(header.Get("Set-Cookie"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Value)
	f.Add(c.Value[:40])
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", m.Cookie()+"="+value)
		s := m.Load(r)
		var n int
		ok, err := s.Get("n", &n)
		if err != nil {
			t.Fatal(err)
		}
		// The header's grammar may cut the value at ';' or trim it.
		if ok && !strings.Contains(value, c.Value) {
			t.Fatalf("opened %q", value)
		}
	})
}

func TestWrap(t *testing.T) {
	m := newManager(t, session.Options{})
	answers := map[string]func(w http.ResponseWriter, s *session.Session){
		"/write":  func(w http.ResponseWriter, s *session.Session) { fmt.Fprint(w, "x") },
		"/string": func(w http.ResponseWriter, s *session.Session) { io.WriteString(w, "x") },
		"/status": func(w http.ResponseWriter, s *session.Session) { w.WriteHeader(404) },
		"/flush":  func(w http.ResponseWriter, s *session.Session) { w.(http.Flusher).Flush() },
		"/controller": func(w http.ResponseWriter, s *session.Session) {
			must(t, http.NewResponseController(w).Flush())
		},
		"/copy":    func(w http.ResponseWriter, s *session.Session) { io.Copy(w, strings.NewReader("x")) },
		"/nothing": func(w http.ResponseWriter, s *session.Session) {},
		"/early": func(w http.ResponseWriter, s *session.Session) {
			w.WriteHeader(http.StatusEarlyHints)
			must(t, s.Set("late", 1))
		},
	}
	server := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		must(t, s.Set("n", 1))
		answers[r.URL.Path](w, s)
		if err := s.Set("n", 2); r.URL.Path != "/nothing" && r.URL.Path != "/early" && !errors.Is(err, session.ErrCommitted) {
			t.Errorf("%s: changed after commit: %v", r.URL.Path, err)
		}
	})))
	defer server.Close()
	for path := range answers {
		res, err := http.Get(server.URL + path)
		must(t, err)
		res.Body.Close()
		if got := res.Header.Values("Set-Cookie"); len(got) != 1 {
			t.Errorf("%s: %d cookies", path, len(got))
		}
	}
	if session.From(t.Context()) != nil {
		t.Error("a session out of nowhere")
	}
}

func TestWrapHijack(t *testing.T) {
	m := newManager(t, session.Options{})
	server := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		must(t, err)
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		if err := session.From(r.Context()).Set("n", 1); !errors.Is(err, session.ErrCommitted) {
			t.Errorf("Set after Hijack: %v", err)
		}
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 204 {
		t.Errorf("status %d", res.StatusCode)
	}
}
