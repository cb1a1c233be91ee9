package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTLS(t *testing.T) {
	want := TLS{
		Listen: ":443, [::1]:8443", Watch: time.Minute, MinVersion: "1.3", HTTP2: true, Redirect: true, HSTS: 30 * 24 * time.Hour,
		Certificates: []Certificate{{"a/full.pem", "a/key.pem"}, {"b.pem", "b.key"}},
	}
	dir := write(t, `
[tls]
listen = ":443, [::1]:8443"
min_version = "1.3"
hsts = "30d"
[[tls.certificates]]
cert = "a/full.pem"
key  = "a/key.pem"

[[tls.certificates]]
cert = "b.pem"
key  = "b.key"
`)
	conf := load(t, Options{Dir: dir})
	if diff := cmp.Diff(want, conf.TLS); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{":443", "[::1]:8443"}, conf.TLS.Addresses()); diff != "" {
		t.Error(diff)
	}
	if got := setting(conf, "tls.certificates"); got.Value != "a/full.pem:a/key.pem,b.pem:b.key" {
		t.Errorf("shown as %+v", got)
	}
	for key, want := range map[string]string{"tls.certificates[1]": "dram.toml:10", "tls.listen": "dram.toml:3", "tls.redirect": "default", "tls.certificates[7]": "dram.toml:6"} {
		if got := conf.Where(key); got != want {
			t.Errorf("%s is at %s, want %s", key, got, want)
		}
	}
	inline := load(t, Options{Dir: write(t, "[tls]\nlisten=':443'\ncertificates = [{cert='a', key='b'}, 'c:d']\n")})
	if diff := cmp.Diff([]Certificate{{"a", "b"}, {"c", "d"}}, inline.TLS.Certificates); diff != "" {
		t.Error(diff)
	}
	conf = load(t, Options{Dir: t.TempDir(), Environ: []string{"DRAM_TLS_LISTEN=:443", "DRAM_TLS_CERTIFICATES=a/full.pem:a/key.pem,b.pem:b.key"}})
	if diff := cmp.Diff(want.Certificates, conf.TLS.Certificates); diff != "" {
		t.Error(diff)
	}
	// What one process prints another one reads, key by key.
	again := Default(t.TempDir())
	for _, s := range conf.Settings() {
		if strings.HasPrefix(s.Key, "tls.") {
			if err := again.With(s.Key, s.Value); err != nil {
				t.Error(err)
			}
		}
	}
	if diff := cmp.Diff(conf.TLS, again.TLS); diff != "" {
		t.Error(diff)
	}
}

func TestTLSFaults(t *testing.T) {
	for toml, want := range map[string]string{
		"[tls]\nlisten = '443'":              `dram.toml:2: tls.listen: expected HOST:PORT, like :443, several separated by commas, or nothing, found "443"`,
		"[tls]\nlisten = ':443'":             `default: tls.certificates: expected at least one pair of files, because tls.listen is set, found ""`,
		"[[tls.certificates]]\ncert = 'a'":   `dram.toml:1: tls.certificates: expected pairs of files, each with cert and key, found "a:"`,
		"[tls]\ncertificates = ['a.pem']":    `dram.toml:2: tls.certificates[0]: expected text that config.Certificate can read, found "a.pem" (two files, CERT:KEY)`,
		"[[tls.certificates]]\ncrt = 'a'":    `dram.toml:2: unknown key tls.certificates[0].crt, did you mean tls.certificates[0].cert?`,
		"[tls]\nwatch = '10ms'":              `dram.toml:2: tls.watch: expected a duration from 100ms to 24h, or 0s, found "10ms"`,
		"[tls]\nmin_version = '1.1'":         `dram.toml:2: tls.min_version: expected 1.2 or 1.3 (did you mean 1.2?), found "1.1"`,
		"[tls]\nhsts = '1000000h'":           `dram.toml:2: tls.hsts: expected a duration from 0s to 87600h0m0s, found "1000000h"`,
		"[server]\nlisten = ':80, :80'":      `dram.toml:2: server.listen: expected HOST:PORT`,
		"[server]\nlisten = '127.0.0.1:80,'": `dram.toml:2: server.listen: expected HOST:PORT`,
	} {
		got := faults(t, Options{Dir: write(t, toml)})
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("%q:\ngot  %s\nwant %s", toml, got, want)
		}
	}
}
