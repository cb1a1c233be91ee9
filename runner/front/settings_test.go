package front

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// settle asks the front about other settings.
func (s *site) settle(use bool) (faults string) {
	s.t.Helper()
	s.send(control.KindSettings, control.Settings{Number: 7, Use: use, File: "other.toml", Root: "/srv"})
	var answer control.Settled
	if s.hear(control.KindSettled, &answer); answer.Number != 7 {
		s.t.Fatalf("answer %+v", answer)
	}
	return answer.Faults
}

// TestSettingsChangeOnOpenConnections from the next request on, for both
// engines; and not before the master says so, nor when they are bad.
func TestSettingsChangeOnOpenConnections(t *testing.T) {
	for name, engine := range map[string]newEngine{"h1": newLoop, "net/http": newLibrary} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(l *limits) { l.engine = engine })
			largest, bad := config.Size(0), error(nil)
			s.reread = func(which control.Settings) (*config.Config, error) {
				if which.File != "other.toml" || which.Root != "/srv" {
					t.Errorf("asked for %+v", which)
				}
				conf := config.Default(t.TempDir())
				conf.Server.MaxBody = largest
				return conf, bad
			}
			g := newGate(t)
			s.add(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					g.pass()
				}
			})
			c := s.dial()
			in := bufio.NewReader(c)
			post := func(path string, want int) {
				t.Helper()
				fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody", path)
				resp, err := http.ReadResponse(in, nil)
				if err != nil || resp.StatusCode != want {
					t.Fatalf("%+v, %v, want %d", resp, err, want)
				}
				resp.Body.Close()
			}
			post("/", 200)
			largest = 3
			if faults := s.settle(false); faults != "" {
				t.Fatal(faults)
			}
			post("/only-asked", 200)
			bad = errors.New("dram.toml:3: no such key")
			if faults := s.settle(true); faults != bad.Error() {
				t.Fatalf("faults %q", faults)
			}
			post("/refused", 200)
			bad = nil
			slow := make(chan reply, 1)
			go func() { slow <- s.do(s.request("POST", "/slow", strings.NewReader("body"))) }()
			await(t, "request at the worker", g.entered)
			s.settle(true)
			g.release()
			s.want(await(t, "answer", slow), 200, "")
			post("/", 413)
		})
	}
}

// TestAFrontApartReadsItsSettingsAgain when it is told to, and keeps the ones
// it has when they are bad.
func TestAFrontApartReadsItsSettingsAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	largest := make(chan config.Size, 2)
	again, logged, ended := make(chan os.Signal, 1), make(chan map[string]any, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	f := makeFront(t, Options{
		Config: config.Default(t.TempDir()), Gateway: filepath.Join(t.TempDir(), "none"), Open: opened(l), Log: slog.New(slog.NewJSONHandler(lines(logged), nil)), Again: again,
		Load: func(which control.Settings) (*config.Config, error) {
			conf := config.Default(t.TempDir())
			if conf.Server.MaxBody = <-largest; conf.Server.MaxBody == 0 {
				return nil, errors.New("no size")
			}
			return conf, nil
		},
	}, func(*limits) {})
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- f.run(ctx) }()
	for _, size := range []config.Size{0, 5} {
		largest <- size
		again <- syscall.SIGHUP
	}
	for _, w := range [][2]string{{"no size", "ERROR"}, {"new settings", "INFO"}} {
		until(t, w[0], func() bool {
			line := await(t, "line", logged)
			return line["level"] == w[1] && strings.Contains(line["msg"].(string), w[0])
		})
	}
	if body := f.live.Load().body; body != 5 {
		t.Errorf("body %d", body)
	}
	cancel()
	if err := await(t, "end", ended); err != nil {
		t.Error(err)
	}
}

// TestAFrontApartTakesRenewedCertificates, and lives on with what it has when
// they cannot be used.
func TestAFrontApartTakesRenewedCertificates(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	old, fresh := certify(t, time.Hour, "example.org"), certify(t, time.Hour, "example.org")
	renewed, logged, ended := make(chan []Certificate), make(chan map[string]any, 100), make(chan error, 1)
	f := makeFront(t, Options{
		Config: config.Default(t.TempDir()), Gateway: filepath.Join(t.TempDir(), "none"), Log: slog.New(slog.NewJSONHandler(lines(logged), nil)), Renewed: renewed,
		Open: func(*config.Config) ([]Listener, []Certificate, error) {
			return []Listener{{l, true}}, []Certificate{old}, nil
		},
	}, func(*limits) {})
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- f.run(ctx) }()
	shows := func(c Certificate) {
		t.Helper()
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{ServerName: "example.org", RootCAs: trusting(c)})
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	}
	shows(old)
	renewed <- []Certificate{{Name: "bad.pem", Cert: fresh.Cert, Key: old.Key}}
	until(t, "word of it", func() bool {
		line := await(t, "line", logged)
		return line["level"] == "ERROR" && strings.Contains(line["msg"].(string), "bad.pem")
	})
	shows(old)
	renewed <- []Certificate{fresh}
	renewed <- []Certificate{fresh} // so the first is in use
	shows(fresh)
	cancel()
	if err := await(t, "end", ended); err != nil {
		t.Error(err)
	}
}
