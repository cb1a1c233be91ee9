package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dram-go/dram/framework/session"
)

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

func TestFlashSurvivesLateReading(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) { must(t, s.Flash("info", "text")) })
	var late *session.Session
	b.do(func(s *session.Session) { number(t, s, "n"); late = s })
	if got := late.Flashes(); got != nil {
		t.Errorf("shown after commit, and again on the next page: %v", got)
	}
	b.do(func(s *session.Session) {
		if got := s.Flashes(); len(got) != 1 {
			t.Errorf("flashes %v", got)
		}
	})
}

// TestHeadShowsFlashes: what nobody reads is not taken out.
func TestHeadShowsFlashes(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) { must(t, s.Flash("info", "text")) })
	r := httptest.NewRequest("HEAD", "/", nil)
	r.AddCookie(b.cookie)
	s, header := b.m.Load(r), http.Header{}
	for range 2 {
		if got := s.Flashes(); len(got) != 1 || got[0].Text != "text" {
			t.Errorf("flashes %v", got)
		}
	}
	must(t, b.m.Commit(header, r, s))
	if header.Get("Set-Cookie") != "" || s.Changed() || header.Get("Vary") != "Cookie" {
		t.Errorf("header %v", header)
	}
	b.do(func(s *session.Session) {
		if got := s.Flashes(); len(got) != 1 {
			t.Errorf("flashes %v", got)
		}
	})
}

func TestWaitingOnlyLooks(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) {
		if s.Waiting() {
			t.Error("a message waits in a new session")
		}
		must(t, s.Flash("info", "text"))
	})
	header := b.do(func(s *session.Session) {
		if !s.Waiting() || s.Touched() {
			t.Errorf("waiting %v, touched %v", s.Waiting(), s.Touched())
		}
	})
	if len(header) != 0 {
		t.Errorf("looking left %v", header)
	}
	b.do(func(s *session.Session) {
		if len(s.Flashes()) != 1 || s.Waiting() {
			t.Error("it waits still")
		}
	})
}

func TestFlashesThatHaveNoRoom(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	b.do(func(s *session.Session) {
		must(t, s.Set("user", 42))
		for i := range 100 {
			must(t, s.Flash("info", fmt.Sprint(i, " ", strings.Repeat("가", 40))))
		}
		if n := s.Cut(); n < 50 || n > 90 {
			t.Errorf("%d messages were cut", n)
		}
	})
	b.do(func(s *session.Session) {
		got := s.Flashes()
		for i, f := range got {
			if want := 100 - len(got) + i; !strings.HasPrefix(f.Text, fmt.Sprint(want, " 가")) || !strings.HasSuffix(f.Text, "가") {
				t.Errorf("message %d is %q, want %d whole", i, f.Text, want)
			}
		}
		if n, ok := number(t, s, "user"); len(got) < 10 || !ok || n != 42 {
			t.Errorf("%d messages, user %d", len(got), n)
		}
		if s.Cut() != 0 {
			t.Error("cut in this request")
		}
	})
}

func TestFlashThatIsTooLongIsShortened(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	for _, letter := range []string{"x", "가", "<", "\xff"} {
		long := "begin " + strings.Repeat(letter, 200_000)
		b.do(func(s *session.Session) {
			must(t, s.Flash("info", "short"))
			must(t, s.Flash("error", long))
			if s.Cut() != 2 {
				t.Errorf("%q: cut %d, want the short one and the long one", letter, s.Cut())
			}
		})
		b.do(func(s *session.Session) {
			got := s.Flashes()
			if len(got) != 1 || got[0].Kind != "error" {
				t.Fatalf("%q: %d messages", letter, len(got))
			}
			text := got[0].Text
			if !strings.HasPrefix(text, "begin ") || !strings.HasSuffix(text, "…") || !utf8.ValidString(text) || len(text) < 400 {
				t.Errorf("%q: %d bytes: %.50q", letter, len(text), text)
			}
		})
	}
}

// TestValuesBeforeFlashes: a message never keeps a visitor from signing in.
func TestValuesBeforeFlashes(t *testing.T) {
	b := &browser{t: t, m: newManager(t, session.Options{})}
	value := strings.Repeat("v", 2000)
	b.do(func(s *session.Session) { must(t, s.Flash("info", strings.Repeat("x", 2000))) })
	b.do(func(s *session.Session) {
		must(t, s.Set("cart", value))
		var large *session.TooLarge
		if err := s.Set("more", value); !errors.As(err, &large) || !s.Waiting() {
			t.Errorf("a value that has no room: %v, message waits: %v", err, s.Waiting())
		}
	})
	b.do(func(s *session.Session) {
		var got string
		if _, err := s.Get("cart", &got); err != nil || got != value {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if f := s.Flashes(); len(f) != 1 || len(f[0].Text) >= 2000 {
			t.Errorf("%d messages", len(f))
		}
	})
	size := 2000
	b.do(func(s *session.Session) {
		for s.Set("cart", strings.Repeat("v", size)) == nil {
			size++
		}
		must(t, s.Flash("info", "there is no room"))
		if s.Waiting() || s.Cut() != 1 {
			t.Errorf("waiting %v, cut %d", s.Waiting(), s.Cut())
		}
	})
}

func TestWrapWarnsOfCutFlashes(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	h := newManager(t, session.Options{}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		must(t, session.From(r.Context()).Flash("info", strings.Repeat("x", 5000)))
		w.WriteHeader(http.StatusNoContent)
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/save", nil))
	if w.Code != 204 || strings.Count(log.String(), "had no room") != 1 || !strings.Contains(log.String(), "path=/save") {
		t.Errorf("status %d, log %s", w.Code, &log)
	}
}
