package front

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/front/limit"
)

// guard bounds what one address may ask of the front, and which hosts.
type guard struct {
	live      *live
	log       *slog.Logger
	connected *limit.Counts
	arrivals  *limit.Meter // of connections
	requests  *limit.Meter
	running   *limit.Counts // requests over HTTP/2

	refused atomic.Uint64 // connections

	mu     sync.Mutex
	warned time.Time
}

func newGuard(l *live, log *slog.Logger) *guard {
	return &guard{live: l, log: log, connected: limit.NewCounts(), arrivals: limit.NewMeter(), requests: limit.NewMeter(), running: limit.NewCounts()}
}

// guardRules are what [limits] and server.hosts mean.
type guardRules struct {
	hosts       hosts
	free        []netip.Prefix // exempt from the limits
	connections int            // of one address at once, 0 for any number
	arrivals    limit.Rate     // of connections
	requests    limit.Rate
}

// newGuardRules are those of a configuration for a front with places for so
// many clients, of which one address gets half at most.
func newGuardRules(c *config.Config, clients int) guardRules {
	l := c.Limits
	rules := guardRules{
		free:        append(l.Free(), c.Server.Proxies()...),
		connections: l.Connections,
		arrivals:    limit.Rate{PerSecond: l.ConnectionRate, Burst: l.ConnectionBurst},
		requests:    limit.Rate{PerSecond: l.RequestRate, Burst: l.RequestBurst},
	}
	if rules.connections > 0 {
		rules.connections = min(rules.connections, max(1, clients/2))
	}
	if len(c.Server.Hosts) > 0 {
		rules.hosts = newHosts(c.Server.Hosts)
		for _, m := range c.Mounts {
			rules.hosts.add(m.Host)
		}
	}
	return rules
}

// counts reports whom something counts for; not ok: for nobody.
func (r *guardRules) counts(a netip.Addr) (limit.Address, bool) {
	for _, p := range r.free {
		if p.Contains(a) {
			return limit.Address{}, false
		}
	}
	return limit.Of(a), true
}

// admit decides about a connection. leave must be called when an admitted one
// has ended.
func (g *guard) admit(c net.Conn) (leave func(), ok bool) {
	tcp, isTCP := c.RemoteAddr().(*net.TCPAddr)
	rules := &g.live.Load().guard
	if !isTCP || rules.connections == 0 && rules.arrivals.PerSecond == 0 {
		return func() {}, true
	}
	peer := tcp.AddrPort().Addr().Unmap()
	who, counted := rules.counts(peer)
	switch {
	case !counted:
		return func() {}, true
	case g.arrivals.Take(who, rules.arrivals, time.Now()) > 0:
		g.refuse(peer, "limits.connection_rate")
		return nil, false
	case rules.connections == 0:
		return func() {}, true
	case !g.connected.Enter(who, rules.connections):
		g.refuse(peer, "limits.connections")
		return nil, false
	}
	return func() { g.connected.Leave(who) }, true
}

// refuse tells the log of a connection that was refused, but not of each.
func (g *guard) refuse(peer netip.Addr, setting string) {
	total := g.refused.Add(1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); g.warned.IsZero() || now.Sub(g.warned) >= entranceWarning {
		g.warned = now
		g.log.Warn("connections of one address refused: it has too many", "client", peer, "setting", setting, "refused_so_far", total)
	}
}

// streams is what a client may have at once on a connection of HTTP/2.
const streams = 128

// crowded counts a turn among those that its address has at once, until leave.
// Over HTTP/2 a request costs what a connection costs over HTTP/1.1, where it
// carries one at a time, so there may be as many of them, and no fewer than one
// connection has. One too many is reset, as a connection is: an answer would wait
// for who reads none.
func (g *guard) crowded(t *turn) (leave func(), yes bool) {
	rules := &t.settings.guard
	if major, _ := t.Version(); major < 2 || rules.connections == 0 {
		return func() {}, false
	}
	a, ok := limit.Parse(t.client)
	if !ok {
		return func() {}, false
	}
	who, ok := rules.counts(a)
	if !ok {
		return func() {}, false
	}
	if !g.running.Enter(who, max(rules.connections, streams)) {
		t.status, t.reason, t.ours = http.StatusTooManyRequests, "more than limits.connections", true
		t.Abort()
		return func() {}, true
	}
	return func() { g.running.Leave(who) }, false
}

// turnsAway answers a turn that is for no host of ours or of its connection, or
// whose client asks for too much.
func (g *guard) turnsAway(t *turn) bool {
	rules := &t.settings.guard
	if !rules.hosts.have(t.host) {
		if t.host == "" {
			t.answer(http.StatusBadRequest, "no host, and server.hosts has some")
			return true
		}
		t.answer(http.StatusMisdirectedRequest, "host is none of server.hosts")
		return true
	}
	if t.misdirected() {
		t.answer(http.StatusMisdirectedRequest, "the connection is for another host, with another certificate")
		return true
	}
	if rules.requests.PerSecond == 0 {
		return false
	}
	a, ok := limit.Parse(t.client)
	if !ok {
		return false
	}
	who, ok := rules.counts(a)
	if !ok {
		return false
	}
	wait := g.requests.Take(who, rules.requests, t.begun)
	if wait == 0 {
		return false
	}
	t.decline(decline{status: http.StatusTooManyRequests, reason: "more than limits.request_rate", wait: wait})
	return true
}

// hosts are names that clients may ask for; nil allows any.
type hosts map[string]bool // in lower case; .qna.example for all below qna.example

func newHosts(names []string) hosts {
	h := make(hosts, len(names))
	for _, name := range names {
		h.add(name)
	}
	return h
}

func (h hosts) add(name string) {
	if name != "" {
		h[nameOf(strings.TrimPrefix(name, "*"))] = true
	}
}

// have reports whether the host of an authority is among them.
func (h hosts) have(authority string) bool {
	if h == nil {
		return true
	}
	name := nameOf(authority)
	if h[name] && !strings.HasPrefix(name, ".") {
		return true
	}
	for i := 1; i < len(name); i++ {
		if name[i] == '.' && h[name[i:]] {
			return true
		}
	}
	return false
}

// nameOf is an authority without port, brackets, case and the dot of the root.
func nameOf(authority string) string {
	name := authority
	if rest, ok := strings.CutPrefix(name, "["); ok {
		name, _, _ = strings.Cut(rest, "]")
		return strings.ToLower(name)
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
