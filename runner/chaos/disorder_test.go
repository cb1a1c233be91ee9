package chaos

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func (s *site) remove(name string) {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// dial opens a connection to the front and sends what is given.
func (r *tree) dial(text string) net.Conn {
	r.t.Helper()
	return r.dialAt(r.url, text)
}

// dialAt is dial for a URL, which may be one of https.
func (r *tree) dialAt(url, text string) net.Conn {
	r.t.Helper()
	scheme, address, _ := strings.Cut(url, "://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		r.t.Fatal(err)
	}
	if scheme == "https" {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	r.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// Scenario 15: somebody cleans up below a running tree.
func TestRemovedRunDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond))
	for _, name := range []string{".dram/run/control.sock", ".dram/run"} {
		b.flows(100)
		s.remove(name)
		s.await("commands reach the master again", func() bool { _, code := s.call("status"); return code == 0 })
		s.install("version=2")
		r.must("reload")
	}
	b.flows(100)
	b.finish(budget{})
	r.stop()
}

// Scenario 16: everything at once, with a defined end.
func TestCommandsAtOnce(t *testing.T) {
	t.Parallel()
	random := chance(t)
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond))
	b.flows(100)
	s.install("version=2")
	codes := make([]int, times(4, 8))
	var callers sync.WaitGroup
	for i := range codes {
		callers.Go(func() { _, codes[i] = s.call([]string{"reload", "upgrade"}[i%2]) })
	}
	for range times(20, 200) {
		r.cmd.Process.Signal([]os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGCHLD}[random.IntN(5)])
	}
	callers.Wait()
	for _, code := range codes {
		if code != 0 && code != 5 {
			t.Errorf("exit codes %v, want 0 or 5", codes)
		}
	}
	s.await("the last reload has ended", func() bool { return r.status().State == "serving" })
	r.settled(2)
	if v := r.version(); v != "2" {
		t.Errorf("version %s serves", v)
	}
	b.flows(100)
	b.finish(budget{})
	// TERM in the middle of a reload.
	s.install("version=3 start=hang")
	hanging := make(chan int)
	go func() { _, code := s.call("reload"); hanging <- code }()
	s.await("the reload has begun", func() bool { return r.status().State == "reloading" })
	r.cmd.Process.Signal(syscall.SIGTERM)
	if code := <-hanging; code == 0 {
		t.Error("the reload that the end called off succeeded")
	}
	r.gone()
}

// Scenario 24: clients leave in the middle of what they send or get. Their
// handlers are told, the log says so, and no connection to a worker is spoiled
// for others.
func TestClientsLeave(t *testing.T) {
	t.Parallel()
	random := chance(t)
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond))
	b.flows(50)
	n := times(12, 300)
	for i := range n {
		name, want := fmt.Sprintf("left-%d", i), "context"
		head := fmt.Sprintf("GET /watch/%s HTTP/1.1\r\nHost: h\r\n\r\n", name)
		if i%2 == 1 {
			// Larger than what the front reads whole before a worker sees it.
			want = "body"
			head = fmt.Sprintf("POST /watch/%s HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n", name) +
				strings.Repeat("x", 100_000+random.IntN(800_000))
		}
		conn := r.dial(head)
		s.await("the handler runs", func() bool { return s.exists(name + ".begun") })
		if i%2 == 0 {
			io.CopyN(io.Discard, conn, random.Int64N(10_000))
		}
		if random.IntN(2) == 0 {
			conn.(*net.TCPConn).SetLinger(0) // by a reset
		}
		conn.Close()
		s.await("the handler was told: "+want, func() bool {
			text, _ := os.ReadFile(filepath.Join(s.dir, name))
			return string(text) == want
		})
	}
	b.flows(100)
	b.finish(budget{})
	r.stop()
	told := 0
	for text := range strings.Lines(s.log()) {
		switch {
		case !strings.Contains(text, " path=/watch/"):
		case strings.Contains(text, `reason="client gone"`):
			told++
		default:
			t.Errorf("the access log does not say that the client went: %s", text)
		}
	}
	if told != n {
		t.Errorf("the access log says of %d requests that their clients went, want %d", told, n)
	}
}

// Missing scenario (h): a request that takes longer than it may is answered
// 504, and none of its neighbours notices.
func TestLongRequestBesidePosts(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.configure("[workers]\nrequest_timeout = \"1s\"\ngraceful_timeout = \"1s\"\n")
	r := s.serve()
	before := r.settled(2)
	b := r.begin(r.posts(16, time.Millisecond), r.reads(8, 20*time.Millisecond))
	b.flows(100)
	for i := range times(2, 20) {
		resp, err := http.Get(fmt.Sprintf("%s/until/never-%d", r.url, i))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("answered with %s", resp.Status)
		}
		b.flows(100)
	}
	b.finish(budget{})
	after := r.settled(2)
	for i := range after.Workers {
		if after.Workers[i].PID != before.Workers[i].PID {
			t.Errorf("worker %d was replaced", after.Workers[i].ID)
		}
	}
	r.stop()
}

// Missing scenario (d): the whole tree stands still for longer than any lease,
// as in a virtual machine that is moved. Afterwards nobody is taken for dead.
func TestPausedTree(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	before := r.settled(2)
	b := r.begin(r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond))
	for range times(1, 5) {
		b.flows(100)
		pids := s.processes()
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGSTOP)
		}
		time.Sleep(12 * time.Second) // more than control.Lease
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGCONT)
		}
		b.flows(100)
	}
	b.finish(budget{})
	after := r.settled(2)
	if after.Front.PID != before.Front.PID || after.Workers[0].PID != before.Workers[0].PID || after.Workers[1].PID != before.Workers[1].PID {
		t.Errorf("before %+v, after %+v", before, after)
	}
	r.stop()
}

// Scenario 18: streams and upgraded connections outlive a reload, and an
// upgrade, until their time is over; whoever comes again gets the new version.
func TestStreamsOverReload(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"reload", "upgrade"} {
		for _, secure := range []bool{false, true} {
			t.Run(verb+map[bool]string{true: " over https"}[secure], func(t *testing.T) {
				t.Parallel()
				streamsOver(t, verb, secure)
			})
		}
	}
}

func streamsOver(t *testing.T, verb string, secure bool) {
	const events, upgrade = "GET /events HTTP/1.1\r\nHost: h\r\n\r\n", "GET /raw HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n"
	s := newSite(t, "version=1")
	s.encrypt("[workers]\ngraceful_timeout = \"8s\"\n")
	r := s.serve()
	b := r.begin(r.plan(8, 5*time.Millisecond))
	b.flows(50)
	url := r.url
	if secure {
		url = r.secure()
	}
	stream, raw := bufio.NewReader(r.dialAt(url, events)), r.dialAt(url, upgrade)
	lines := bufio.NewReader(raw)
	skipTo(t, stream, "data: 1")
	skipTo(t, lines, "\r\n")
	echo := func() string {
		fmt.Fprintln(raw, "hello")
		line, _ := lines.ReadString('\n')
		return strings.TrimSpace(line)
	}
	if got := echo(); got != "1 hello" {
		t.Fatalf("%q", got)
	}
	s.install("version=2")
	done := make(chan int, 1)
	go func() { _, code := s.call(verb); done <- code }()
	s.await("the new version serves", func() bool { return r.version() == "2" })
	if got := echo(); got != "1 hello" {
		t.Errorf("after the %s: %q", verb, got)
	}
	skipTo(t, stream, "data: 1")
	// Their time is over.
	if _, err := io.Copy(io.Discard, stream); err != nil {
		t.Logf("the stream ended with %v", err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Logf("the upgraded connection ended with %v", err)
	}
	if code := <-done; code != 0 {
		t.Errorf("%s: exit code %d", verb, code)
	}
	again := r.dialAt(url, events)
	skipTo(t, bufio.NewReader(again), "data: 2")
	again.Close()
	b.flows(50)
	b.finish(budget{})
	r.stop()
}

// skipTo reads lines until one contains this.
func skipTo(t *testing.T, r *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, text) && (text != "\r\n" || line == text) {
			return
		}
		if err != nil {
			t.Fatalf("no %q before %v", text, err)
		}
	}
}

// Scenario 26: all workers write to one SQLite file while new versions migrate
// it.
func TestWritesWhileMigrating(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1 db=yes")
	r := s.serve()
	p := r.posts(8, time.Millisecond)
	p.Post = "/write"
	b := r.begin(p)
	n := times(3, 30)
	for i := 2; i <= n+1; i++ {
		b.flows(50)
		s.install(fmt.Sprintf("version=%d db=yes", i))
		r.must("reload")
	}
	b.flows(50)
	b.finish(budget{})
	if out := s.must("migrate", "status"); strings.Count(out, "applied") != n+1 {
		t.Errorf("migrations:\n%s", out)
	}
	r.stop()
}
