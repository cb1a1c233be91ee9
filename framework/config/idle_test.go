package config

import (
	"strings"
	"testing"
)

// TestSettingsWithoutEffect are told with their place, what they lack, and what
// to do; with what they lack they are fine.
func TestSettingsWithoutEffect(t *testing.T) {
	const (
		secure = "[tls]\nmin_version = \"1.3\"\nhttp2 = false\nredirect = true\nhsts = \"1h\"\nhsts_subdomains = true\n[[tls.certificates]]\ncert = \"a\"\nkey = \"b\"\n"
		behind = "[server]\ntrusted_proxies = [\"10.0.0.0/8\"]\n[tls]\nhsts_subdomains = true\n"
		cache  = "[mounts.shop]\npath = \"/shop\"\napp = \"/srv/shop\"\ncache = true\n[cache]\nsize = \"1MiB\"\nmax_entry = \"1KiB\"\nwait = \"1s\"\ncookies = [\"a\"]\n"
		bursts = "[limits]\nconnection_burst = 7\nrequest_burst = 8\n"
		lines  = "[log]\naccess_file = \"a.log\"\naccess_query = true\n"
		mount  = "[mounts.b]\nhost = \"b.example\"\nkeep_prefix = true\nupstreams = [\"http://127.0.0.1:1\"]\nhealth.interval = \"1s\"\nhealth.timeout = \"1s\"\nhealth.rise = 1\nhealth.fall = 1\n"
		wary   = "[mounts.b]\npath = \"/b\"\ntls.ca = \"ca.pem\"\ntls.server_name = \"b.internal\"\n"
	)
	for _, c := range []struct {
		name, text string
		environ    []string
		idle       []string // beginnings, in any order
	}{
		{"https", secure, nil, []string{
			"dram.toml:7: tls.certificates: has no effect without tls.listen: set that", "dram.toml:2: tls.min_version: ", "dram.toml:3: tls.http2: ",
			"dram.toml:4: tls.redirect: ", "dram.toml:5: tls.hsts: ", "dram.toml:6: tls.hsts_subdomains: ",
		}},
		{"https, mended", secure, []string{"DRAM_TLS_LISTEN=:443"}, nil},
		{"a variable", "", []string{"DRAM_TLS_HSTS=1h"}, []string{"DRAM_TLS_HSTS: tls.hsts: has no effect without tls.listen"}},
		{"behind a proxy", behind, nil, []string{"dram.toml:4: tls.hsts_subdomains: has no effect without tls.hsts: set that"}},
		{"behind a proxy, mended", behind + "hsts = \"1h\"\n", nil, nil},
		{"cache", cache + "on = false\n", nil, []string{
			"dram.toml:6: cache.size: has no effect with cache.on = false: remove", "dram.toml:7: cache.max_entry: ", "dram.toml:8: cache.wait: ",
			"dram.toml:9: cache.cookies: ", "dram.toml:4: mounts.shop.cache: ",
		}},
		{"cache, mended", cache, nil, nil},
		{"bursts", bursts + "connection_rate = 0\nrequest_rate = 0\n", nil, []string{
			"dram.toml:2: limits.connection_burst: has no effect with limits.connection_rate = 0", "dram.toml:3: limits.request_burst: ",
		}},
		{"watching nothing", "[tls]\nwatch = \"5m\"\n", nil, []string{"dram.toml:2: tls.watch: has no effect without tls.listen: set that"}},
		{"bursts, mended", bursts, nil, nil},
		{"lines", lines, []string{"DRAM_LOG_ACCESS=off"}, []string{`dram.toml:2: log.access_file: has no effect with log.access = "off"`, "dram.toml:3: log.access_query: "}},
		{"lines, mended", lines, nil, nil},
		{"mount", mount, nil, []string{
			"dram.toml:3: mounts.b.keep_prefix: has no effect without a path", "dram.toml:5: mounts.b.health.interval: has no effect without health.path: set that",
			"dram.toml:6: mounts.b.health.timeout: ", "dram.toml:7: mounts.b.health.rise: ", "dram.toml:8: mounts.b.health.fall: ",
		}},
		{"mount, mended", mount + "path = \"/b\"\nhealth.path = \"/healthz\"\n", nil, nil},
		{"certificates of upstreams", wary + "upstreams = [\"http://b.internal\"]\n", nil, []string{
			"dram.toml:3: mounts.b.tls.ca: has no effect without an upstream of https://: remove", "dram.toml:4: mounts.b.tls.server_name: ",
		}},
		{"certificates of upstreams, mended", wary + "upstreams = [\"https://b.internal\"]\n", nil, nil},
		{"any certificate", wary + "upstreams = [\"https://b.internal\"]\ntls.insecure_skip_verify = true\n", nil, []string{
			"dram.toml:3: mounts.b.tls.ca: has no effect with insecure_skip_verify = true",
		}},
		{"nothing", "", nil, nil},
		{"defaults, said", "[tls]\nlisten = \"\"\n[cache]\non = false\n[log]\naccess = \"off\"\n", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := load(t, Options{Dir: write(t, c.text), Environ: append([]string{}, c.environ...)})
			var said []string
			for _, err := range conf.Idle() {
				said = append(said, err.Error())
			}
			if len(said) != len(c.idle) {
				t.Errorf("%d settings without effect, want %d:\n%s", len(said), len(c.idle), strings.Join(said, "\n"))
			}
			for _, want := range c.idle {
				found := false
				for _, text := range said {
					found = found || strings.HasPrefix(text, want)
				}
				if !found {
					t.Errorf("nothing begins with %q:\n%s", want, strings.Join(said, "\n"))
				}
			}
		})
	}
}
