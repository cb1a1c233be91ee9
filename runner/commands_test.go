package runner

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	for _, c := range []struct {
		args string
		code int
		want []string
	}{
		{"help", exitOK, []string{"serve", "seed", "fill the ledger", "Talking to the running app:"}},
		{"", exitOK, []string{"seed"}},
		{"seed --lots 3", exitOK, []string{"seeded --lots 3"}},
		{"--config other.toml seed 4", exitOK, []string{"seeded 4"}},
		{"routes", exitOK, []string{"METHOD", "main.go:1"}},
		{"routes --json", exitOK, []string{`"pattern": "/"`}},
		{"templates", exitOK, []string{"PAGE", "home.html", "compiled"}},
		{"templates --json", exitOK, []string{`"engine": "compiled"`}},
		{"check", exitOK, []string{"ok"}},
		{"migrate up", exitOK, []string{"nothing to migrate"}},
		{"migrate status", exitOK, []string{"VERSION", "00001_init.sql"}},
		{"config print", exitOK, []string{"server.listen", "127.0.0.1:8000", "default"}},
		{"version", exitOK, []string{"tester", "build ", "go1."}},
		{"secret", exitOK, []string{"wrote", ".dram/secret"}},
		{"secret", exitOK, []string{"there is a secret already"}},
		{"sevre", exitUsage, []string{`unknown command "sevre"`, "serve"}},
		{"serve --lisen :1", exitUsage, []string{"unknown flag: --lisen", "did you mean --listen?"}},
		{"serve here", exitUsage, []string{"here"}},
		{"serve --listen nonsense", exitUsage, []string{"tester: --listen: expected HOST:PORT", "nonsense"}},
		{"serve --workers many", exitUsage, []string{`"many"`, "--workers", "expected a whole number"}},
		{"serve --workers 0", exitUsage, []string{"tester: --workers: "}},
		{"status", exitNotRunning, []string{"not running", "control.sock"}},
		{"reload", exitNotRunning, []string{"not running"}},
		{"stop", exitNotRunning, []string{"not running"}},
		{"__worker", exitUsage, []string{"use serve"}},
		{"migrate", exitUsage, []string{"migrate runs the numbered", "Available Commands:", "tester: migrate takes one of its commands"}},
		{"migrate --help", exitOK, []string{"Available Commands:"}},
		{"migrate statu", exitUsage, []string{`unknown command "statu" for "tester migrate", did you mean status?`}},
		{"config print server.listen metrics", exitOK, []string{"metrics.listen", "metrics.path"}},
		{"config print --explain tls.hsts", exitOK, []string{"tls.hsts  0s  default\n    how long browsers"}},
		{"config print servr", exitUsage, []string{"tester: there is no setting and no section servr"}},
		{"drain --help", exitOK, []string{"by default server.drain_delay\n"}},
		{"config", exitUsage, []string{"print every setting"}},
		{"worker", exitUsage, []string{"replace a worker"}},
		{"worker bury 3", exitUsage, []string{`unknown command "bury"`}},
		{"wire", exitUsage, []string{"dump"}},
	} {
		if strings.Contains(c.args, "other.toml") {
			if err := os.WriteFile(filepath.Join(s.dir, "other.toml"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, code := s.call(strings.Fields(c.args)...)
		if code != c.code {
			t.Errorf("%q: exit code %d, want %d\n%s", c.args, code, c.code, out)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%q: want %q in\n%s", c.args, want, out)
			}
		}
	}
}

func TestFlagsWinOverTheFile(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	if err := os.WriteFile(filepath.Join(s.dir, "site.toml"), []byte("[workers]\ncount = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var rows []setting
	out := s.must("config", "print", "--json", "--config", "site.toml")
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	found := false
	for _, row := range rows {
		found = found || row.Key == "workers.count" && row.Value == "7" && row.Origin == "site.toml:2"
	}
	if !found {
		t.Fatalf("no workers.count from site.toml:2 in\n%s", out)
	}
	r := s.start("serve", "--listen", "127.0.0.1:0", "--config", "site.toml", "--workers", "1")
	if st := s.status(); len(st.Workers) != 1 {
		t.Fatalf("%d workers, want the one of the flag", len(st.Workers))
	}
	r.must("reload") // finds the same file and keeps the flag
	if st := s.status(); len(st.Workers) != 1 {
		t.Fatalf("%d workers after the reload, want the one of the flag", len(st.Workers))
	}
	r.stop()
}

func TestBrokenAppStillHasItsCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t, "new=fail")
	out := s.must("help")
	if !strings.Contains(out, "cannot be listed") || !strings.Contains(out, "frobnicate") || !strings.Contains(out, "serve") {
		t.Fatalf("help of a broken app\n%s", out)
	}
	if out, code := s.call("seed"); code != exitUsage || !strings.Contains(out, "frobnicate") {
		t.Fatalf("own command of a broken app: exit code %d\n%s", code, out)
	}
}

func TestCommandStartsWhatItNeeds(t *testing.T) {
	t.Parallel()
	s := newSite(t, "start=fail")
	if out := s.must("seed", "3"); !strings.Contains(out, "seeded 3") {
		t.Fatalf("a command that needs nothing\n%s", out)
	}
	if out, code := s.call("report"); code != exitUsage || !strings.Contains(out, "the database is behind") {
		t.Fatalf("a command that needs the whole app: exit code %d\n%s", code, out)
	}
	s.install("version=1")
	if out := s.must("report"); !strings.Contains(out, "reported") {
		t.Fatal(out)
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, "closed")); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Fatalf("closed %q, %v; expected once, by report", text, err)
	}
}

// needy is an app of parts that log.
type needy struct {
	http.Handler
	log *[]string
}

type needyPart struct {
	name string
	log  *[]string
	fail error
}

func (p needyPart) Start(context.Context) error {
	*p.log = append(*p.log, "start "+p.name)
	return p.fail
}

func (p needyPart) Close(context.Context) error {
	*p.log = append(*p.log, "close "+p.name)
	return nil
}

func (n needy) CommandNeeds(name string) ([]any, bool) {
	parts := []any{needyPart{"a", n.log, nil}, 7, needyPart{"b", n.log, nil}}
	if name == "broken" {
		parts = append(parts, needyPart{"c", n.log, io.ErrNoProgress})
	}
	return parts, true
}

func TestPartsStartInOrderAndCloseInReverse(t *testing.T) {
	var log []string
	conf, quiet := config.Default(t.TempDir()), slog.New(slog.DiscardHandler)
	end, err := startFor(t.Context(), needy{log: &log}, "sql", conf, quiet)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if got := strings.Join(log, ", "); got != "start a, start b, close b, close a" {
		t.Errorf("got %s", got)
	}
	log = nil
	if _, err := startFor(t.Context(), needy{log: &log}, "broken", conf, quiet); err != io.ErrNoProgress {
		t.Errorf("a part that fails: %v", err)
	}
	if got := strings.Join(log, ", "); got != "start a, start b, start c, close b, close a" {
		t.Errorf("got %s", got)
	}
}

// A running app must stay reachable when its settings have become invalid.
func TestStopWithABrokenConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.stop()
}
