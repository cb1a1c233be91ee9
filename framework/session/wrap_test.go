package session_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/session"
)

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
