package devserver

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A change of Go code is seen, one that breaks the build or the start leaves
// the process of before in place and says where the fault is.
func TestLastGoodProcessStays(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	dev := startDev(t, dir, Options{NoAir: true})
	dev.want("/greeting", "first") // waits for the first build

	edit(t, dir, "main.go", `greeting = "first"`, `greeting = "second"`)
	dev.want("/greeting", "second")
	_, pid := dev.get("/pid")

	edit(t, dir, "main.go", `const greeting = "second"`, "const greeting = 2nd")
	dev.want("/pid", pid) // held until the build has failed, then served
	s := dev.state()
	if s.Phase != phaseFailed || s.Problem == nil || s.Problem.Kind != problemBuild {
		t.Fatalf("after a broken build: %+v", s)
	}
	at := s.Problem.Locations[0]
	if at.File != "main.go" || at.Line != 17 || at.Col == 0 || at.Frame == nil || at.Frame.First != 12 {
		t.Errorf("location of the fault: %+v", at)
	}
	if got := at.Frame.Lines[at.Line-at.Frame.First]; got != "const greeting = 2nd" {
		t.Errorf("line in the code frame: %q", got)
	}

	edit(t, dir, "main.go", "2nd", `"third"`)
	dev.want("/greeting", "third")
	if s := dev.awaitPhase(phaseOK); s.Problem != nil {
		t.Errorf("the problem stays after it was mended: %+v", s.Problem)
	}
	_, pid = dev.get("/pid")

	write(t, dir, "extra.go", "package main\n\nfunc init() { panic(\"not today\") }\n")
	dev.want("/pid", pid)
	s = dev.state()
	if s.Phase != phaseCrashed || s.Problem.Kind != problemStart || s.Problem.Message != "not today" {
		t.Fatalf("after a panic in init: %+v %+v", s, s.Problem)
	}
	if at := s.Problem.Locations[0]; at.File != "extra.go" || at.Line != 3 || at.Frame == nil {
		t.Errorf("location of the panic: %+v", at)
	}
	if err := os.Remove(filepath.Join(dir, "extra.go")); err != nil {
		t.Fatal(err)
	}
	dev.want("/greeting", "third")
	dev.awaitPhase(phaseOK)

	dev.stop()
	if n, _ := strconv.Atoi(pid); alive(n) {
		t.Errorf("process %s was left behind", pid)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".dram/dev/app-*")); len(left) > 0 {
		t.Errorf("binaries left behind: %v", left)
	}
	if strings.Count(dev.stderr.String(), "listening on") != 0 {
		t.Error("the app's own address was shown")
	}
}

// What each kind of file leads to, on a real app.
func TestOnlyWhatIsNeeded(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	dev := startDev(t, dir, Options{NoAir: true})
	dev.want("/notes", "note\n")
	before := dev.awaitPhase(phaseOK)
	_, pid := dev.get("/pid")

	// An editor's atomic save, temporary files and a directory with a file in
	// it, all in one go, and no content changed: a navigation looks, so that
	// after it nothing can be pending.
	source, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "main.go", string(source))
	write(t, dir, "4913", "")
	write(t, dir, ".main.go.swp", "x")
	write(t, dir, "main.go.bak", "x")
	write(t, dir, "main_test.go", "package main\n")
	dev.want("/pid", pid)
	if s := dev.state(); s.Build != before.Build || s.Version != before.Version {
		t.Errorf("files without meaning led to %+v, before it was %+v", s, before)
	}

	edit(t, dir, "templates/index.html", "Hello", "Hallo")
	if _, body := dev.get("/"); !strings.Contains(body, "Hallo") {
		t.Errorf("page after a change of its template: %s", body)
	}
	s := dev.state()
	if s.Build != before.Build || s.Version == before.Version || s.Phase != phaseOK {
		t.Errorf("a template led to %+v", s)
	}

	version := s.Version
	edit(t, dir, "static/css/site.css", "3)", "4)")
	dev.get("/")
	s = dev.state()
	if s.Version != version || s.Styles != 1 || s.Changed[0] != "css/site.css" {
		t.Errorf("a stylesheet led to %+v", s)
	}
	dev.want("/pid", pid)

	write(t, dir, ".env", "COLOUR=green\n")
	dev.want("/env?name=COLOUR", "green")
	if s = dev.state(); s.Build != before.Build || strconv.Itoa(s.PID) == pid {
		t.Errorf(".env led to %+v, process before %s", s, pid)
	}

	write(t, dir, "sub/sub.go", "package sub\n\nconst Word = \"sub\"\n")
	edit(t, dir, "main.go", `"syscall"`, "\"syscall\"\n\n\t\"fakeapp/sub\"")
	edit(t, dir, "main.go", `greeting = "first"`, `greeting = sub.Word`)
	dev.want("/greeting", "sub")
	write(t, dir, "notes.txt", "embedded\n")
	dev.want("/notes", "embedded\n")
}

// A process that ends by itself is explained, and started again on demand.
func TestCrashWhileServing(t *testing.T) {
	t.Parallel()
	dev := startDev(t, fakeApp(t), Options{NoAir: true})
	dev.want("/greeting", "first")
	status, body := dev.get("/exit")
	if status != http.StatusBadGateway || !strings.Contains(body, "asked to fall over") {
		t.Errorf("answer of a process that died: %d %s", status, body)
	}
	if s := dev.awaitPhase(phaseCrashed); s.Problem.Kind != problemCrash || s.PID != 0 {
		t.Errorf("state after the crash: %+v", s)
	}
	dev.want("/greeting", "first")
	if s := dev.awaitPhase(phaseOK); s.Problem != nil {
		t.Errorf("state after the restart: %+v", s)
	}
}

// With no process at all there is a page that says why, with the code.
func TestFirstBuildFails(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	edit(t, dir, "main.go", `"first"`, `first`)
	dev := startDev(t, dir, Options{NoAir: true})
	req, _ := http.NewRequest("GET", dev.url+"/", nil)
	req.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("status %d", resp.StatusCode)
	}
	for _, part := range []string{"undefined: first", "main.go:17", "const greeting = first", clientPath} {
		if !strings.Contains(string(body), part) {
			t.Errorf("the page has no %q:\n%s", part, body)
		}
	}
	edit(t, dir, "main.go", `= first`, `= "mended"`)
	dev.want("/greeting", "mended")
}

// Nobody is refused and nobody sees an error while processes are swapped.
func TestSwapsLoseNothing(t *testing.T) {
	t.Parallel()
	const swaps, clients = 10, 100
	dir := fakeApp(t)
	write(t, dir, "dram.toml", "# 0\n")
	dev := startDev(t, dir, Options{NoAir: true})
	dev.want("/greeting", "first")

	stop := make(chan struct{})
	var served, wrong atomic.Int64
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	for range clients {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				// A request of a page that is there: it is not held, so it
				// meets whatever process serves right now.
				req, _ := http.NewRequest("GET", dev.url+"/greeting", nil)
				req.Header.Set("Sec-Fetch-Mode", "cors")
				resp, err := client.Do(req)
				if err != nil {
					wrong.Add(1)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || string(body) != "first" {
					wrong.Add(1)
				}
				served.Add(1)
			}
		})
	}
	for i := range swaps {
		pid := dev.state().PID
		write(t, dir, "dram.toml", fmt.Sprintf("# %d\n", i+1))
		dev.await("another process serves", func(s state) bool { return s.PID != pid && s.Phase == phaseOK })
	}
	close(stop)
	all.Wait()
	if wrong.Load() > 0 || served.Load() == 0 {
		t.Errorf("%d of %d requests went wrong", wrong.Load(), served.Load())
	}
}

// A stream of the old page goes on while something is built.
func TestStreamDuringBuild(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	dev := startDev(t, dir, Options{NoAir: true})
	dev.want("/greeting", "first")
	req, _ := http.NewRequest("GET", dev.url+"/ticks", nil)
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	edit(t, dir, "main.go", `"first"`, `first`)
	dev.awaitPhase(phaseFailed)
	event := make([]byte, len("data: tick\n\n"))
	for range 3 {
		if _, err := io.ReadFull(resp.Body, event); err != nil || string(event) != "data: tick\n\n" {
			t.Fatalf("the stream broke: %q, %v", event, err)
		}
	}
}

func TestOneDevServerPerApp(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	dev := startDev(t, dir, Options{NoAir: true})
	err := Run(t.Context(), Options{Dir: dir, Listen: "127.0.0.1:0", Stdout: io.Discard, Stderr: io.Discard})
	if err == nil || !strings.Contains(err.Error(), dev.url) {
		t.Errorf("a second dev server in the same directory: %v", err)
	}
}

func TestRunNeedsAModule(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), Options{Dir: t.TempDir(), Stdout: io.Discard, Stderr: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "no go.mod") {
		t.Errorf("without a module: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = Run(t.Context(), Options{Dir: fakeApp(t), Listen: taken.Addr().String(), Stdout: io.Discard, Stderr: io.Discard})
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("an explicit port that is taken: %v", err)
	}
}

func TestNextFreePort(t *testing.T) {
	// Port 3000 is taken by this test, or by whatever else the machine runs.
	if taken, err := net.Listen("tcp", "127.0.0.1:3000"); err == nil {
		defer taken.Close()
	}
	dev := startDev(t, fakeApp(t), Options{NoAir: true, Listen: "default"})
	if strings.HasSuffix(dev.url, ":3000") || !strings.HasPrefix(dev.url, "http://localhost:30") {
		t.Errorf("listening on %s", dev.url)
	}
	if n := strings.Count(dev.stderr.String(), "3000 is in use"); n != 1 {
		t.Errorf("said %d times that the port is in use:\n%s", n, dev.stderr)
	}
}
