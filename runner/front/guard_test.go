package front

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// unforgiving is a configuration that exempts nobody.
func unforgiving(t *testing.T, change func(*config.Config)) *config.Config {
	conf := config.Default(t.TempDir())
	conf.Limits.Exempt = nil
	change(conf)
	return conf
}

func TestHosts(t *testing.T) {
	h := newHosts([]string{"Qna.example", "*.deep.example", "[::1]", "127.0.0.1"})
	for host, want := range map[string]bool{
		"qna.example": true, "QNA.EXAMPLE:8000": true, "qna.example.": true, "qna.example.:80": true,
		"x.qna.example": false, "xqna.example": false, "qna.example.evil": false, "": false,
		"a.deep.example": true, "a.b.deep.example:1": true, "deep.example": false, ".deep.example": false, "xdeep.example": false,
		"[::1]": true, "[::1]:80": true, "[::2]": false, "127.0.0.1:80": true, "127.0.0.2": false,
	} {
		if got := h.have(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if any := hosts(nil); !any.have("whatever") || !any.have("") {
		t.Error("no list allows any")
	}
}

func TestOtherHostsAreMisdirected(t *testing.T) {
	conf := unforgiving(t, func(c *config.Config) {
		c.Server.Hosts = []string{"qna.example"}
		c.Mounts = map[string]config.Mount{"shop": {Host: "shop.example", App: config.SelfApp}}
	})
	s := newSiteOf(t, conf, nil)
	s.add(text("page"))
	for host, want := range map[string]int{"qna.example:8000": 200, "shop.example": 200, "evil.example": 421, s.addr: 421} {
		r := s.request("GET", "/", nil)
		r.Host = host
		if got := s.do(r); got.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, got.StatusCode, want)
		}
	}
	s.want(s.get("/livez"), 200, "ok\n") // a load balancer knows addresses alone
	c := s.dial()
	io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != 400 {
		t.Errorf("%+v, %v", resp, err)
	}
}

// TestTooManyRequestsAre429 for one address, that a trusted proxy may name, and
// for nobody else.
func TestTooManyRequestsAre429(t *testing.T) {
	conf := unforgiving(t, func(c *config.Config) {
		c.Limits.RequestRate, c.Limits.RequestBurst = 1, 3
		c.Limits.ConnectionRate = 0
		c.Server.TrustedProxies = []string{"127.0.0.1"}
		c.Limits.Exempt = []string{"192.0.2.128/25"}
	})
	s := newSiteOf(t, conf, nil)
	s.add(text("page"))
	ask := func(client string) reply { return s.ask("GET", "/", "X-Forwarded-For: "+client) }
	statuses := func(client string, n int) (all string) {
		for range n {
			all += strconv.Itoa(ask(client).StatusCode) + " "
		}
		return all
	}
	if got := statuses("192.0.2.1", 5); got != "200 200 200 429 429 " {
		t.Errorf("one client: %s", got)
	}
	r := ask("192.0.2.1")
	if after, err := strconv.Atoi(r.Header.Get("Retry-After")); r.StatusCode != 429 || err != nil || after < 1 || after > 3 {
		t.Errorf("%d, Retry-After %q", r.StatusCode, r.Header["Retry-After"])
	}
	if got := statuses("192.0.2.2", 4); got != "200 200 200 429 " {
		t.Errorf("another client: %s", got)
	}
	if got := statuses("2001:db8::1", 2) + statuses("2001:db8::2", 2); got != "200 200 200 429 " {
		t.Errorf("one network of IPv6: %s", got)
	}
	if got := statuses("192.0.2.200", 5) + statuses("127.0.0.1", 5); got != "200 200 200 200 200 200 200 200 200 200 " {
		t.Errorf("those that are exempt: %s", got)
	}
	// The log says why, and health is asked by machines that may be in a hurry.
	for {
		if line := s.log("/"); line["status"] == 429.0 {
			if line["reason"] != "more than limits.request_rate" || line["client"] != "192.0.2.1" {
				t.Errorf("log: %v", line)
			}
			break
		}
	}
	s.want(s.ask("GET", "/livez", "X-Forwarded-For: 192.0.2.1"), 200, "ok\n")
	// Other settings hold at once.
	s.reread = func(control.Settings) (*config.Config, error) {
		conf.Limits.RequestRate = 0
		return conf, nil
	}
	s.settle(true)
	if got := statuses("192.0.2.1", 5); got != "200 200 200 200 200 " {
		t.Errorf("without limit: %s", got)
	}
}

// tryOnce asks on a connection of its own, which may be refused.
func (s *site) tryOnce(fields string) (c net.Conn, ok bool) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, false
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n", s.addr, fields)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	return c, err == nil && resp.StatusCode == 200
}

func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	for name, engine := range engines() {
		t.Run(name, func(t *testing.T) {
			conf := unforgiving(t, func(c *config.Config) { c.Limits.Connections = 3 })
			s := newSiteOf(t, conf, func(l *limits) { l.engine = engine })
			s.add(text("page"))
			served := func() (c net.Conn, ok bool) { return s.tryOnce("") }
			var first net.Conn
			for i := range 3 {
				c, ok := served()
				if !ok {
					t.Fatalf("connection %d refused", i)
				}
				if first == nil {
					first = c
				}
			}
			if _, ok := served(); ok {
				t.Error("one too many is served")
			}
			first.Close()
			until(t, "place for another", func() bool { _, ok := served(); return ok })
			if s.front.guard.refused.Load() == 0 {
				t.Error("no refusal is counted")
			}
			until(t, "a warning", func() bool {
				line := await(t, "line", s.logged)
				return line["level"] == "WARN" && line["setting"] == "limits.connections" && line["client"] == "127.0.0.1"
			})
			until(t, "places given back", func() bool { return len(s.front.entrance.places) <= 4 }) // one is for who comes next
		})
	}
}

// TestAnAddressHasSoManyRequestsOverHTTP2: a hundred on each of a thousand
// connections would take more memory than a machine has.
func TestAnAddressHasSoManyRequestsOverHTTP2(t *testing.T) {
	s := newSiteOf(t, unforgiving(t, func(c *config.Config) { c.Limits.Connections = 2 }), nil)
	c := certify(t, time.Hour, "example.org")
	s.secure(c)
	g := newGate(t)
	entered := make(chan struct{}, streams)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			entered <- struct{}{}
			<-g.open
		}
	})
	clients := []*http.Client{s.secureClient(true, c), s.secureClient(true, c)}
	get := func(i int, path string) (int, error) {
		resp, err := clients[i%2].Do(s.secureRequest("GET", path, nil))
		if err != nil {
			return 0, err
		}
		resp.Body.Close()
		return resp.StatusCode, nil
	}
	for i := range clients { // each gets its one connection
		if _, err := get(i, "/"); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() {
			if status, err := get(i, "/wait"); status != 200 {
				t.Errorf("request %d of those allowed: %d, %v", i, status, err)
			}
		})
	}
	for range streams {
		await(t, "request", entered)
	}
	if status, err := get(0, "/more"); err == nil {
		t.Errorf("one too many is answered %d", status)
	}
	s.wantLog("/more", map[string]any{"status": 429, "reason": "more than limits.connections"})
	g.release()
	all.Wait()
	until(t, "place for another", func() bool { _, err := get(1, "/again"); return err == nil })
}

func TestNewConnectionsHaveARate(t *testing.T) {
	conf := unforgiving(t, func(c *config.Config) { c.Limits.ConnectionRate, c.Limits.ConnectionBurst = 1, 2 })
	s := newSiteOf(t, conf, nil)
	s.add(text("page"))
	ok := 0
	for range 6 {
		if c, served := s.tryOnce("Connection: close\r\n"); served {
			ok++
			c.Close()
		}
	}
	if ok < 2 || ok == 6 {
		t.Errorf("%d of 6 served", ok)
	}
}

func TestLoopbackAndProxiesAreExemptUnlessTheSettingsSayOtherwise(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Server.TrustedProxies = []string{"10.0.0.0/8"}
	rules := newGuardRules(conf, 1000)
	for text, want := range map[string]bool{"127.0.0.1": false, "127.8.8.8": false, "::1": false, "10.1.2.3": false, "192.0.2.1": true, "2001:db8::1": true} {
		if _, counted := rules.counts(netip.MustParseAddr(text)); counted != want {
			t.Errorf("%s counts: %v", text, counted)
		}
	}
	if rules.connections != 500 {
		t.Errorf("one address gets %d of 1000 places", rules.connections)
	}
}

// TestTimesAndSizesComeFromTheSettings: what the engine goes by.
func TestTimesAndSizesComeFromTheSettings(t *testing.T) {
	conf := unforgiving(t, func(c *config.Config) {
		c.Server.MaxURI, c.Server.MaxHeader, c.Server.MaxFields = 300, 1<<10, 12
		c.Server.BodyTimeout, c.Server.WriteTimeout, c.Server.MinRate = time.Second, 2*time.Second, 1000
	})
	for name, engine := range engines() {
		t.Run(name, func(t *testing.T) {
			s := newSiteOf(t, conf, func(l *limits) { l.engine = engine })
			s.add(text("page"))
			long := func(n int) string { return fmt.Sprintf("%0*d", n, 0) }
			s.want(s.get("/"), 200, "page")
			if got := s.get("/" + long(400)).StatusCode; got != 414 {
				t.Errorf("a long line: %d", got)
			}
			var many []string
			for i := range 12 {
				many = append(many, fmt.Sprintf("X-%d: y", i))
			}
			if got := s.ask("GET", "/", many...).StatusCode; got != 431 {
				t.Errorf("many fields: %d", got)
			}
			if got := s.ask("GET", "/", "X: "+long(8<<10)).StatusCode; got != 431 {
				t.Errorf("a long head: %d", got)
			}
			if l := s.front.live.Load(); l.bodyPause != time.Second || l.writePause != 2*time.Second || l.rate != 1000 {
				t.Errorf("%+v", l.limits)
			}
		})
	}
}

func BenchmarkGuard(b *testing.B) {
	conf := config.Default(b.TempDir())
	conf.Limits.RequestRate, conf.Limits.RequestBurst = 1_000_000, 1_000_000
	conf.Server.Hosts = []string{"qna.example"}
	s, err := newSettings(conf)
	if err != nil {
		b.Fatal(err)
	}
	var in live
	in.Store(s)
	g := newGuard(&in, slog.New(slog.DiscardHandler))
	t := &turn{settings: s, client: "192.0.2.1:49152", host: "qna.example", begun: time.Now()}
	b.ReportAllocs()
	for b.Loop() {
		t.begun = t.begun.Add(time.Millisecond)
		if g.turnsAway(t) {
			b.Fatal("turned away")
		}
	}
}

// from is a connection of a client.
type from struct {
	net.Conn
	addr *net.TCPAddr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// TestAnAddressIsTheSameInIPv6: a listener for both families names clients of
// IPv4 in the form of IPv6.
func TestAnAddressIsTheSameInIPv6(t *testing.T) {
	conf := unforgiving(t, func(c *config.Config) {
		c.Limits.Connections, c.Limits.ConnectionRate, c.Limits.Exempt = 1, 0, []string{"192.0.2.0/24"}
	})
	settings, err := newSettings(conf)
	if err != nil {
		t.Fatal(err)
	}
	var in live
	in.Store(settings)
	logged := make(chan map[string]any, 10)
	g := newGuard(&in, slog.New(slog.NewJSONHandler(lines(logged), nil)))
	admits := func(ip string) bool {
		_, ok := g.admit(from{addr: &net.TCPAddr{IP: net.ParseIP(ip).To16(), Port: 1}})
		return ok
	}
	for i := range 3 {
		if !admits("192.0.2.1") {
			t.Error("one who is exempt is refused")
		}
		if got := admits("198.51.100.1"); got != (i == 0) {
			t.Errorf("connection %d of another: %v", i, got)
		}
	}
	// The log hears of the first of many.
	if line := await(t, "line", logged); line["client"] != "198.51.100.1" || len(logged) != 0 || g.refused.Load() != 2 {
		t.Errorf("%v, and %d more lines about %d refusals", line, len(logged), g.refused.Load())
	}
}
