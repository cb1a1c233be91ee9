package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write makes a directory with a dram.toml.
func write(t testing.TB, toml string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "dram.toml"), toml, 0o644)
	return dir
}

func writeFile(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
}

// load loads what must be right.
func load(t testing.TB, o Options) *Config {
	t.Helper()
	if o.Environ == nil {
		o.Environ = []string{}
	}
	conf, err := Load(o)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return conf
}

// faults loads what must be wrong and returns the lines of the error.
func faults(t testing.TB, o Options) []string {
	t.Helper()
	if o.Environ == nil {
		o.Environ = []string{}
	}
	conf, err := Load(o)
	var f *Faults
	if !errors.As(err, &f) {
		t.Fatalf("Load: error %v, want *Faults", err)
	}
	if conf != nil {
		t.Error("Load returned a configuration beside the error")
	}
	return strings.Split(err.Error(), "\n")
}

const long = "0123456789abcdef0123456789abcdef" // a secret of the least length

func TestLoadWithoutAnything(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "qna")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	got := load(t, Options{Dir: dir})
	if got.Name != "qna" || got.Env != Production || got.Root != dir || got.Secret != "" {
		t.Errorf("name %q, env %q, root %q, secret %q", got.Name, got.Env, got.Root, got.Secret)
	}
	for _, s := range got.Settings() {
		if s.Origin != "default" {
			t.Errorf("%s has origin %s, want default", s.Key, s.Origin)
		}
		if s.Help == "" {
			t.Errorf("%s has no help", s.Key)
		}
	}
}

func TestLayers(t *testing.T) {
	dir := write(t, `
name = "board"
env = "test"

[server]
listen = "127.0.0.1:1"
max_body = 512
keep_alive = "1d12h"

[workers]
count = 3

[locale]
default = "zh-Hant-TW"
zone = "Asia/Seoul"
`)
	conf := load(t, Options{
		Dir:     dir,
		Environ: []string{"DRAM_SERVER_LISTEN=127.0.0.1:2", "DRAM_WORKERS_COUNT=4", "DRAM_NAME=", "DRAM_ENV=production", "DRAM_ENV=development"},
		Flags:   map[string]string{"server.listen": "[::1]:3"},
	})
	if conf.Server.Listen != "[::1]:3" {
		t.Errorf("listen %q, want the flag's", conf.Server.Listen)
	}
	if conf.Workers.Count != 4 {
		t.Errorf("count %d, want the environment's", conf.Workers.Count)
	}
	if conf.Name != "board" {
		t.Errorf("name %q, want the file's: an empty variable is not set", conf.Name)
	}
	if conf.Env != Development {
		t.Errorf("env %q, want the last of two variables", conf.Env)
	}
	if conf.Server.MaxBody != 512 || conf.Server.KeepAlive != 36*time.Hour {
		t.Errorf("max_body %v, keep_alive %v", conf.Server.MaxBody, conf.Server.KeepAlive)
	}
	if got := conf.Location().String(); got != "Asia/Seoul" {
		t.Errorf("location %s", got)
	}
	origins := map[string]string{}
	for _, s := range conf.Settings() {
		origins[s.Key] = s.Origin
	}
	want := map[string]string{
		"server.listen": "flag server.listen", "workers.count": "DRAM_WORKERS_COUNT",
		"name": "dram.toml:2", "locale.zone": "dram.toml:15", "log.level": "default",
	}
	for key, origin := range want {
		if origins[key] != origin {
			t.Errorf("%s has origin %q, want %q", key, origins[key], origin)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	dir := write(t, `name = "my board"
listen = 1
[server]
lisen = ":80"
max_body = "10MB"
header_timeout = 30
[workers]
count = "2"
[sever]
a = 1
b = 2
[database]
url = "mysql://root:hunter2@db/x"
[session]
idle = "0s"
[locale]
default = "en_US"
zone = "Asia/Soul"
[log]
level = "inf"
format = ["json"]
`)
	got := faults(t, Options{
		Dir:     dir,
		Environ: []string{"DRAM_SERVR_LISTEN=x", "SECRET_KEY=hunter2", "PORT=http", "DRAM_ROLE=worker", "DRAM_APP_ANYTHING=1"},
		Flags:   map[string]string{"server.listn": "x", "workers.count": "0"},
	})
	want := []string{
		`dram.toml:1: name: expected letters, digits, - and _, at most 64, found "my board"`,
		`dram.toml:2: unknown key listen, did you mean server.listen?`,
		`dram.toml:4: unknown key server.lisen, did you mean server.listen?`,
		`dram.toml:5: server.max_body: expected a size like 512, "64KiB", "10MiB" or "1GiB", found "10MB"`,
		`dram.toml:6: server.header_timeout: expected a duration like "30s", "5m", "12h" or "30d", found 30`,
		`dram.toml:8: workers.count: expected a whole number, found "2"`,
		`dram.toml:9: unknown section [sever], did you mean [server]?`,
		`dram.toml:13: database.url: expected sqlite:PATH or postgres://USER@HOST/NAME`,
		`dram.toml:15: session.idle: expected a duration above 0, found "0s"`,
		`dram.toml:17: locale.default: expected a language tag like en, ko or pt-BR, found "en_US"`,
		`dram.toml:18: locale.zone: expected a time zone like UTC or Asia/Seoul (on a machine without the time zone database import _ "time/tzdata"), found "Asia/Soul"`,
		`dram.toml:20: log.level: expected debug, info, warn or error (did you mean info?), found "inf"`,
		`dram.toml:21: log.format: expected text in quotes, found a list`,
		`DRAM_SERVR_LISTEN: unknown variable DRAM_SERVR_LISTEN, did you mean DRAM_SERVER_LISTEN?`,
		`flag server.listn: unknown key server.listn, did you mean server.listen?`,
		`PORT: server.listen: expected a port from 0 to 65535, found "http"`,
		`SECRET_KEY: secret: expected at least 32 characters (the command secret makes one)`,
		`flag workers.count: workers.count: expected a number from 1 to 512, found "0"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.Join(got, ""), "hunter2") {
		t.Error("a fault shows a secret")
	}
}

func TestFileFaults(t *testing.T) {
	tests := []struct {
		name, toml, want string
	}{
		{"syntax", "[server]\nlisten = [1\n", "dram.toml:2:12: not valid TOML: array is incomplete"},
		{"syntax, no value", "[server]\nlisten = \n", `dram.toml:2:10: not valid TOML: listen has no value; text is written in quotes: listen = "…"`},
		{"syntax, no quotes", "[server]\nlisten = 127.0.0.1:80 # here\n", `dram.toml:2:15: not valid TOML: text is written in quotes: listen = "…"`},
		{"syntax, no quotes, word", "name = forum", `dram.toml:1:8: not valid TOML: text is written in quotes: name = "…"`},
		{"syntax, rest", "name = 'forum' x\n", "dram.toml:1:16: not valid TOML: expected newline"},
		{"syntax, twice", "name = 'a'\nname = 'b'\n", "dram.toml:2:1: not valid TOML: key name is already defined"},
		{"unfinished", "[server", "dram.toml:1"},
		{"key twice", "name = \"a\"\nname = \"b\"\n", "dram.toml:2"},
		{"no UTF-8", "name = \"\xff\"\n", "dram.toml:1"},
		{"section as a value", "server = 3\n", "dram.toml:1: server: expected a section, found 3"},
		{"value as a section", "[name]\nx = 1\n", "dram.toml:1: name: expected text in quotes, found a table"},
		{"app as a value", "\napp = 3\n", "dram.toml:2: app is a section: write [app] above its settings"},
		{"array of tables", "[[server]]\nlisten = \":1\"\n", "dram.toml:1: server: expected a section, found a list"},
		{"misplaced section", "[apps]\nx = 1\n", "dram.toml:1: unknown section [apps], did you mean [app]?"},
		{"quoted key", "\"a.b\" = 1\n", `dram.toml:1: unknown key "a.b"`},
		{"dotted key", "server.lisen = \":1\"\n", "dram.toml:1: unknown key server.lisen, did you mean server.listen?"},
		{"inline table", "server = {listen = \":1\", lisen = 1}\n", "dram.toml:1: unknown key server.lisen"},
		{"carriage returns", "[log]\r\nlevel = \"info\"\r\nfromat = \"json\"\r\n", "dram.toml:3: unknown key log.fromat, did you mean log.format?"},
		{"negative size", "[server]\nmax_body = -1\n", "dram.toml:2: server.max_body: expected a size"},
		{"integer too large", "[workers]\ncount = 9223372036854775808\n", "dram.toml:2"},
		{"a line break in a value", "env = \"a\\nb\"\n", `dram.toml:1: env: expected production, development or test, found "a\nb"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := faults(t, Options{Dir: write(t, tt.toml)})
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("got %q, want one line that begins with %q", got, tt.want)
			}
		})
	}
}

// TestFaultsStayOneLineEach: a name from outside cannot forge another fault.
func TestFaultsStayOneLineEach(t *testing.T) {
	got := faults(t, Options{Dir: t.TempDir(), Environ: []string{"DRAM_A\nDRAM_B=1"}})
	if want := `DRAM_A\nDRAM_B: unknown variable DRAM_A\nDRAM_B`; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestByteOrderMark(t *testing.T) {
	if conf := load(t, Options{Dir: write(t, "\xef\xbb\xbfname = \"qna\"\n")}); conf.Name != "qna" {
		t.Errorf("name %q", conf.Name)
	}
}

func TestWhichFile(t *testing.T) {
	dir := write(t, `name = "here"`)
	other := filepath.Join(t.TempDir(), "etc", "other.toml")
	writeFile(t, other, `name = "there"`, 0o644)

	t.Run("variable", func(t *testing.T) {
		conf := load(t, Options{Dir: dir, Environ: []string{"DRAM_CONFIG=" + other}})
		if conf.Name != "there" || conf.Root != filepath.Dir(other) {
			t.Errorf("name %q, root %q", conf.Name, conf.Root)
		}
	})
	t.Run("option over variable", func(t *testing.T) {
		conf := load(t, Options{Dir: dir, File: "dram.toml", Environ: []string{"DRAM_CONFIG=" + other}})
		if conf.Name != "here" || conf.Root != dir {
			t.Errorf("name %q, root %q", conf.Name, conf.Root)
		}
	})
	t.Run("a named file must be there", func(t *testing.T) {
		got := faults(t, Options{Dir: dir, File: "no.toml"})
		if !strings.HasPrefix(got[0], "no.toml: cannot read the settings") {
			t.Errorf("got %q", got)
		}
		got = faults(t, Options{Dir: dir, Environ: []string{"DRAM_CONFIG=no.toml"}})
		if !strings.HasPrefix(got[0], "DRAM_CONFIG: cannot read the settings") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("too long", func(t *testing.T) {
		dir := write(t, "#"+strings.Repeat("x", maxFile))
		if got := faults(t, Options{Dir: dir}); !strings.Contains(got[0], "longer than 1MiB") {
			t.Errorf("got %q", got)
		}
	})
}

func TestPort(t *testing.T) {
	tests := []struct {
		name    string
		toml    string
		environ []string
		flags   map[string]string
		want    string // address, or the fault
	}{
		{"production", ``, []string{"PORT=5000"}, nil, ":5000"},
		{"over the file's loopback", "[server]\nlisten = \"127.0.0.1:8000\"", []string{"PORT=5000"}, nil, ":5000"},
		{"development stays", `env = "development"`, []string{"PORT=5000"}, nil, "127.0.0.1:5000"},
		{"development, IPv6", "env = \"development\"\n[server]\nlisten = \"[::1]:1\"", []string{"PORT=5000"}, nil, "[::1]:5000"},
		{"own variable has the host", ``, []string{"PORT=5000", "DRAM_SERVER_LISTEN=10.0.0.1:5000"}, nil, "10.0.0.1:5000"},
		{"flag wins", ``, []string{"PORT=5000"}, map[string]string{"server.listen": ":1"}, ":1"},
		{"empty", ``, []string{"PORT="}, nil, "127.0.0.1:8000"},
		{"two ports", ``, []string{"PORT=5000", "DRAM_SERVER_LISTEN=:5001"}, nil, "PORT: has another value than DRAM_SERVER_LISTEN, which sets the port too: unset one of them"},
		{"too large", ``, []string{"PORT=65536"}, nil, `PORT: server.listen: expected a port from 0 to 65535, found "65536"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conf, err := Load(Options{Dir: write(t, tt.toml), Environ: tt.environ, Flags: tt.flags})
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = conf.Server.Listen
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestValidation(t *testing.T) {
	tests := []struct {
		key         string
		good, wrong []string
	}{
		{"name", []string{"a", "Qna-2_x"}, []string{"", "a b", "게시판", "a;b", strings.Repeat("x", 65)}},
		{"env", []string{"production", "development", "test"}, []string{"", "prod", "Production"}},
		{"secret", []string{"", long}, []string{long[1:]}},
		{"server.listen", []string{":80", "localhost:0", "[::1]:65535", "0.0.0.0:1"}, []string{"", "80", ":65536", ":http", ":", "::1:80", "a b:80", "http://x:80", ":-1"}},
		{"server.public_url", []string{"", "https://qna.example", "http://localhost:3000", "https://[::1]:8443"}, []string{"qna.example", "https://", "ftp://x", "https://x/", "https://u@x", "https://x?a", "//x", "https://:80"}},
		{"server.max_body", []string{"1", "1GiB"}, []string{"0", "-1", "", "1MB", "9007199254740993GiB"}},
		{"workers.count", []string{"1", "512"}, []string{"0", "-1", "513", "two", "1.5", ""}},
		{"workers.heartbeat_timeout", []string{"3s", "1h"}, []string{"0s", "2s", "2h"}},
		{"workers.max_requests", []string{"0", "10000"}, []string{"-1", "many"}},
		{"workers.max_age", []string{"0s", "1m", "12h"}, []string{"59s", "-1m"}},
		{"workers.max_rss", []string{"0", "512MiB"}, []string{"512", "-1"}},
		{"workers.max_stuck", []string{"1"}, []string{"0"}},
		{"workers.procs", []string{"0", "1"}, []string{"-1", "1025"}},
		{"workers.memory", []string{"0", "16MiB"}, []string{"1MiB"}},
		{"reload.probe", []string{"", "/", "/readyz?deep=1"}, []string{"readyz", "http://x/", "//x", "/%zz"}},
		{"reload.soak", []string{"0s", "10s", "10m"}, []string{"-1s", "11m"}},
		{"server.trusted_proxies", []string{"127.0.0.1", "10.0.0.0/8,::1", "2001:db8::/32"}, []string{"localhost", "10.0.0.0/33", "10.0.0.1,x"}},
		{"server.hosts", []string{"", "qna.example", "*.qna.example,127.0.0.1,[::1]", "localhost"}, []string{"qna.example:80", "*", "a*.b", "http://x", "a b", ".x", "a..b", "[::1", "[127.0.0.1]"}},
		{"server.max_uri", []string{"256", "15KiB"}, []string{"0", "255", "16KiB"}},
		{"server.max_header", []string{"1KiB", "31KiB"}, []string{"0", "32KiB"}},
		{"server.max_fields", []string{"10", "10000"}, []string{"0", "9", "10001"}},
		{"server.body_timeout", []string{"1s", "10m"}, []string{"0s", "11m"}},
		{"server.write_timeout", []string{"1s", "10m"}, []string{"0s", "11m"}},
		{"server.min_rate", []string{"1", "1MiB"}, []string{"0", "2MiB"}},
		{"limits.connections", []string{"0", "1", "1000000"}, []string{"-1", "1000001", "many"}},
		{"limits.request_rate", []string{"0", "100"}, []string{"-1", "1000001", "10/s"}},
		{"limits.request_burst", []string{"1"}, []string{"0", "-1"}},
		{"limits.connection_rate", []string{"0"}, []string{"-1"}},
		{"limits.connection_burst", []string{"1"}, []string{"0"}},
		{"limits.exempt", []string{"", "127.0.0.0/8,::1"}, []string{"localhost", "10.0.0.0/33"}},
		{"server.idempotency_keys", []string{"true", "false"}, []string{"maybe"}},
		{"server.user", []string{"", "www-data", "1000"}, []string{"a b", "-x", "a:b"}},
		{"server.group", []string{""}, []string{"www-data", "a b"}},
		{"server.run_dir", []string{"", "/run/qna", "tmp/run"}, []string{"/", "/run/", "/tmp", "..", "a/.."}},
		{"server.state_dir", []string{"", "/var/lib/qna"}, []string{"/var/lib", "a\x00b"}},
		{"server.drain_delay", []string{"0s", "5s"}, []string{"-1s", "1h"}},
		{"workers.boot_timeout", []string{"1ms", "2m"}, []string{"0s", "-1s", "30", "1y"}},
		{"database.url", []string{"sqlite:data/app.db", "sqlite:/var/x.db", "postgres://u:p@h/n?sslmode=disable", "postgresql:///n?host=/run"}, []string{"", "sqlite:", "data/app.db", "mysql://x", "postgres:x", "postgres://%zz"}},
		{"database.readers", []string{"1"}, []string{"0"}},
		{"mail.url",
			[]string{"", "smtp://mail.example.org", "smtp://u%40x:p@h:2525?tls=off", "smtps://u:p@[::1]:465/", "file:.dram/mail", "file:/tmp/x"},
			[]string{"mail.example.org", "http://h", "smtp:h", "smtp://", "smtp://:25", "smtp://h:99999", "smtp://h/box", "smtp://h?tls=on", "smtps://h?tls=off", "file:", "smtp://%zz"}},
		{"previous_secrets", []string{"", long, long + ", " + long}, []string{"short", long + ",short", long + ","}},
		{"mail.from", []string{"", "a@example.org", "게시판 <a@example.org>"}, []string{"a", "a@b, c@d", "a@example.org\r\nBcc: x@y"}},
		{"mail.timeout", []string{"5s"}, []string{"0s", "30"}},
		{"locale.default", []string{"ko", "en-US", "zh-Hant-TW", "es-419", "fil"}, []string{"", "k", "korean", "en_US", "en-us", "../ko", "en-US-x"}},
		{"locale.zone", []string{"UTC", "Asia/Seoul", "Local"}, []string{"", "Seoul", "../../etc/passwd"}},
		{"pages.compile", []string{"true", "false"}, []string{"", "maybe"}},
		{"log.level", []string{"debug", "error"}, []string{"", "INFO", "trace"}},
		{"log.format", []string{"text", "json"}, []string{"", "xml"}},
	}
	for _, tt := range tests {
		for _, text := range tt.good {
			if err := Default("/srv/qna").With(tt.key, text); err != nil {
				t.Errorf("%s = %q: %v", tt.key, text, err)
			}
		}
		for _, text := range tt.wrong {
			err := Default("/srv/qna").With(tt.key, text)
			if err == nil {
				t.Errorf("%s = %q is accepted", tt.key, text)
			} else if !strings.HasPrefix(err.Error(), "flag "+tt.key+": "+tt.key+": expected ") {
				t.Errorf("%s = %q: %v", tt.key, text, err)
			}
		}
	}
}

// TestEveryKeyIsChecked finds settings that were added without a rule.
func TestEveryKeyIsChecked(t *testing.T) {
	empty := &Config{ // for these empty is fine
		Secret: "short", PreviousSecrets: []string{""}, Mail: Mail{URL: "nowhere", From: "nobody"},
		Server:  Server{PublicURL: "x", DrainDelay: -1, TrustedProxies: []string{"x"}, Hosts: []string{""}, RunDir: "/", StateDir: ".", User: "a b", Group: "a b"},
		Limits:  Limits{Connections: -1, ConnectionRate: -1, RequestRate: -1, Exempt: []string{"x"}},
		Cache:   Cache{Wait: -1, Cookies: []string{""}},
		Workers: Workers{MaxRequests: -1, MaxAge: 1, MaxRSS: 1, Procs: -1, Memory: 1},
		Reload:  Reload{Probe: "readyz", Soak: -1},
		Log:     Log{Access: "loud", AccessFile: ".."},
		Metrics: Metrics{Listen: "x", Path: "x", Allow: []string{"x"}},
		Static:  Static{Sendfile: []string{""}},
		TLS:     TLS{Listen: "x", Certificates: []Certificate{{}}, Watch: -1, HSTS: -1},
	}
	for _, s := range empty.Settings() {
		if s.Value == "true" || s.Value == "false" {
			continue // a bool is true or false
		}
		if empty.invalid(s.Key) == "" {
			t.Errorf("%s has no rule: its zero value is accepted", s.Key)
		}
	}
}

func TestNameOfDirectory(t *testing.T) {
	for dir, want := range map[string]string{
		"/srv/qna": "qna", "/srv/My Board": "My-Board", "/srv/게시판": "app", "/": "app", "/srv/" + strings.Repeat("x", 99): strings.Repeat("x", 64),
	} {
		conf := Default(dir)
		if conf.Name != want || conf.invalid("name") != "" {
			t.Errorf("%s: name %q, want %q", dir, conf.Name, want)
		}
	}
}

func TestLocationOfAChangedZone(t *testing.T) {
	conf := load(t, Options{Dir: t.TempDir()})
	conf.Locale.Zone = "Asia/Seoul"
	if got := conf.Location().String(); got != "Asia/Seoul" {
		t.Errorf("location %s after the zone was changed", got)
	}
	conf.Locale.Zone = "nowhere"
	if conf.Location() != time.UTC {
		t.Error("an unknown zone is not UTC")
	}
}
