package config

import (
	"net/netip"
	"strings"
)

// Limits is the [limits] section: what the front lets one address do. An
// address of IPv6 counts with all others of its /64.
type Limits struct {
	// Connections bounds the open connections of an address. However high it
	// is, no address gets more than half of all that the front can have.
	// Over HTTP/2 it also bounds the requests that it has at once, of which any
	// number up to 128 is allowed.
	Connections int `key:"connections" help:"open connections of one address, 0 for any number"`
	// ConnectionRate bounds its new connections in a second on the average,
	// ConnectionBurst how many may come at once.
	ConnectionRate  int `key:"connection_rate" help:"new connections of one address in a second, 0 for any number"`
	ConnectionBurst int `key:"connection_burst" help:"new connections of one address at once"`
	// RequestRate and RequestBurst are the same for requests, which count for
	// the client that a trusted proxy names. Too many are answered 429.
	RequestRate  int `key:"request_rate" help:"requests of one address in a second, 0 for any number"`
	RequestBurst int `key:"request_burst" help:"requests of one address at once"`
	// Exempt are addresses and ranges without limits, beside those of
	// server.trusted_proxies.
	Exempt []string `key:"exempt" help:"addresses without limits, like 10.0.0.0/8"`
}

func defaultLimits() Limits {
	return Limits{
		Connections: 1000, ConnectionRate: 500, ConnectionBurst: 2000, RequestRate: 1000, RequestBurst: 5000,
		Exempt: []string{"127.0.0.0/8", "::1"},
	}
}

// Free returns Exempt as ranges; what is no range is left out.
func (l *Limits) Free() []netip.Prefix { return ranges(l.Exempt) }

const maxRate = 1_000_000

func (l *Limits) invalid(key string) string {
	number := func(n, least int, otherwise string) string {
		return unless(n >= least && n <= maxRate, "a number from 1 to 1000000"+otherwise)
	}
	switch key {
	case "connections":
		return number(l.Connections, 0, ", 0 for no limit")
	case "connection_rate":
		return number(l.ConnectionRate, 0, ", 0 for no limit")
	case "connection_burst":
		return number(l.ConnectionBurst, 1, "")
	case "request_rate":
		return number(l.RequestRate, 0, ", 0 for no limit")
	case "request_burst":
		return number(l.RequestBurst, 1, "")
	case "exempt":
		return unless(len(l.Free()) == len(l.Exempt), "a list of addresses and ranges like 10.0.0.0/8, separated by commas in a variable")
	}
	return ""
}

// areHosts allows names and addresses of hosts without a port, and *.NAME.
func areHosts(list []string) bool {
	for _, host := range list {
		if !isHost(strings.TrimPrefix(host, "*.")) {
			return false
		}
	}
	return true
}

func isHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && a.Is6() && strings.HasSuffix(host, "]")
	}
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	}
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, odd) &&
		!strings.HasPrefix(host, ".") && !strings.Contains(host, "..")
}
