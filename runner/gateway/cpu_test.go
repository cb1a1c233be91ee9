package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/wire"
)

// serveVariable makes this test binary a worker for TestCPUPerRequest: "http"
// or "dgi".
const serveVariable = "DRAM_TEST_SERVE"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveVariable); kind != "" {
		serveInChild(kind)
		return
	}
	os.Exit(m.Run())
}

// dynamicPage is what both servers answer: 5 KiB with a few fields.
func dynamicPage(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/cpu":
		var used unix.Rusage
		_ = unix.Getrusage(unix.RUSAGE_SELF, &used)
		fmt.Fprint(w, used.Utime.Nano()+used.Stime.Nano())
		return
	case "/memory":
		b, _ := os.ReadFile("/proc/self/status")
		_, rest, _ := strings.Cut(string(b), "VmRSS:")
		kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		fmt.Fprint(w, kib)
		return
	case "/stream":
		w.(http.Flusher).Flush()
		for range 2 {
			select {
			case <-time.After(2 * time.Second):
			case <-r.Context().Done():
				return
			}
			io.WriteString(w, "data: tick\n\n")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	io.WriteString(w, pageOf5KiB)
}

var pageOf5KiB = strings.Repeat("<p>A line of a dynamic page, as templates make them.</p>\n", 90)

// serveInChild serves on the socket at descriptor 3 until standard input ends.
func serveInChild(kind string) {
	file := os.NewFile(3, "socket")
	if path := os.Getenv("DRAM_TEST_PROFILE"); path != "" {
		f, _ := os.Create(path + "." + kind)
		_ = pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	if kind == "http" {
		l, err := net.FileListener(file)
		if err != nil {
			panic(err)
		}
		go http.Serve(l, http.HandlerFunc(dynamicPage))
	} else {
		link, err := wire.NewLink(file)
		if err != nil {
			panic(err)
		}
		s, err := NewServer(http.HandlerFunc(dynamicPage), slog.Default())
		if err != nil {
			panic(err)
		}
		l := wire.NewListener()
		l.Add(link)
		go s.Serve(l)
	}
	io.Copy(io.Discard, os.Stdin)
}

// child is a server in a process of its own. get sends one request over a
// connection of the caller's.
type child struct {
	dial func() (get func(path string) (string, error), end func())
}

func startChild(t *testing.T, kind string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+kind)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{}
	if kind == "http" {
		path := filepath.Join(t.TempDir(), "s")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		cmd.ExtraFiles = []*os.File{f}
		t.Cleanup(func() { f.Close(); l.Close() })
		c.dial = func() (func(string) (string, error), func()) { return dialHTTP(t, path) }
	} else {
		ours, theirs, err := wire.Pair()
		if err != nil {
			t.Fatal(err)
		}
		cmd.ExtraFiles = []*os.File{theirs}
		link, err := wire.NewLink(ours)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { link.Close(); theirs.Close() })
		buffers := wire.NewBuffers()
		c.dial = func() (func(string) (string, error), func()) { return dialDGI(t, link, buffers) }
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	return c
}

func dialHTTP(t *testing.T, path string) (func(string) (string, error), func()) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	r := bufio.NewReaderSize(conn, 16<<10)
	return func(path string) (string, error) {
		_, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: board.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html\r\n"+
			"Accept-Encoding: gzip\r\nAccept-Language: ko\r\nCookie: session=0123456789abcdef\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\nX-Request-Id: abcdef\r\n\r\n")
		if err != nil {
			return "", err
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return "", err
		}
		if path == "/stream" {
			return "", nil
		}
		b, err := io.ReadAll(resp.Body)
		return string(b), err
	}, func() { conn.Close() }
}

func dialDGI(t *testing.T, link *wire.Link, buffers *wire.Buffers) (func(string) (string, error), func()) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	below, err := link.Dial(ctx)
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	c := wire.NewConn(below, wire.Front, buffers, 0)
	if err := c.Greet(); err != nil {
		t.Error(err)
		return nil, nil
	}
	return func(path string) (string, error) {
		r := &wire.Request{Method: "GET", Target: path, Host: "board.example", Major: 1, Minor: 1, Whole: true,
			Facts: wire.Facts{Client: "203.0.113.9:1234", Local: "192.0.2.1:80", Scheme: "http", ID: "abcdef", Remaining: time.Minute},
			Header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"}, "Accept": {"text/html"}, "Accept-Encoding": {"gzip"}, "Accept-Language": {"ko"},
				"Cookie": {"session=0123456789abcdef"}, "X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"http"}, "X-Request-Id": {"abcdef"}}}
		if path == "/stream" {
			_, err := c.WriteRequest(r, nil, true)
			if err == nil {
				err = c.ReadResponse(new(wire.Response), "GET")
			}
			return "", err
		}
		_, body, err := ask(c, r, "")
		return body, err
	}, func() { c.Close() }
}

// load sends n requests over 64 connections, each connection pausing between
// two, and returns the CPU time of the server for one.
func (c *child) load(t *testing.T, n int, pause time.Duration) time.Duration {
	t.Helper()
	const connections = 64
	first, end := c.dial()
	defer end()
	cpu := func() int64 {
		s, err := first("/cpu")
		v, _ := strconv.ParseInt(s, 10, 64)
		if err != nil || v == 0 {
			t.Fatalf("%q, %v", s, err)
		}
		return v
	}
	var clients sync.WaitGroup
	begin := make(chan struct{})
	for i := range connections {
		get, end := c.dial()
		clients.Go(func() {
			defer end()
			<-begin
			time.Sleep(pause * time.Duration(i) / connections)
			for range n / connections {
				if body, err := get("/"); err != nil || body != pageOf5KiB {
					t.Errorf("%d bytes, %v", len(body), err)
					return
				}
				time.Sleep(pause)
			}
		})
	}
	before := cpu()
	close(begin)
	clients.Wait()
	return time.Duration((cpu() - before) / int64(n))
}

// TestCPUPerRequest measures a worker against net/http on a keep-alive unix
// socket with the same handler and load, and judges only what was answered.
// With -v it logs the figures; DRAM_MEASURE makes it long enough to mean
// something.
func TestCPUPerRequest(t *testing.T) {
	n, rounds := 640, 1
	if os.Getenv("DRAM_MEASURE") != "" {
		n, rounds = 40_000, 5
	}
	servers := map[string]*child{"http": startChild(t, "http"), "dgi": startChild(t, "dgi")}
	for _, at := range []struct {
		name  string
		n     int
		pause time.Duration
	}{{"saturation", n, 0}, {"2,000 rps", n / 4, 32 * time.Millisecond}} {
		used := map[string][]time.Duration{}
		for range rounds {
			for kind, s := range servers {
				used[kind] = append(used[kind], s.load(t, at.n, at.pause))
			}
		}
		for _, all := range used {
			slices.Sort(all)
		}
		a, b := used["dgi"], used["http"]
		t.Logf("%s: worker %v (%v–%v), net/http %v (%v–%v) a request: %.2f", at.name, a[len(a)/2], a[0], a[len(a)-1], b[len(b)/2], b[0], b[len(b)-1],
			float64(a[len(a)/2])/float64(b[len(b)/2]))
	}
}

// TestManySlowStreams holds many streams open in one worker while others get
// their pages.
func TestManySlowStreams(t *testing.T) {
	streams := 200
	if os.Getenv("DRAM_MEASURE") != "" {
		streams = 10_000
	}
	s := startChild(t, "dgi")
	get, end := s.dial()
	defer end()
	memory := func() int {
		text, err := get("/memory")
		kib, _ := strconv.Atoi(text)
		if err != nil || kib == 0 {
			t.Fatalf("%q, %v", text, err)
		}
		return kib
	}
	calm := s.load(t, 640, 0)
	before := memory()
	for range streams {
		open, end := s.dial()
		if open == nil {
			t.FailNow()
		}
		defer end()
		if _, err := open("/stream"); err != nil {
			t.Fatal(err)
		}
	}
	after := memory()
	begun := time.Now()
	for range 1000 {
		if body, err := get("/"); err != nil || body != pageOf5KiB {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
	}
	t.Logf("%d streams: %.1f KiB each (RSS %d to %d KiB); beside them %v a page, CPU %v, before %v",
		streams, float64(after-before)/float64(streams), before, after, time.Since(begun)/1000, s.load(t, 640, 0), calm)
}
