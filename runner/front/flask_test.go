package front

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// gunicorn is a real one with the app in testdata/flask.
type gunicorn struct {
	t    *testing.T
	bind string
	cmd  *exec.Cmd
	said *bytes.Buffer
}

// newGunicorn starts two processes of the app at unix:PATH or HOST:PORT.
func newGunicorn(t *testing.T, bind string) *gunicorn {
	t.Helper()
	g := &gunicorn{t: t, bind: bind}
	g.start()
	t.Cleanup(g.kill)
	return g
}

func (g *gunicorn) start() {
	g.t.Helper()
	program, err := exec.LookPath("/usr/bin/gunicorn") // Debian's, which knows Debian's Flask
	if err != nil {
		g.t.Fatalf("this test needs gunicorn and Flask of Debian; .ci/deps installs gunicorn and python3-flask: %v", err)
	}
	g.cmd = exec.Command(program, "--workers", "2", "--bind", g.bind, "--log-level", "warning", "--graceful-timeout", "5", "app:app")
	g.cmd.Dir = filepath.Join("testdata", "flask")
	g.cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	g.said = new(bytes.Buffer)
	g.cmd.Stderr = g.said
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
}

// kill ends all its processes at once.
func (g *gunicorn) kill() {
	syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	_ = g.cmd.Wait() // it was killed
	if g.t.Failed() {
		g.t.Log(g.said)
	}
}

// newFlaskSite is a front with an app of Dram's and Flask at /flask. The same
// app of Dram's is also below /new.
func newFlaskSite(t *testing.T, upstreams ...string) *site {
	t.Setenv("DRAM_ROLE", "worker")
	conf := mountedAt(t, "/flask", upstreams...)
	flask, self := conf.Mounts["other"], config.DefaultMount()
	flask.Health = config.Health{Path: "/healthz", Interval: 50 * time.Millisecond, Timeout: patience, Rise: 1, Fall: 1}
	self.Path, self.App = "/new", config.SelfApp
	conf.Mounts = map[string]config.Mount{"flask": flask, "new": self}
	conf.Secret = strings.Repeat("s", 32)
	app := dram.New(conf, nil)
	app.Get("/", func(c *dram.Context) error { return c.Text("board below " + c.Base() + " links to " + c.URL("about")) })
	app.Get("/about", func(c *dram.Context) error { return c.Text("about") }).Name("about")
	app.Get("/old", func(c *dram.Context) error { return c.Redirect("about") })
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	s := newSiteOf(t, conf, nil)
	s.add(app.ServeHTTP)
	return s
}

// TestFlaskAtAPrefix: an app of each kind in one front, and neither notices.
func TestFlaskAtAPrefix(t *testing.T) {
	dir := t.TempDir()
	newGunicorn(t, "unix:"+filepath.Join(dir, "g.sock"))
	s := newFlaskSite(t, "http+unix:"+filepath.Join(dir, "g.sock"))

	s.want(s.get("/"), 200, "board below  links to /about")
	s.want(s.get("/new/"), 200, "board below /new links to /new/about")
	if got := s.get("/new/old"); got.Header.Get("Location") != "/new/about" {
		t.Errorf("a redirect of Dram's app leads to %q", got.Header.Get("Location"))
	}

	base := "http://" + s.addr
	want := `<link rel=stylesheet href="/flask/static/style.css">
<a href="/flask/hello/%ED%95%9C">hello</a>
` + base + "/flask/ for 127.0.0.1 0"
	s.want(s.get("/flask/"), 200, want)
	s.want(s.get("/flask/hello/%ED%95%9C"), 200, "hello 한")
	s.want(s.get("/flask/static/style.css"), 200, "body { color: #222 }\n")
	if got := s.get("/flask/none"); got.StatusCode != 404 || !strings.Contains(got.body, "not found on the server") {
		t.Errorf("Flask's own 404: %d %s", got.StatusCode, got.body)
	}

	// A redirect with a session, as a browser follows it.
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Transport: s.client.Transport, Jar: jar}
	resp, err := browser.Get(base + "/flask/old")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.Request.URL.Path != "/flask/" || !strings.HasSuffix(string(page), " 1") {
		t.Errorf("the redirect leads to %s with %q", resp.Request.URL, page)
	}

	form := s.request("POST", "/flask/form", strings.NewReader("title=%ED%95%9C"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := s.do(form); got.StatusCode != 200 || !strings.HasPrefix(got.body, "한 by ") {
		t.Errorf("a form: %d %s", got.StatusCode, got.body)
	}
	large := make([]byte, 3<<20)
	rng := rand.NewChaCha8([32]byte{})
	rng.Read(large)
	sum := sha256.Sum256(large)
	s.want(s.do(s.request("POST", "/flask/upload", bytes.NewReader(large))), 200, hex.EncodeToString(sum[:]))
	if got := s.do(s.request("POST", "/flask/upload", bytes.NewReader(make([]byte, 11<<20)))); got.StatusCode != 413 {
		t.Errorf("an upload above the limit: %d", got.StatusCode)
	}

	until := filepath.Join(dir, "until")
	resp, err = s.client.Get(base + "/flask/stream?until=" + url.QueryEscape(until))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "first\n" {
		t.Fatalf("the first line is %q, %v", line, err)
	}
	if err := os.WriteFile(until, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); line != "second\n" {
		t.Fatalf("the second line is %q, %v", line, err)
	}
	s.wantLog("/flask/stream", map[string]any{"status": 200, "mount": "flask", "upstream": "http+unix:" + filepath.Join(dir, "g.sock")})
}

// TestGunicornIsRestarted: it is killed and comes back, and reloads, while
// clients ask for pages. None of them is lost.
func TestGunicornIsRestarted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	g := newGunicorn(t, address)
	s := newFlaskSite(t, "http://"+address)
	flask := s.front.live.Load().mounts.named("flask").app.foreign.all[0]
	usable := func() bool { ok, _ := flask.glance(time.Now()); return ok }
	s.want(s.get("/flask/hello/x"), 200, "hello x")

	var asked, board atomic.Int64
	done := make(chan struct{})
	var clients sync.WaitGroup
	ask := func(path, want string, count *atomic.Int64) {
		for {
			select {
			case <-done:
				return
			default:
				s.want(s.get(path), 200, want)
				count.Add(1)
			}
		}
	}
	for range 4 {
		clients.Go(func() { ask("/flask/hello/x", "hello x", &asked) })
	}
	clients.Go(func() { ask("/about", "about", &board) })
	more := func(count *atomic.Int64) {
		t.Helper()
		before := count.Load()
		until(t, "more answers", func() bool { return count.Load() > before+20 })
	}
	more(&asked)

	g.kill()
	until(t, "ejection", func() bool { return !usable() })
	more(&board) // the other app goes on
	g.start()
	until(t, "return", usable)
	more(&asked)

	pids := make(map[string]bool)
	form := func() string {
		r := s.request("POST", "/flask/form", strings.NewReader("title=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return s.do(r).body
	}
	for len(pids) < 2 {
		pids[form()] = true
	}
	g.cmd.Process.Signal(syscall.SIGHUP)
	until(t, "answers of new processes alone", func() bool {
		for range 10 {
			if pids[form()] {
				return false
			}
		}
		return true
	})
	more(&asked)
	close(done)
	clients.Wait()
}
