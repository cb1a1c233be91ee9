package session_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/session"
)

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

func TestUnknownCookieSurvivesSlowRequest(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := newManager(t, session.Options{Now: func() time.Time { return now }})
	b := &browser{t: t, m: m, cookie: &http.Cookie{Name: m.Cookie(), Value: "sealed-by-a-newer-generation"}}
	header := b.do(func(s *session.Session) {
		s.Flashes()
		now = now.Add(time.Hour)
	})
	if header.Get("Set-Cookie") != "" {
		t.Errorf("header %v", header)
	}
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

// golden was sealed by the first version of this package: sessions must outlive
// a new build, so it must always open.
const golden = "HHtheAnPDmYPwQ4NbSz__VZtaKhgHn3dACGz82PtEKHKNoOq8V9mwt2egy780Gm_iouESk_WbRasW1opU7spPIMK_XNWO4vdz8_0rtkv3une_iIey11vpnVWfHLuhaFmddwaikNb790"

func goldenManager(t testing.TB) *session.Manager {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return newManager(t, session.Options{Now: func() time.Time { return at }})
}

func TestGoldenCookieOpens(t *testing.T) {
	m := goldenManager(t)
	b := &browser{t: t, m: m, cookie: &http.Cookie{Name: m.Cookie(), Value: golden}}
	b.do(func(s *session.Session) {
		if n, ok := number(t, s, "n"); !ok || n != 1 {
			t.Errorf("n = %d, %v", n, ok)
		}
		if got := s.Flashes(); !slices.Equal(got, []session.Flash{{Kind: "info", Text: "안녕"}}) {
			t.Errorf("flashes %v", got)
		}
	})
}

func FuzzOpen(f *testing.F) {
	m := goldenManager(f)
	f.Add(golden)
	f.Add(golden[:40])
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", m.Cookie()+"="+value)
		var n int
		ok, err := m.Load(r).Get("n", &n)
		if err != nil {
			t.Fatal(err)
		}
		// The header's grammar may cut the value at ';' or trim it.
		if ok && !strings.Contains(value, golden) {
			t.Fatalf("opened %q", value)
		}
	})
}
