package runner

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests of whole trees run this test binary as an app: a copy of it, with
// a line of settings behind its end, is the app's binary of one version.

const testAppVariable = "RUNNER_TEST_APP"

func TestMain(m *testing.M) {
	if os.Getenv(testAppVariable) != "" {
		Main(newTestApp)
	}
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		p.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0))) // trees of processes mostly wait
	}
	os.Exit(m.Run())
}

// requests are the lines of a front's access log.
var requests = regexp.MustCompile(`(?m)^.* msg=request .*\n`)

// raceOptions keep processes that the race detector watches from sleeping for
// a second before they end, as they do by default.
const raceOptions = "GORACE=atexit_sleep_ms=0"

// site is a directory with an app in it.
type site struct {
	t      *testing.T
	dir    string
	binary string
	env    []string        // more variables for its processes
	change func(*exec.Cmd) // how it is started
}

func newSite(t *testing.T, settings string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.binary = filepath.Join(s.dir, "tester")
	s.install(settings)
	t.Cleanup(func() {
		for _, pid := range s.processes() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		logs, _ := filepath.Glob(filepath.Join(s.dir, "*.log"))
		for _, name := range logs {
			text, _ := os.ReadFile(name)
			if bytes.Contains(text, []byte("DATA RACE")) {
				t.Errorf("a process of the tree has a data race; see %s", name)
			}
			if t.Failed() {
				t.Logf("%s:\n%s", filepath.Base(name), requests.ReplaceAllString(string(text), ""))
			}
		}
	})
	return s
}

// install puts the app's binary with these settings in place, as a deployment
// does: by a rename.
func (s *site) install(settings string) {
	s.t.Helper()
	// A child forked while the binary is open for writing would inherit the
	// descriptor for a moment, and running it would fail with "text file busy"
	// (go.dev/issue/22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		s.t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(s.binary+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o700)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(out, "%255s\n", " "+settings); err != nil {
		s.t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(s.binary+".new", s.binary); err != nil {
		s.t.Fatal(err)
	}
}

// command prepares a call of the app's binary.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.binary, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{testAppVariable + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + os.TempDir(), "DRAM_RELOAD_SOAK=0s", raceOptions}
	cmd.Env = append(cmd.Env, s.env...)
	return cmd
}

// call runs a command to its end.
func (s *site) call(args ...string) (out string, code int) {
	s.t.Helper()
	return s.callBy(s.binary, args...)
}

// callBy is call with another copy of the binary.
func (s *site) callBy(binary string, args ...string) (out string, code int) {
	s.t.Helper()
	cmd := s.command(args...)
	cmd.Path = binary
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	cmd.WaitDelay = patience
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("%v: %v\n%s", args, err, text.String())
	}
	return text.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (s *site) must(args ...string) string {
	s.t.Helper()
	out, code := s.call(args...)
	if code != 0 {
		s.t.Fatalf("%v: exit code %d\n%s", args, code, out)
	}
	return out
}

// running is a process that was started and serves.
type running struct {
	*site
	cmd   *exec.Cmd
	url   string
	log   string        // file of its standard error
	ended chan struct{} // closed when it has ended
}

var listening = regexp.MustCompile(`^listening on (https?://\S+)$`)

// start starts a command that serves, and waits for "listening on" or, with
// gateway, for the line that says where fronts connect.
func (s *site) start(args ...string) *running {
	s.t.Helper()
	return s.startAt(1, args...)
}

// startAt is start for a command that listens at several addresses.
func (s *site) startAt(addresses int, args ...string) *running {
	s.t.Helper()
	r, lines := s.launch(args...)
	for range addresses {
		select {
		case line := <-lines:
			m := listening.FindStringSubmatch(line)
			if m == nil {
				s.t.Fatalf("%v printed %q", args, line)
			}
			r.url = cmp.Or(r.url, m[1])
		case <-r.ended:
			s.t.Fatalf("%v ended at the start", args)
		case <-time.After(patience):
			s.t.Fatalf("%v did not start", args)
		}
	}
	s.t.Cleanup(func() {
		if line, more := <-lines; more { // closed: the process is gone by now
			s.t.Errorf("%v printed one more line on standard output: %q", args, line)
		}
	})
	s.t.Cleanup(func() { r.cmd.Process.Kill() })
	return r
}

// launch starts a command and passes on the lines of its standard output.
func (s *site) launch(args ...string) (*running, <-chan string) {
	s.t.Helper()
	cmd := s.command(args...)
	r := &running{site: s, cmd: cmd, ended: make(chan struct{}), log: filepath.Join(s.dir, args[0]+".log")}
	errOut, err := os.OpenFile(r.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer errOut.Close()
	out, in, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, errOut
	if s.change != nil {
		s.change(cmd)
	}
	err = cmd.Start()
	in.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	lines := make(chan string, 10)
	go func() {
		defer close(lines)
		defer out.Close()
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	go func() {
		defer close(r.ended)
		cmd.Wait()
	}()
	return r, lines
}

// patience bounds every wait; nothing may depend on how long one takes.
const patience = 90 * time.Second

// poll asks until the answer is yes, and reports whether it ever was.
func poll(yes func() bool) bool {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}

// await is poll for a test that cannot go on without.
func (s *site) await(what string, yes func() bool) {
	s.t.Helper()
	if !poll(yes) {
		s.t.Fatalf("waited in vain until %s", what)
	}
}

// processes are the pids of all processes that run a binary of this site.
func (s *site) processes() (pids []int) {
	exes, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range exes {
		target, err := os.Readlink(exe)
		if err != nil || !strings.HasPrefix(target, s.dir+"/") {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(exe, "/proc/%d/exe", &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (s *site) status() status {
	s.t.Helper()
	var out status
	text := s.must("status", "--json")
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		s.t.Fatalf("%v in %s", err, text)
	}
	return out
}

// get answers with the body of a page, which must be there.
func (r *running) get(path string) string {
	r.t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("GET %s: %s, %v\n%s", path, resp.Status, err, body)
	}
	return string(body)
}

// later gets a page in the background and passes on its body.
func (r *running) later(path string) <-chan string {
	body := make(chan string, 1)
	go func() {
		defer close(body)
		resp, err := http.Get(r.url + path)
		if err != nil {
			r.t.Error(err)
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			r.t.Error(err)
			return
		}
		body <- string(text)
	}()
	return body
}

func (r *running) logText() string {
	text, err := os.ReadFile(r.log)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// stop ends a tree by command and checks that nothing is left of it.
func (r *running) stop() {
	r.t.Helper()
	r.must("stop")
	if left := r.processes(); len(left) > 0 {
		r.t.Fatalf("stop returned before these processes had ended: %v", left)
	}
	r.gone()
}

// gone checks that neither a process nor a control socket is left.
func (r *running) gone() {
	r.t.Helper()
	r.await("every process is gone", func() bool { return len(r.processes()) == 0 })
	if _, err := os.Stat(filepath.Join(r.dir, ".dram", "run", "control.sock")); !errors.Is(err, fs.ErrNotExist) {
		r.t.Fatalf("the control socket is still there: %v", err)
	}
}
