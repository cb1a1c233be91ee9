package front

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// newOther starts a server of another make and returns its URL.
func newOther(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String()
}

// mountedAt is a configuration with one mount, called other.
func mountedAt(t *testing.T, path string, upstreams ...string) *config.Config {
	t.Helper()
	conf := config.Default(t.TempDir())
	m := config.DefaultMount()
	m.Path, m.Upstreams = path, upstreams
	conf.Mounts = map[string]config.Mount{"other": m}
	return conf
}

// other changes the mount of mountedAt.
func other(conf *config.Config, change func(*config.Mount)) *config.Config {
	m := conf.Mounts["other"]
	change(&m)
	conf.Mounts = map[string]config.Mount{"other": m}
	return conf
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h := r.Header
	fmt.Fprintf(w, "%s %s host %s below %q for %q by %s at %s named %t %s", r.Method, r.RequestURI, r.Host, h["X-Forwarded-Prefix"],
		h["X-Forwarded-For"], h.Get("X-Forwarded-Proto"), h.Get("X-Forwarded-Host"), h.Get("X-Request-Id") != "", body)
}

func TestAMountIsToldWhereItIs(t *testing.T) {
	s := newSiteOf(t, mountedAt(t, "/flask", newOther(t, http.HandlerFunc(echo))), nil)
	s.add(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "own "+r.RequestURI) })
	for path, want := range map[string]string{
		"/flask":              `GET / host h below ["/flask"] for ["127.0.0.1"] by http at h named true `,
		"/flask/a%2Fb//c?d=e": `GET /a%2Fb//c?d=e host h below ["/flask"] for ["127.0.0.1"] by http at h named true `,
		"/flask//x":           `GET //x host h below ["/flask"] for ["127.0.0.1"] by http at h named true `,
		"/flasks":             "own /flasks",
		"/x/flask":            "own /x/flask",
	} {
		r := s.request("GET", "/", nil)
		r.URL.Opaque, r.Host = path, "h"
		if strings.HasPrefix(path, "//") {
			t.Fatal("an Opaque of this kind means a host")
		}
		for _, name := range []string{"X-Forwarded-Prefix", "X-Forwarded-For", "X_Forwarded_Prefix", "X-Request-Id"} {
			r.Header[name] = []string{"/forged"}
		}
		s.want(s.do(r), 200, want)
	}
	r := s.request("GET", "/", nil)
	r.URL.Opaque = "/flask/../admin"
	if got := s.do(r); got.StatusCode != 400 {
		t.Errorf("dots that lead out of the mount: %d", got.StatusCode)
	}
	s.wantLog("/flask", map[string]any{"status": 200, "mount": "other"})
}

// TestThisAppBelowAMount is for sites that move from one framework to another.
func TestThisAppBelowAMount(t *testing.T) {
	conf := other(mountedAt(t, "/new"), func(m *config.Mount) { m.App = config.SelfApp })
	s := newSiteOf(t, conf, nil)
	s.add(echo)
	s.want(s.do(named(s.request("POST", "/new/x", strings.NewReader("body")))), 200, `POST /x host h below ["/new"] for ["127.0.0.1"] by http at h named true body`)
	s.want(s.do(named(s.request("GET", "/x", nil))), 200, `GET /x host h below [] for ["127.0.0.1"] by http at h named true `)
}

func named(r *http.Request) *http.Request {
	r.Host = "h"
	return r
}

func TestAMountHasItsOwnLimits(t *testing.T) {
	for name, engine := range map[string]newEngine{"h1": newLoop, "net/http": newLibrary} {
		t.Run(name, func(t *testing.T) {
			conf := mountedAt(t, "/small", newOther(t, http.HandlerFunc(echo)))
			small := conf.Mounts["other"]
			small.MaxBody = 100
			large := small
			large.Path, large.MaxBody = "/large", 10_000
			conf.Mounts = map[string]config.Mount{"small": small, "large": large}
			conf.Server.MaxBody = 1000
			s := newSiteOf(t, conf, func(l *limits) { l.engine = engine })
			s.add(echo)
			for _, c := range []struct {
				path   string
				length int
				want   int
			}{{"/", 1000, 200}, {"/", 1001, 413}, {"/small", 100, 200}, {"/small", 101, 413}, {"/large", 10_000, 200}, {"/large", 10_001, 413}} {
				body := strings.Repeat("x", c.length)
				if got := s.do(s.request("POST", c.path, strings.NewReader(body))); got.StatusCode != c.want {
					t.Errorf("%d bytes to %s: %d, want %d", c.length, c.path, got.StatusCode, c.want)
				}
				if got := s.do(s.request("POST", c.path, io.MultiReader(strings.NewReader(body)))); got.StatusCode != c.want {
					t.Errorf("%d bytes in chunks to %s: %d, want %d", c.length, c.path, got.StatusCode, c.want)
				}
			}
		})
	}
}

// TestUpstreamsShareAndFail is the life of two upstreams with checks.
func TestUpstreamsShareAndFail(t *testing.T) {
	var sick [2]atomic.Bool
	var served [2]atomic.Int64
	var urls []string
	for i := range sick {
		urls = append(urls, newOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/healthz" && sick[i].Load():
				w.WriteHeader(http.StatusServiceUnavailable)
			case r.URL.Path != "/healthz":
				served[i].Add(1)
			}
		})))
	}
	conf := other(mountedAt(t, "/", urls...), func(m *config.Mount) {
		m.Health = config.Health{Path: "/healthz", Interval: time.Millisecond, Timeout: patience, Rise: 2, Fall: 2}
		m.SlowStart = 0
	})
	s := newSiteOf(t, conf, nil)
	pool := s.front.live.Load().mounts[0].app.foreign
	usable := func(i int) bool { ok, _ := pool.all[i].glance(time.Now()); return ok }
	count := func(n int) (first, second int64) {
		before := [2]int64{served[0].Load(), served[1].Load()}
		for range n {
			s.want(s.get("/"), 200, "")
		}
		return served[0].Load() - before[0], served[1].Load() - before[1]
	}
	if a, b := count(20); a != 10 || b != 10 {
		t.Errorf("two idle upstreams got %d and %d", a, b)
	}
	sick[0].Store(true)
	until(t, "the first is out", func() bool { return !usable(0) })
	if a, b := count(10); a != 0 || b != 10 {
		t.Errorf("with the first out they got %d and %d", a, b)
	}
	sick[1].Store(true)
	until(t, "both are out", func() bool { return !usable(1) })
	answer := make(chan reply, 1)
	go func() { answer <- s.get("/") }()
	until(t, "a request waits", func() bool { return pool.waiting.Load() == 1 })
	sick[0].Store(false)
	s.want(await(t, "answer", answer), 200, "")
	if a, b := count(10); a != 10 || b != 0 {
		t.Errorf("with the second out they got %d and %d", a, b)
	}
}

// TestSlowStart gives an upstream that came back less than its share.
func TestSlowStart(t *testing.T) {
	now := time.Now()
	g := &origins{}
	for range 2 {
		g.all = append(g.all, &origin{standing: standing{rules: rules{slowStart: 10 * time.Second}}})
	}
	count := func(after time.Duration) (returned int) {
		for range 1000 {
			if g.choose(nil, now.Add(after)) == g.all[1] {
				returned++
			}
		}
		return returned
	}
	if n := count(0); n != 500 {
		t.Errorf("one of two equals got %d of 1000", n)
	}
	g.all[1].back = now
	for after, want := range map[time.Duration]int{time.Second: 50, 5 * time.Second: 250, 10 * time.Second: 500} {
		if n := count(after); n < want-40 || n > want+40 {
			t.Errorf("%s after its return one of two got %d of 1000, want about %d", after, n, want)
		}
	}
	g.all[0].ejected = true
	if n := count(0); n != 1000 {
		t.Errorf("the only one got %d of 1000", n)
	}
}

func TestAClientThatLeavesEndsTheRequestAtTheUpstream(t *testing.T) {
	begun, ended := make(chan bool), make(chan bool)
	s := newSiteOf(t, mountedAt(t, "/", newOther(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(ended)
	}))), nil)
	c := s.dial()
	fmt.Fprint(c, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
	await(t, "request", begun)
	c.Close()
	await(t, "end of the request", ended)
	s.wantLog("/wait", map[string]any{"status": 499, "reason": "client gone"})
}

// TestAWebSocketThroughAMount talks both ways, and each side may end first.
func TestAWebSocketThroughAMount(t *testing.T) {
	s := newSiteOf(t, mountedAt(t, "/ws", newOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, []byte(r.URL.Path+" "+string(text))) != nil {
				return
			}
		}
	}))), nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, "ws://"+s.addr+"/ws/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if resp.Header.Get("X-Request-Id") == "" {
		t.Error("the upgrade is not named")
	}
	for _, word := range []string{"one", strings.Repeat("x", 20_000)} {
		if err := c.Write(ctx, websocket.MessageText, []byte(word)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != "/chat "+word {
			t.Fatalf("got %.40s, %v", got, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	s.wantLog("/ws/chat", map[string]any{"status": 101})
}

// TestMountsChange swaps them under a request; what stays the same is not
// begun anew, and what is gone leaves nothing behind.
func TestMountsChange(t *testing.T) {
	g := newGate(t)
	a, b := newOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			g.pass()
		}
		io.WriteString(w, "a")
	})), newOther(t, text("b"))
	conf := mountedAt(t, "/x", a)
	s := newSiteOf(t, conf, nil)
	s.add(text("own"))
	keeper := s.front.live.Load().mounts[0].app.foreign
	use := func(path, upstream string, timeout time.Duration) {
		t.Helper()
		next := other(mountedAt(t, path, upstream), func(m *config.Mount) { m.RequestTimeout = timeout })
		s.reread = func(control.Settings) (*config.Config, error) { return next, nil }
		if faults := s.settle(true); faults != "" {
			t.Fatal(faults)
		}
	}
	slow := make(chan reply, 1)
	go func() { slow <- s.get("/x/slow") }()
	await(t, "request", g.entered)

	use("/y", a, time.Minute)
	if s.front.live.Load().mounts[0].app.foreign != keeper {
		t.Error("upstreams that stayed the same were begun anew")
	}
	s.want(s.get("/x"), 200, "own")
	s.want(s.get("/y"), 200, "a")
	use("/y", b, time.Minute)
	s.want(s.get("/y"), 200, "b")
	g.release()
	s.want(await(t, "answer", slow), 200, "a")
	keeper.keeping.Wait() // or the test hangs
}

// named returns the mount of that name.
func (all mounts) named(name string) *mount {
	for _, m := range all {
		if m.name == name {
			return m
		}
	}
	return nil
}

// upstreams are what the front says of them next.
func (s *site) upstreams() []control.Upstream {
	s.t.Helper()
	var m control.Mounted
	said := await(s.t, "word about upstreams", s.mounted)
	if err := said.Decode(&m); err != nil {
		s.t.Fatal(err)
	}
	return m.Upstreams
}

// TestTheMasterHearsOfUpstreams at first, when one fails, and when a reload
// takes them away.
func TestTheMasterHearsOfUpstreams(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	good, bad := newOther(t, text("good")), "http://"+dead.Addr().String()
	s := newSiteOf(t, mountedAt(t, "/x", good, bad), nil)
	first := s.upstreams()
	if len(first) != 2 || !first[0].Usable || !first[1].Usable || first[0].Name != good || first[0].Mount != "other" {
		t.Errorf("at first: %+v", first)
	}
	for range 2 { // one of them meets the dead one
		s.want(s.get("/x"), 200, "good")
	}
	then := s.upstreams()
	if len(then) != 2 || !then[0].Usable || then[1].Usable || !strings.Contains(then[1].Reason, "connection refused") || then[1].Since.Before(first[1].Since) {
		t.Errorf("after a failure: %+v", then)
	}
	s.reread = func(control.Settings) (*config.Config, error) { return config.Default(t.TempDir()), nil }
	if faults := s.settle(true); faults != "" {
		t.Fatal(faults)
	}
	for len(then) > 0 { // trials of the dead one may be told before
		then = s.upstreams()
	}
}

// TestAnEarlyAnswerIsNotLost although the upstream closes the connection while
// the body is still on its way, which resets it.
func TestAnEarlyAnswerIsNotLost(t *testing.T) {
	url := newScript(t, func(conn net.Conn, _ *http.Request) {
		fmt.Fprint(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large")
	})
	s := newSiteOf(t, mountedAt(t, "/", url), nil)
	for range 20 {
		s.want(s.do(s.request("POST", "/", io.MultiReader(strings.NewReader(strings.Repeat("x", 5<<20))))), 413, "too large")
	}
}

// TestConnectionsToAnUpstream are used again by pages; a form has one of its
// own, because an idle one may end just when it is used.
func TestConnectionsToAnUpstream(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var opened atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(echo), ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}}
	go server.Serve(l)
	defer server.Close()
	s := newSiteOf(t, mountedAt(t, "/", "http://"+l.Addr().String()), nil)
	count := func(method string, n int) int64 {
		before := opened.Load()
		for range n {
			if got := s.do(s.request(method, "/", nil)); got.StatusCode != 200 {
				t.Errorf("%s: %d", method, got.StatusCode)
			}
		}
		return opened.Load() - before
	}
	if n := count("GET", 40); n > 20 { // one comes back a moment after the answer
		t.Errorf("40 pages one after the other needed %d connections", n)
	}
	if n := count("POST", 5); n != 5 {
		t.Errorf("five forms had %d connections", n)
	}
}
