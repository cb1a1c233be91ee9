package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mount is a [mounts.NAME] section: a part of the address space that a front
// gives to an app or to servers of another make. The one with the longest path
// among those of the most exact host gets a request; what no mount wants is
// this app's.
//
//	[mounts.flask]
//	path      = "/flask"
//	upstreams = ["http://127.0.0.1:8001"]
type Mount struct {
	// Host is the host of the URL, without port; *.example.org is any host
	// below example.org. Empty: every host.
	Host string `key:"host" help:"host that is mounted, like shop.example.org or *.example.org; empty for all"`
	// Path is the prefix of the path, in whole segments and written without
	// escapes. The app does not see it, it is told in X-Forwarded-Prefix.
	Path string `key:"path" help:"prefix of the path that is mounted, like /shop"`
	// App is the run directory or control socket of another Dram app's
	// gateway, or "self": this app below another address.
	App string `key:"app" help:"run directory of another Dram app's gateway, or self"`
	// Upstreams are servers that speak HTTP/1.1 and answer the same:
	// http://HOST:PORT, https://HOST:PORT or http+unix:PATH.
	Upstreams []string `key:"upstreams" help:"servers of another make: http://HOST:PORT, https://HOST:PORT or http+unix:PATH"`
	// KeepPrefix sends the path as it is, and no X-Forwarded-Prefix.
	KeepPrefix bool `key:"keep_prefix" help:"whether the app gets the path with its prefix"`
	// MaxBody bounds a request body; 0: Server.MaxBody.
	MaxBody Size `key:"max_body" help:"largest request body, 0 for that of server.max_body"`
	// RequestTimeout is how long the app may take to begin its response; 0:
	// Workers.RequestTimeout.
	RequestTimeout time.Duration `key:"request_timeout" help:"time the app may take to begin a response, 0s for that of workers.request_timeout"`
	// IdempotencyKeys is Server.IdempotencyKeys of this mount.
	IdempotencyKeys bool `key:"idempotency_keys" help:"whether the app knows Idempotency-Key, so that such requests may be repeated"`

	// Cache keeps what the app makes public, as [cache] says.
	Cache bool `key:"cache" help:"whether the front keeps public responses of the mount"`

	// The rest is for upstreams alone.

	// WholeBodies has request bodies read whole before an upstream is asked,
	// longer ones into a file in TMPDIR. A server that does few things at once
	// is kept busy by few slow clients else. Without it bodies are passed on as
	// they come, and responses may begin before their end.
	WholeBodies bool `key:"whole_bodies" help:"whether request bodies are read whole before an upstream is asked, so that slow clients keep none busy"`
	// MaxFails is how many requests in a row may fail at an upstream until the
	// others are used instead, for a time that doubles up to 30 s. One that
	// takes no connections is left alone at once. Answers of any status are no
	// failures.
	MaxFails int `key:"max_fails" help:"failed requests in a row after which an upstream is left alone for a while"`
	// SlowStart is how long an upstream that came back gets less than its share.
	SlowStart time.Duration `key:"slow_start" help:"time in which an upstream that came back gets its full share again"`
	Health    Health        `key:"health"`
	TLS       UpstreamTLS   `key:"tls"`
}

// UpstreamTLS is the tls part of a mount: whom upstreams of https:// must be.
// Without any of it their certificate must hold the host of their URL and come
// from an authority that this machine trusts.
type UpstreamTLS struct {
	// CA is a PEM file with the certificates of the authorities that count
	// instead of those of this machine: that of a company, or a certificate
	// that signed itself.
	CA string `key:"ca" help:"PEM file of the authorities that certificates of upstreams must come from, empty for those of this machine"`
	// ServerName is the name that certificates must hold, and that upstreams are
	// told (SNI), instead of the host of their URL.
	ServerName string `key:"server_name" help:"name that certificates of upstreams must hold, empty for the host of the URL"`
	// InsecureSkipVerify takes any certificate: then whoever can get between the
	// front and an upstream reads and changes all.
	InsecureSkipVerify bool `key:"insecure_skip_verify" help:"whether any certificate of an upstream will do, so that nobody knows who answers"`
}

// Health is the health part of a mount: how its upstreams are asked how they
// are, beside what is seen of their answers.
type Health struct {
	// Path is asked for by GET; any answer from 200 to 399 is good. Empty: no
	// questions are asked.
	Path string `key:"path" help:"path that upstreams are asked for to see how they are, empty for none"`
	// Interval is the time between two questions, Timeout that for an answer.
	Interval time.Duration `key:"interval" help:"time between two checks"`
	Timeout  time.Duration `key:"timeout" help:"time an upstream may take to answer a check"`
	// Rise good answers in a row bring an upstream back, Fall bad ones take it
	// out.
	Rise int `key:"rise" help:"good checks in a row that bring an upstream back"`
	Fall int `key:"fall" help:"bad checks in a row that take an upstream out"`
}

// SelfApp is the App of a mount that is this app.
const SelfApp = "self"

// DefaultMount returns a mount for which nothing was set.
func DefaultMount() Mount {
	return Mount{
		Cache: true, WholeBodies: true, MaxFails: 3, SlowStart: 10 * time.Second,
		Health: Health{Interval: 10 * time.Second, Timeout: 5 * time.Second, Rise: 2, Fall: 3},
	}
}

func (m *Mount) setDefaults() { *m = DefaultMount() }

// Prefix is Path without a slash at its end: "" for the root.
func (m *Mount) Prefix() string { return strings.TrimSuffix(m.Path, "/") }

// Upstream is the address of an upstream for package net.
type Upstream struct {
	Network string // tcp or unix
	Address string // HOST:PORT, or an absolute path
	Secure  bool   // by TLS
}

// ParseUpstream reads http://HOST:PORT, https://HOST:PORT or http+unix:PATH; a
// relative path counts from Root.
func (c *Config) ParseUpstream(text string) (Upstream, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Upstream{}, errors.New("not a URL")
	}
	switch {
	case u.Scheme == "http+unix":
		path := u.Opaque
		if path == "" && u.Host == "" {
			path = u.Path
		}
		if path == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return Upstream{}, errors.New("expected http+unix:PATH of a socket")
		}
		return Upstream{Network: "unix", Address: filepath.Clean(c.Path(path))}, nil
	case u.Scheme != "http" && u.Scheme != "https":
		return Upstream{}, errors.New("expected http://HOST:PORT, https://HOST:PORT or http+unix:PATH")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Hostname() == "":
		return Upstream{}, errors.New("expected " + u.Scheme + "://HOST:PORT and nothing behind it; a prefix is the mount's path, with keep_prefix if the upstream wants it")
	}
	secure := u.Scheme == "https"
	port := u.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "80"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return Upstream{}, errors.New("expected a port from 1 to 65535")
	}
	return Upstream{Network: "tcp", Address: net.JoinHostPort(u.Hostname(), port), Secure: secure}, nil
}

// invalidMount is invalid for the key of a mount.
func (c *Config) invalidMount(name, key string) string {
	m, ok := c.Mounts[name]
	if !ok {
		return "" // a name that is a fault itself
	}
	switch key {
	case "host":
		return unless(isMountHost(m.Host), "a host without port like shop.example.org, *.example.org for all below one, or nothing")
	case "path":
		return unless(isMountPath(m.Path), "a path like /shop without escapes, empty segments, dots or a query")
	case "max_body":
		return unless(m.MaxBody >= 0, "a size, 0 for that of server.max_body")
	case "request_timeout":
		return unless(m.RequestTimeout >= 0, "a duration, 0s for that of workers.request_timeout")
	case "max_fails":
		return unless(m.MaxFails >= 1, "at least 1")
	case "slow_start":
		return between(m.SlowStart, 0, maxDelay)
	case "tls.server_name":
		return unless(m.TLS.ServerName == "" || isHost(m.TLS.ServerName) || isHost("["+m.TLS.ServerName+"]"), "a name like wiki.internal, an address, or nothing")
	case "health.path":
		return unless(isPath(m.Health.Path), "a path like /healthz, or nothing")
	case "health.interval":
		return between(m.Health.Interval, 100*time.Millisecond, time.Hour)
	case "health.timeout":
		return between(m.Health.Timeout, 10*time.Millisecond, maxDelay)
	case "health.rise":
		return unless(m.Health.Rise >= 1, "at least 1")
	case "health.fall":
		return unless(m.Health.Fall >= 1, "at least 1")
	}
	return ""
}

// isMountHost allows a name, *.NAME, an address, and none.
func isMountHost(host string) bool {
	if host == "" {
		return true
	}
	if strings.HasPrefix(host, "[") || strings.Contains(host, ":") {
		a, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return err == nil && a.Zone() == ""
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(host, "*."), "."), ".") {
		if label == "" || strings.IndexFunc(label, func(r rune) bool { return !isNameRune(r) }) >= 0 {
			return false
		}
	}
	return true
}

func isMountPath(path string) bool {
	if path == "" || path == "/" {
		return true
	}
	inner, ok := strings.CutPrefix(strings.TrimSuffix(path, "/"), "/")
	if !ok || strings.ContainsAny(path, "?#%\\") || strings.IndexFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f }) >= 0 {
		return false
	}
	segments := strings.Split(inner, "/")
	return !slices.ContainsFunc(segments, func(s string) bool { return s == "" || s == "." || s == ".." })
}

// reservedPaths are answered by every front itself.
var reservedPaths = [...]string{"/livez", "/readyz"}

// checkMounts looks at what is wrong with mounts as a whole.
func (l *loader) checkMounts() {
	names := sortedKeys(l.conf.Mounts)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(l.lineOf(join("mounts", a)), l.lineOf(join("mounts", b)))
	})
	for i, name := range names {
		m := l.conf.Mounts[name]
		key := join("mounts", name)
		if !isName(name) {
			l.faultAt(key, key+": expected a name of letters, digits, - and _, at most 64")
		}
		l.checkServes(key, m)
		l.checkUpstreams(key, m)
		if m.Host == "" && m.Path == "" {
			l.faultAt(key, key+`: it is nowhere: say path = "/shop", host = "shop.example.org", or path = "/" for everything`)
			continue
		}
		if slices.Contains(reservedPaths[:], m.Prefix()) {
			l.faultAt(key+".path", fmt.Sprintf("%s.path: %s is answered by the front itself; mount at another path", key, m.Prefix()))
		}
		for _, other := range names[:i] {
			o := l.conf.Mounts[other]
			if sameHost(o.Host, m.Host) && o.Prefix() == m.Prefix() && (o.Host != "" || o.Path != "") {
				l.faultAt(key, fmt.Sprintf("%s: has the host and path of %s (%s): change one of them, the longer path goes first",
					key, join("mounts", other), l.placeOf(join("mounts", other))))
			}
		}
	}
}

// sameHost reports that two mounts have the same host.
func sameHost(a, b string) bool {
	plain := func(host string) string { return strings.ToLower(strings.Trim(strings.TrimSuffix(host, "."), "[]")) }
	return plain(a) == plain(b)
}

// lineOf is the line of a section; 0 without a file.
func (l *loader) lineOf(key string) int {
	if l.conf.file == nil {
		return 0
	}
	return l.conf.file.lines[key]
}

// placeOf says where a section is written.
func (l *loader) placeOf(key string) string {
	if l.conf.file == nil {
		return "program"
	}
	return l.conf.file.where(key)
}

// checkServes looks for a mount that nobody serves, or two do.
func (l *loader) checkServes(key string, m Mount) {
	switch {
	case m.App == "" && len(m.Upstreams) == 0:
		l.faultAt(key, key+`: nobody serves it: say upstreams = ["http://127.0.0.1:8001"], app = "/srv/shop/.dram/run" for another Dram app, or app = "self"`)
	case m.App != "" && len(m.Upstreams) > 0:
		l.faultAt(key+".upstreams", key+".upstreams: app serves it already: remove one of them")
	case m.App != "":
		for _, inner := range []string{"whole_bodies", "max_fails", "slow_start", "health.path", "health.interval", "health.timeout", "health.rise", "health.fall", "tls.ca", "tls.server_name", "tls.insecure_skip_verify"} {
			if _, set := l.conf.origins[key+"."+inner]; set {
				l.faultAt(key+"."+inner, key+"."+inner+": has no effect with app, whose own master looks after it: remove it")
			}
		}
	}
}

// checkUpstreams looks at each upstream of a mount.
func (l *loader) checkUpstreams(key string, m Mount) {
	seen := map[Upstream]bool{}
	for _, text := range m.Upstreams {
		up, err := l.conf.ParseUpstream(text)
		switch {
		case err != nil:
			l.faultAt(key+".upstreams", fmt.Sprintf("%s.upstreams: %s: %v", key, describe(mask(key, text, tags{secret: "url"})), err))
		case seen[up]:
			l.faultAt(key+".upstreams", fmt.Sprintf("%s.upstreams: %s is there twice: remove one", key, describe(text)))
		}
		seen[up] = true
	}
}
