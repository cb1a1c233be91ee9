package devserver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that must come. It is not a
// measure of anything: the machine may be busy with other packages.
const patience = 90 * time.Second

// TestMain lets the test binary be what the dev server's command line is
// elsewhere: the poke command, and a dev server that can be killed.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "__poke":
		if err := Poke(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) == 3 && os.Args[1] == "__devserver":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		if err := Run(ctx, Options{Dir: os.Args[2], Listen: "127.0.0.1:0", PokeCommand: pokeCommand()}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

func pokeCommand() []string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{self, "__poke"}
}

// fakeApp writes the fake app into a directory of its own.
func fakeApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/fakeapp")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "go.mod", "module fakeapp\n\ngo 1.26.0\n")
	return dir
}

// running is a dev server under test.
type running struct {
	t      *testing.T
	dir    string
	url    string
	stderr *syncBuffer
	stop   func() // ends Run and waits for it
}

// startDev runs a dev server for dir with a poller and waits until it accepts.
func startDev(t *testing.T, dir string, opts Options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stdout, stderr := newSyncBuffer(), newSyncBuffer()
	opts.Dir, opts.Stdout, opts.Stderr = dir, stdout, stderr
	switch opts.Listen {
	case "":
		opts.Listen = "127.0.0.1:0"
	case "default":
		opts.Listen = ""
	}
	done := make(chan error, 1)
	go func() { done <- Run(ctx, opts); stdout.Close() }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("the dev server said:\n%s", stderr)
		}
	})
	line, err := bufio.NewReader(stdout.Reader()).ReadString('\n')
	if err != nil {
		t.Fatalf("the dev server did not begin: %v", <-done)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("first line of the standard output: %q", line)
	}
	return &running{t: t, dir: dir, url: url, stderr: stderr, stop: stop}
}

// get answers the body of a page, which is awaited as a navigation is.
func (r *running) get(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// want fails unless a page is answered 200 with exactly that text.
func (r *running) want(path, text string) {
	r.t.Helper()
	if status, body := r.get(path); status != http.StatusOK || body != text {
		r.t.Fatalf("GET %s: %d %q, want 200 %q", path, status, body, text)
	}
}

func (r *running) state() state {
	r.t.Helper()
	_, body := r.get(devPrefix + "state")
	var s state
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		r.t.Fatal(err)
	}
	return s
}

// await reads the event stream until a state is as it should be.
func (r *running) await(what string, ok func(state) bool) state {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", r.url+devPrefix+"events", nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var last string
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		last = data
		var s state
		if err := json.Unmarshal([]byte(data), &s); err != nil {
			r.t.Fatal(err)
		}
		if ok(s) {
			return s
		}
	}
	r.t.Fatalf("no state came in which %s; the last was %s", what, last)
	return state{}
}

func (r *running) awaitPhase(p phase) state {
	r.t.Helper()
	return r.await("the phase is "+string(p), func(s state) bool { return s.Phase == p })
}

// syncBuffer keeps what is written and can be read as it comes.
type syncBuffer struct {
	mu     sync.Mutex
	more   *sync.Cond
	text   []byte
	closed bool
}

func newSyncBuffer() *syncBuffer {
	b := &syncBuffer{}
	b.more = sync.NewCond(&b.mu)
	return b
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	b.more.Broadcast()
	return len(p), nil
}

func (b *syncBuffer) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.more.Broadcast()
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}

// Reader reads from the beginning and waits at the end.
func (b *syncBuffer) Reader() io.Reader { return &syncReader{b: b} }

type syncReader struct {
	b  *syncBuffer
	at int
}

func (r *syncReader) Read(p []byte) (int, error) {
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	for r.at == len(r.b.text) {
		if r.b.closed {
			return 0, io.EOF
		}
		r.b.more.Wait()
	}
	n := copy(p, r.b.text[r.at:])
	r.at += n
	return n, nil
}

// eventually polls until ok, with a deadline.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to this: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
