package front

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/dram-go/dram/framework/config"
)

// newSecureOther is newOther over TLS, with a certificate for example.com and
// 127.0.0.1 that signed itself, which is in the file.
func newSecureOther(t *testing.T, h http.Handler) (server *httptest.Server, ca string) {
	t.Helper()
	server = httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return server, ca
}

func TestUpstreamsOverTLS(t *testing.T) {
	var said atomic.Pointer[tls.ConnectionState]
	server, ca := newSecureOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said.Store(r.TLS)
		echo(w, r)
	}))
	for _, c := range []struct {
		name   string
		tls    config.UpstreamTLS
		status int
		why    string // of the log
	}{
		{"nobody knows the authority", config.UpstreamTLS{}, 503, "certificate signed by unknown authority"},
		{"its authority", config.UpstreamTLS{CA: ca}, 200, ""},
		{"another name that it has", config.UpstreamTLS{CA: ca, ServerName: "example.com"}, 200, ""},
		{"a name that it has not", config.UpstreamTLS{CA: ca, ServerName: "example.net"}, 503, "not example.net"},
		{"any certificate", config.UpstreamTLS{InsecureSkipVerify: true, ServerName: "example.net"}, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := other(mountedAt(t, "/app", server.URL), func(m *config.Mount) { m.TLS = c.tls })
			s := newSiteOf(t, conf, func(l *limits) { l.hold, l.ending = time.Millisecond, time.Microsecond })
			said.Store(nil)
			r := s.get("/app/page")
			if c.status != 200 {
				if r.StatusCode != c.status || said.Load() != nil {
					t.Errorf("%d %s", r.StatusCode, r.body)
				}
				if line := s.logLine("upstream taken out"); !strings.Contains(fmt.Sprint(line), c.why) {
					t.Errorf("log: %v", line)
				}
				return
			}
			if state := said.Load(); r.StatusCode != 200 || state == nil || state.ServerName != c.tls.ServerName || state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("%d %s, %+v", r.StatusCode, r.body, state)
			}
			for i := range 3 { // over connections that are used again, and others
				method := []string{"POST", "GET"}[i%2]
				if r := s.do(s.request(method, "/app/again", strings.NewReader("body"))); r.StatusCode != 200 {
					t.Errorf("%s: %d %s", method, r.StatusCode, r.body)
				}
			}
		})
	}
	t.Run("another authority", func(t *testing.T) {
		conf := other(mountedAt(t, "/app", server.URL), func(m *config.Mount) { m.TLS.CA = ca })
		s := newSiteOf(t, conf, func(l *limits) { l.hold, l.ending = time.Millisecond, time.Microsecond })
		if r := s.get("/app/page"); r.StatusCode != 200 {
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
		// The same file with another content is another trust.
		text, err := os.ReadFile(ca)
		if err != nil {
			t.Fatal(err)
		}
		was, err := newMounts(conf)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(ca, append(text, "and more\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		is, err := newMounts(conf)
		if err != nil || keyOf(was[0]) == keyOf(is[0]) {
			t.Errorf("the app of the mount would stay: %v", err)
		}
	})
}

// TestChecksOverTLS see a server whose certificate is none for it.
func TestChecksOverTLS(t *testing.T) {
	server, ca := newSecureOther(t, text("fine"))
	for _, path := range []string{"", "/healthz"} {
		conf := other(mountedAt(t, "/app", server.URL), func(m *config.Mount) { m.Health.Path = path })
		if got := fmt.Sprint(Unreachable(t.Context(), conf)); !strings.Contains(got, server.URL+" does not answer: ") || !strings.Contains(got, "unknown authority") {
			t.Errorf("%q: %s", path, got)
		}
		if got := Unreachable(t.Context(), other(conf, func(m *config.Mount) { m.TLS.CA = ca })); len(got) > 0 {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func TestAWebSocketOverTLS(t *testing.T) {
	server, ca := newSecureOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		kind, word, err := c.Read(r.Context())
		if err == nil {
			c.Write(r.Context(), kind, append(word, '!'))
		}
		c.Close(websocket.StatusGoingAway, "")
	}))
	s := newSiteOf(t, other(mountedAt(t, "/app", server.URL), func(m *config.Mount) { m.TLS.CA = ca }), nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+s.addr+"/app/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, word, err := c.Read(ctx); err != nil || string(word) != "hello!" {
		t.Errorf("%q, %v", word, err)
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Error(err)
	}
}

// TestBrokenTrust is told of all mounts at once, before anything starts.
func TestBrokenTrust(t *testing.T) {
	conf := mountedAt(t, "/a", "https://127.0.0.1:1")
	plain := filepath.Join(conf.Root, "plain.txt")
	if err := os.WriteFile(plain, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, second := conf.Mounts["other"], conf.Mounts["other"]
	first.TLS.CA, second.Path, second.TLS.CA = "none.pem", "/b", "plain.txt"
	conf.Mounts["other"], conf.Mounts["words"] = first, second
	got := errors.Join(BrokenTrust(conf)...).Error()
	for _, want := range []string{"mounts.other.tls.ca: there is no file " + conf.Root + "/none.pem: ", "mounts.words.tls.ca: " + plain + " holds no certificate"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if _, err := newSettings(conf); err == nil {
		t.Error("a front takes these settings")
	}
}
