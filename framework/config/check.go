package config

import (
	"cmp"
	"net"
	netmail "net/mail"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxName bounds the name of an app: process titles and cookie names are short.
const maxName = 64

// invalid says what was expected of the value of a key, "" if it is valid.
func (c *Config) invalid(key string) string {
	switch key {
	case "name":
		return unless(isName(c.Name), "letters, digits, - and _, at most 64")
	case "env":
		return oneOf(string(c.Env), string(Production), string(Development), string(Test))
	case "secret":
		return unless(c.Secret == "" || len(c.Secret) >= minSecret, "at least 32 characters (the command secret makes one)")
	case "previous_secrets":
		return unless(allSecrets(c.PreviousSecrets), "a list of secrets of at least 32 characters, separated by commas in a variable")
	case "server.listen":
		return unless(areAddresses(c.Server.Listen), "HOST:PORT with a port from 0 to 65535, like 127.0.0.1:8000, several separated by commas")
	case "server.public_url":
		return unless(isSite(c.Server.PublicURL), "https://HOST without a path, like https://qna.example, or nothing")
	case "server.max_body":
		return unless(c.Server.MaxBody > 0, "a size above 0")
	case "server.hosts":
		return unless(areHosts(c.Server.Hosts), "a list of names without port, like qna.example or *.qna.example, separated by commas in a variable")
	case "server.max_uri":
		return unless(c.Server.MaxURI >= 256 && c.Server.MaxURI <= 15<<10, "a size from 256 to 15KiB")
	case "server.max_header":
		return unless(c.Server.MaxHeader >= 1<<10 && c.Server.MaxHeader <= 31<<10, "a size from 1KiB to 31KiB")
	case "server.max_fields":
		return unless(c.Server.MaxFields >= 10 && c.Server.MaxFields <= 10_000, "a number from 10 to 10000")
	case "server.body_timeout":
		return between(c.Server.BodyTimeout, time.Second, maxDelay)
	case "server.write_timeout":
		return between(c.Server.WriteTimeout, time.Second, maxDelay)
	case "server.min_rate":
		return unless(c.Server.MinRate >= 1 && c.Server.MinRate <= 1<<20, "a size from 1 to 1MiB")
	case "server.header_timeout":
		return positive(c.Server.HeaderTimeout)
	case "server.keep_alive":
		return positive(c.Server.KeepAlive)
	case "server.trusted_proxies":
		return unless(len(c.Server.Proxies()) == len(c.Server.TrustedProxies), "a list of addresses and ranges like 10.0.0.0/8, separated by commas in a variable")
	case "server.drain_delay":
		return between(c.Server.DrainDelay, 0, maxDelay)
	case "server.user":
		return unless(isAccount(c.Server.User), "the name or number of a user, or nothing")
	case "server.group":
		return cmp.Or(
			unless(isAccount(c.Server.Group), "the name or number of a group, or nothing"),
			unless(c.Server.Group == "" || c.Server.User != "", "server.user too: a group alone changes nothing"),
		)
	case "server.run_dir":
		return unless(isDirectory(c.Server.RunDir), "a directory of its own, like /run/qna, or nothing")
	case "server.state_dir":
		return unless(isDirectory(c.Server.StateDir), "a directory of its own, like /var/lib/qna, or nothing")
	case "limits.connections", "limits.connection_rate", "limits.connection_burst", "limits.request_rate", "limits.request_burst", "limits.exempt":
		return c.Limits.invalid(strings.TrimPrefix(key, "limits."))
	case "cache.on", "cache.size", "cache.max_entry", "cache.wait", "cache.cookies":
		return c.Cache.invalid(strings.TrimPrefix(key, "cache."))
	case "tls.listen", "tls.certificates", "tls.watch", "tls.min_version", "tls.hsts":
		return c.TLS.invalid(key)
	case "workers.count":
		return unless(c.Workers.Count >= 1 && c.Workers.Count <= MaxWorkers, "a number from 1 to 512")
	case "workers.boot_timeout":
		return positive(c.Workers.BootTimeout)
	case "workers.graceful_timeout":
		return positive(c.Workers.GracefulTimeout)
	case "workers.request_timeout":
		return positive(c.Workers.RequestTimeout)
	case "workers.heartbeat_timeout":
		return between(c.Workers.HeartbeatTimeout, 3*time.Second, time.Hour)
	case "workers.max_requests":
		return unless(c.Workers.MaxRequests >= 0, "a number of requests, 0 for never")
	case "workers.max_age":
		return unless(c.Workers.MaxAge == 0 || c.Workers.MaxAge >= time.Minute, "a duration of at least 1m, 0s for never")
	case "workers.max_rss":
		return unless(c.Workers.MaxRSS == 0 || c.Workers.MaxRSS >= minMemory, "a size of at least 16MiB, 0 for never")
	case "workers.max_stuck":
		return unless(c.Workers.MaxStuck >= 1, "at least 1")
	case "workers.procs":
		return unless(c.Workers.Procs >= 0 && c.Workers.Procs <= 1024, "a number from 1 to 1024, 0 for a fair part")
	case "workers.memory":
		return unless(c.Workers.Memory == 0 || c.Workers.Memory >= minMemory, "a size of at least 16MiB, 0 for a fair part")
	case "reload.probe":
		return unless(isPath(c.Reload.Probe), "a path like /readyz, or nothing")
	case "reload.soak":
		return between(c.Reload.Soak, 0, maxDelay)
	case "database.url":
		return unless(isDatabaseURL(c.Database.URL), "sqlite:PATH or postgres://USER@HOST/NAME")
	case "database.readers":
		return unless(c.Database.Readers >= 1, "at least 1")
	case "database.busy_timeout":
		return positive(c.Database.BusyTimeout)
	case "session.max_age":
		return positive(c.Session.MaxAge)
	case "session.idle":
		return positive(c.Session.Idle)
	case "mail.url":
		return unless(isMailURL(c.Mail.URL), "smtp://USER:PASSWORD@HOST:PORT, smtps://USER:PASSWORD@HOST:PORT or file:DIR")
	case "mail.from":
		return unless(isSender(c.Mail.From), "an address like board@example.org or Board <board@example.org>")
	case "mail.timeout":
		return positive(c.Mail.Timeout)
	case "locale.default":
		return unless(isLocale(c.Locale.Default), "a language tag like en, ko or pt-BR")
	case "locale.zone":
		return unless(isZone(c.Locale.Zone), `a time zone like UTC or Asia/Seoul (on a machine without the time zone database import _ "time/tzdata")`)
	case "static.memory":
		return unless(c.Static.Memory >= minStatic, "a size of at least 1MiB")
	case "static.sendfile":
		return unless(!slices.Contains(c.Static.Sendfile, ""), "a list of directories, separated by commas in a variable")
	case "log.level":
		return oneOf(c.Log.Level, "debug", "info", "warn", "error")
	case "log.format":
		return oneOf(c.Log.Format, "text", "json")
	case "metrics.listen":
		return unless(c.Metrics.Listen == "" || isAddress(c.Metrics.Listen), "HOST:PORT, like 127.0.0.1:9100, or nothing")
	case "metrics.path":
		return unless(isPath(c.Metrics.Path), "a path like /metrics, or nothing")
	case "metrics.allow":
		return unless(len(c.Metrics.Allowed()) == len(c.Metrics.Allow), "a list of addresses and ranges like 10.0.0.0/8, separated by commas in a variable")
	case "log.access":
		if c.Log.Access == "" {
			return ""
		}
		return oneOf(c.Log.Access, "text", "json", "combined", "off")
	case "log.access_file":
		return unless(isFile(c.Log.AccessFile), "the path of a file, like /var/log/qna/access.log, or nothing")
	}
	if rest, ok := strings.CutPrefix(key, "mounts."); ok {
		name, inner, _ := strings.Cut(rest, ".")
		return c.invalidMount(name, inner)
	}
	if rest, ok := strings.CutPrefix(key, "static.directories."); ok {
		name, inner, _ := strings.Cut(rest, ".")
		return c.invalidDirectory(name, inner)
	}
	return ""
}

func unless(ok bool, want string) string {
	if ok {
		return ""
	}
	return want
}

// MaxWorkers bounds the number of worker processes: each has a link to every
// front, and more never pay on one machine.
const MaxWorkers = 512

const (
	// maxDelay bounds waits that somebody may set by mistake: "10m" for "10s".
	maxDelay = 10 * time.Minute
	// minMemory is what a Go program with a database needs at least.
	minMemory = 16 << 20
	// minStatic is what keeping files in memory needs to be of use.
	minStatic = 1 << 20
)

// between checks the bounds of a duration.
func between(d, low, high time.Duration) string {
	return unless(d >= low && d <= high, "a duration from "+low.String()+" to "+high.String())
}

// isFile allows the path of a file, and none.
func isFile(name string) bool {
	return name == "" || !strings.ContainsRune(name, 0) && !strings.HasSuffix(name, "/") && filepath.Base(name) != ".."
}

// isAccount allows what can be the name or number of a user or group, and none.
func isAccount(text string) bool {
	return !strings.ContainsAny(text, ":/, \t\n\x00") && !strings.HasPrefix(text, "-")
}

// isDirectory allows the name of a directory that can belong to one app, and
// none: its rights will be changed.
func isDirectory(name string) bool {
	if name == "" {
		return true
	}
	switch clean := filepath.Clean(name); clean {
	case "/", "/run", "/tmp", "/var", "/var/lib", "/var/run", "/home", "/etc", ".", "..":
		return false
	default:
		return !strings.ContainsRune(clean, 0)
	}
}

// isPath allows the path of a URL, and none.
func isPath(text string) bool {
	u, err := url.ParseRequestURI(text)
	return text == "" || err == nil && u.Host == "" && u.Scheme == "" && strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
}

func positive(d time.Duration) string { return unless(d > 0, "a duration above 0") }

// oneOf checks a choice and names the one that was probably meant.
func oneOf(value string, choices ...string) string {
	for _, c := range choices {
		if value == c {
			return ""
		}
	}
	last := len(choices) - 1
	want := strings.Join(choices[:last], ", ") + " or " + choices[last]
	if near := nearestKey(value, choices); near != "" {
		want += " (did you mean " + near + "?)"
	}
	return want
}

func allSecrets(list []string) bool {
	for _, secret := range list {
		if len(secret) < minSecret {
			return false
		}
	}
	return true
}

func isName(name string) bool {
	return name != "" && len(name) <= maxName && strings.IndexFunc(name, func(r rune) bool { return !isNameRune(r) }) < 0
}

// isNameRune allows what a cookie name (RFC 6265 section 4.1.1), a process
// title and a file name have in common.
func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

func isAddress(listen string) bool {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || strings.ContainsAny(host, " /\t\r\n") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isSite accepts scheme and host, with a port if need be, and no text.
func isSite(text string) bool {
	if text == "" {
		return true
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && text == u.Scheme+"://"+u.Host
}

func isDatabaseURL(text string) bool {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		return path != ""
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && strings.Contains(text, "://")
}

// isMailURL allows what package mail can send to, and nothing at all.
func isMailURL(text string) bool {
	if dir, ok := strings.CutPrefix(text, "file:"); ok {
		return dir != ""
	}
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return text == ""
	}
	known := u.Scheme == "smtp" && (u.RawQuery == "" || u.RawQuery == "tls=off") || u.Scheme == "smtps" && u.RawQuery == ""
	if port := u.Port(); port != "" && !isAddress(u.Host) {
		return false
	}
	return known && u.Hostname() != "" && (u.Path == "" || u.Path == "/") && u.Fragment == ""
}

func isSender(text string) bool {
	_, err := netmail.ParseAddress(text)
	return err == nil || text == ""
}

// isLocale allows language, optional script and optional region in the usual
// spelling (RFC 5646 section 2.1.1), because the tag is a file name too.
func isLocale(tag string) bool {
	parts := strings.Split(tag, "-")
	if n := len(parts[0]); n < 2 || n > 3 || !all(parts[0], 'a', 'z') {
		return false
	}
	rest := parts[1:]
	if len(rest) > 0 && len(rest[0]) == 4 {
		if !all(rest[0][:1], 'A', 'Z') || !all(rest[0][1:], 'a', 'z') {
			return false
		}
		rest = rest[1:]
	}
	if len(rest) > 0 && isRegion(rest[0]) {
		rest = rest[1:]
	}
	return len(rest) == 0
}

func isRegion(part string) bool {
	return len(part) == 2 && all(part, 'A', 'Z') || len(part) == 3 && all(part, '0', '9')
}

func all(text string, from, to byte) bool {
	for i := range len(text) {
		if text[i] < from || text[i] > to {
			return false
		}
	}
	return true
}

func isZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != ""
}
