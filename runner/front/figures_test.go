package front

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/metrics"
)

// figure finds a line in a text of figures.
func figure(t *testing.T, text, line string) {
	t.Helper()
	if !strings.Contains("\n"+text, "\n"+line+"\n") {
		t.Errorf("no line %q in\n%s", line, text)
	}
}

func TestFiguresOfAFront(t *testing.T) {
	s := newSite(t, nil)
	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"site.css": "a{}"})
	s.add(text("served"))
	for range 3 {
		s.want(s.get("/"), 200, "served")
	}
	s.want(s.get("/static/site.css"), 200, "a{}")
	s.want(s.get("/livez"), 200, "ok\n")
	s.do(s.request("POST", "/", strings.NewReader(strings.Repeat("x", 11<<20))))
	s.want(s.do(s.request("BREW", "/", nil)), 200, "served")
	c := s.dial()
	c.Write([]byte("nonsense\r\n\r\n"))
	for range 7 { // the last line of a request is written after its figures
		<-s.logged
	}
	var said control.Figures
	ask := func() string {
		t.Helper()
		s.send(control.KindFigures, control.Figures{Number: 7})
		select {
		case m := <-s.figures:
			if err := m.Decode(&said); err != nil || said.Number != 7 {
				t.Fatalf("%v, %+v", err, said)
			}
		case <-time.After(patience):
			t.Fatal("no figures")
		}
		return said.Text
	}
	until(t, "the refusal is counted", func() bool { return strings.Contains(ask(), `dram_requests_refused_total{status="400"} 1`) })
	if _, err := metrics.Parse(said.Text); err != nil {
		t.Error(err)
	}
	for _, line := range []string{
		`dram_requests_total{method="GET",status="200"} 5`, `dram_requests_total{method="POST",status="413"} 1`,
		`dram_requests_total{method="other",status="200"} 1`, `dram_request_duration_seconds_count{by="worker"} 4`,
		`dram_request_duration_seconds_count{by="file"} 1`, `dram_request_duration_seconds_count{by="front"} 2`,
		`dram_upstream_duration_seconds_count 4`, `dram_requests_in_flight 0`, `dram_request_retries_total 0`,
		`dram_cache_requests_total{result="hit"} 0`,
		`dram_connections_refused_total 0`,
	} {
		figure(t, said.Text, line)
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, bounds[0], bounds[0] + 1, time.Hour} {
		h.observe(d)
	}
	if h.buckets[0].Load() != 2 || h.buckets[1].Load() != 1 || h.buckets[len(bounds)].Load() != 1 || h.sum.Load() != int64(time.Hour+2*bounds[0]+1) {
		t.Errorf("%v", &h)
	}
}

// withMetrics lets the site's front read a section [metrics].
func (s *site) withMetrics(m config.Metrics) {
	s.t.Helper()
	s.reread = func(control.Settings) (*config.Config, error) {
		conf := config.Default(s.t.TempDir())
		conf.Metrics = m
		return conf, nil
	}
	s.send(control.KindSettings, control.Settings{Number: 1, Use: true})
	s.hear(control.KindSettled, nil)
}

// answerScrape is the master's answer.
func (s *site) answerScrape(text string) {
	s.t.Helper()
	var asked control.Scrape
	s.hear(control.KindScrape, &asked)
	fd, err := unix.MemfdCreate("figures", 0)
	if err != nil {
		s.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "figures")
	f.WriteString(text)
	s.send(control.KindScraped, asked, f)
}

func TestFiguresAtAPath(t *testing.T) {
	s := newSite(t, nil)
	s.add(text("the app's own"))
	s.want(s.get("/metrics"), 200, "the app's own") // nobody gets them
	s.withMetrics(config.Metrics{Path: "/metrics", Allow: []string{"10.0.0.0/8"}})
	s.want(s.get("/metrics"), 200, "the app's own")
	s.withMetrics(config.Metrics{Path: "/metrics", Allow: []string{"127.0.0.1"}})
	got := make(chan reply, 1)
	go func() { got <- s.get("/metrics") }()
	s.answerScrape("a_total 1\n")
	r := <-got
	if s.want(r, 200, "a_total 1\n"); r.Header.Get("Content-Type") != metrics.ContentType {
		t.Errorf("%v", r.Header)
	}
}

func TestFiguresAtAnAddress(t *testing.T) {
	s := newSite(t, nil)
	f := listenerFile(t)
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s.send(control.KindMetrics, nil, f)
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.NewRequest("GET", "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer := s.do(r)
		return answer.StatusCode, answer.body
	}
	got := make(chan string, 1)
	go func() {
		_, body := get("/metrics")
		got <- body
	}()
	s.answerScrape("a_total 1\n")
	if body := <-got; body != "a_total 1\n" {
		t.Errorf("%q", body)
	}
	if status, body := get("/readyz"); status != 503 || body != "no worker ready, of 0\n" {
		t.Errorf("/readyz: %d %q", status, body)
	}
	if status, _ := get("/other"); status != 404 {
		t.Errorf("/other: %d", status)
	}
	s.withMetrics(config.Metrics{})
	if status, body := get("/metrics"); status != 403 || !strings.Contains(body, "metrics.allow") {
		t.Errorf("a stranger gets %d %q", status, body)
	}
	s.send(control.KindMetrics, nil)
	until(t, "the address is given up", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// TestReasonsAreNotForStrangers: who may have no figures gets no reason either.
func TestReasonsAreNotForStrangers(t *testing.T) {
	s := newSite(t, nil)
	s.want(s.get("/readyz"), 503, "no worker ready, of 0\n")
	s.withMetrics(config.Metrics{})
	s.want(s.get("/readyz"), 503, "not ready\n")
	s.want(s.get("/livez"), 200, "ok\n")
}

// TestReadinessNeedsTheMaster: without its word no worker may be used, so a load
// balancer shall ask elsewhere.
func TestReadinessNeedsTheMaster(t *testing.T) {
	s := newSite(t, func(l *limits) { l.lease = 100 * time.Millisecond })
	s.add(text("served"))
	until(t, "the lease ends", func() bool {
		r := s.get("/readyz")
		return r.StatusCode == 503 && r.body == "no word from the master\n"
	})
	s.want(s.get("/livez"), 200, "ok\n")
	until(t, "the master is heard", func() bool {
		s.send(control.KindBeat, nil)
		return s.get("/readyz").StatusCode == 200
	})
}

func BenchmarkFigures(b *testing.B) {
	var f figures
	t := &turn{exchange: methodOnly{}, status: 200, worker: 1, tries: 1, upstream: time.Millisecond, bytes: 5000}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f.count(t, 2*time.Millisecond)
		}
	})
}

type methodOnly struct{ exchange }

func (methodOnly) Method() string { return "GET" }
