package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const twoMounts = `
[mounts.flask]
path      = "/flask"
upstreams = ["http://127.0.0.1:8001", "http+unix:run/flask.sock"]
health    = { path = "/healthz", interval = "2s" }

[mounts.shop]
host = "Shop.example.org"
app  = "/srv/shop/.dram/run"
idempotency_keys = true
`

func TestMounts(t *testing.T) {
	dir := write(t, twoMounts)
	conf := load(t, Options{Dir: dir, Environ: []string{"DRAM_MOUNTS_FLASK_REQUEST_TIMEOUT=5s", "DRAM_MOUNTS_SHOP_MAX_BODY=1MiB"}, Flags: map[string]string{"mounts.flask.max_fails": "7"}})
	flask, shop := DefaultMount(), DefaultMount()
	flask.Path, flask.RequestTimeout, flask.MaxFails = "/flask", 5*time.Second, 7
	flask.Upstreams = []string{"http://127.0.0.1:8001", "http+unix:run/flask.sock"}
	flask.Health.Path, flask.Health.Interval = "/healthz", 2*time.Second
	shop.Host, shop.App, shop.IdempotencyKeys, shop.MaxBody = "Shop.example.org", "/srv/shop/.dram/run", true, 1<<20
	if d := cmp.Diff(map[string]Mount{"flask": flask, "shop": shop}, conf.Mounts); d != "" {
		t.Errorf("mounts (-want +got):\n%s", d)
	}

	origins := map[string]string{}
	for _, s := range conf.Settings() {
		origins[s.Key] = s.Value + " from " + s.Origin
		if s.Help == "" {
			t.Errorf("%s has no help", s.Key)
		}
	}
	for key, want := range map[string]string{
		"mounts.flask.path":            "/flask from dram.toml:3",
		"mounts.flask.health.interval": "2s from dram.toml:5",
		"mounts.flask.request_timeout": "5s from DRAM_MOUNTS_FLASK_REQUEST_TIMEOUT",
		"mounts.flask.max_fails":       "7 from flag mounts.flask.max_fails",
		"mounts.shop.slow_start":       "10s from default",
	} {
		if origins[key] != want {
			t.Errorf("%s: %s, want %s", key, origins[key], want)
		}
	}

	other := *conf
	if err := other.With("mounts.shop.path", "/kaufen"); err != nil {
		t.Fatal(err)
	}
	if conf.Mounts["shop"].Path != "" || other.Mounts["shop"].Path != "/kaufen" {
		t.Errorf("a copy was changed with its original: %q, %q", conf.Mounts["shop"].Path, other.Mounts["shop"].Path)
	}
	if err := other.With("mounts.shop.path", "/../x"); err == nil || !strings.Contains(err.Error(), "mounts.shop.path: expected a path") {
		t.Errorf("a bad path: %v", err)
	}
	if err := other.With("mounts.none.path", "/x"); err == nil || !strings.Contains(err.Error(), "unknown key mounts.none.path") {
		t.Errorf("a mount that is not there: %v", err)
	}
}

func TestFaultsOfMounts(t *testing.T) {
	dir := write(t, `[mounts.nobody]
path = "/n"
[mounts.both]
path = "/b"
app = "self"
upstreams = ["http://127.0.0.1:1"]
[mounts.nowhere]
app = "self"
[mounts.c]
host = "A.example"
path = "/shop/"
app = "self"
[mounts.b]
host = "a.example."
path = "/shop"
app = "self"
max_fails = 2
[mounts.urls]
path = "/u"
upstreams = ["ftp://x", "https://x/base", "http://x:8001/base", "http://x:0", "http://u:hunter2@x:1", "http://x:1", "http://x:1", "http+unix:", "x:1"]
[mounts.values]
path = "/a//b"
host = "x:80"
app = "self"
pth = "/x"
request_timeout = "-1s"
[mounts.live]
path = "/livez"
app = "self"
[mount.typo]
path = "/x"
`)
	want := []string{
		`dram.toml:1: mounts.nobody: nobody serves it: say upstreams = ["http://127.0.0.1:8001"], app = "/srv/shop/.dram/run" for another Dram app, or app = "self"`,
		`dram.toml:6: mounts.both.upstreams: app serves it already: remove one of them`,
		`dram.toml:7: mounts.nowhere: it is nowhere: say path = "/shop", host = "shop.example.org", or path = "/" for everything`,
		`dram.toml:13: mounts.b: has the host and path of mounts.c (dram.toml:9): change one of them, the longer path goes first`,
		`dram.toml:17: mounts.b.max_fails: has no effect with app, whose own master looks after it: remove it`,
		`dram.toml:20: mounts.urls.upstreams: "ftp://x": expected http://HOST:PORT, https://HOST:PORT or http+unix:PATH`,
		`dram.toml:20: mounts.urls.upstreams: "https://x/base": expected https://HOST:PORT and nothing behind it; a prefix is the mount's path, with keep_prefix if the upstream wants it`,
		`dram.toml:20: mounts.urls.upstreams: "http://x:8001/base": expected http://HOST:PORT and nothing behind it; a prefix is the mount's path, with keep_prefix if the upstream wants it`,
		`dram.toml:20: mounts.urls.upstreams: "http://x:0": expected a port from 1 to 65535`,
		`dram.toml:20: mounts.urls.upstreams: "http://u:********@x:1": expected http://HOST:PORT and nothing behind it; a prefix is the mount's path, with keep_prefix if the upstream wants it`,
		`dram.toml:20: mounts.urls.upstreams: "http://x:1" is there twice: remove one`,
		`dram.toml:20: mounts.urls.upstreams: "http+unix:": expected http+unix:PATH of a socket`,
		`dram.toml:20: mounts.urls.upstreams: "x:1": expected http://HOST:PORT, https://HOST:PORT or http+unix:PATH`,
		`dram.toml:22: mounts.values.path: expected a path like /shop without escapes, empty segments, dots or a query, found "/a//b"`,
		`dram.toml:23: mounts.values.host: expected a host without port like shop.example.org, *.example.org for all below one, or nothing, found "x:80"`,
		`dram.toml:25: unknown key mounts.values.pth, did you mean mounts.values.path?`,
		`dram.toml:26: mounts.values.request_timeout: expected a duration, 0s for that of workers.request_timeout, found "-1s"`,
		`dram.toml:28: mounts.live.path: /livez is answered by the front itself; mount at another path`,
		`dram.toml:30: unknown section [mount], did you mean [mounts]?`,
		`DRAM_MOUNTS_NEW_PATH: unknown variable DRAM_MOUNTS_NEW_PATH, did you mean DRAM_MOUNTS_B_PATH?; variables change the mounts that the file has, so begin it there: [mounts.NAME]`,
	}
	got := faults(t, Options{Dir: dir, Environ: []string{"DRAM_MOUNTS_NEW_PATH=/n"}})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
}

func TestMountHostsAndPaths(t *testing.T) {
	for _, host := range []string{"", "example.org", "*.example.org", "example.org.", "127.0.0.1", "::1", "[::1]", "a_b"} {
		if !isMountHost(host) {
			t.Errorf("host %q is refused", host)
		}
	}
	for _, host := range []string{"*", "*.", "a..b", "a.example:80", "a b", "http://a", "*.*.a", "[::1]:80", "fe80::1%eth0"} {
		if isMountHost(host) {
			t.Errorf("host %q is accepted", host)
		}
	}
	for _, path := range []string{"", "/", "/a", "/a/", "/a/b", "/가게"} {
		if !isMountPath(path) {
			t.Errorf("path %q is refused", path)
		}
	}
	for _, path := range []string{"a", "//", "/a//", "/a/../b", "/./a", "/a%2Fb", "/a?b", "/a#b", "/a b", `/a\b`, "/a\x00"} {
		if isMountPath(path) {
			t.Errorf("path %q is accepted", path)
		}
	}
}

func TestParseUpstream(t *testing.T) {
	conf := Default("/srv/qna")
	for text, want := range map[string]Upstream{
		"http://127.0.0.1:8001":    {Network: "tcp", Address: "127.0.0.1:8001"},
		"http://flask":             {Network: "tcp", Address: "flask:80"},
		"http://[::1]:81/":         {Network: "tcp", Address: "[::1]:81"},
		"https://flask":            {Network: "tcp", Address: "flask:443", Secure: true},
		"https://10.0.0.1:8443":    {Network: "tcp", Address: "10.0.0.1:8443", Secure: true},
		"http+unix:/run/f.sock":    {Network: "unix", Address: "/run/f.sock"},
		"http+unix:///run/f.sock":  {Network: "unix", Address: "/run/f.sock"},
		"http+unix:run/../f.sock":  {Network: "unix", Address: "/srv/qna/f.sock"},
		"http+unix:./run/f k.sock": {Network: "unix", Address: "/srv/qna/run/f k.sock"},
	} {
		if got, err := conf.ParseUpstream(text); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
}
