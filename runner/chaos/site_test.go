package chaos

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const settingsSize = 256

// site is a directory with an app in it.
type site struct {
	t      *testing.T
	dir    string
	binary string
}

func newSite(t *testing.T, settings string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.binary = filepath.Join(s.dir, "tester")
	s.install(settings)
	s.configure("")
	t.Cleanup(func() {
		for _, pid := range s.processes() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		if t.Failed() {
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Logf("log:\n%s", requestLines.ReplaceAll(text, nil))
		}
	})
	return s
}

// requestLines are those of a front's access log.
var requestLines = regexp.MustCompile(`(?m)^.* msg=request .*\n`)

// install puts the app's binary with these settings in place by a rename, as a
// deployment does.
func (s *site) install(settings string) {
	s.t.Helper()
	s.put(s.binary+".new", settings, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
	if err := os.Rename(s.binary+".new", s.binary); err != nil {
		s.t.Fatal(err)
	}
}

// overwrite puts it where the old one is, as cp does: the same file has
// another content.
func (s *site) overwrite(settings string) {
	s.t.Helper()
	s.put(s.binary, settings, os.O_WRONLY|os.O_TRUNC)
}

func (s *site) put(path, settings string, flags int) {
	s.t.Helper()
	// A child forked while the binary is open for writing would inherit the
	// descriptor for a moment, and running it would fail with "text file busy"
	// (go.dev/issue/22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := os.Open(appBinary)
	if err != nil {
		s.t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, flags, 0o700)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err == nil {
		_, err = fmt.Fprintf(out, "%*s\n", settingsSize-1, " "+settings)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure writes dram.toml: what all scenarios have, and this.
func (s *site) configure(text string) {
	s.t.Helper()
	s.write("dram.toml", "[reload]\nsoak = \"200ms\"\n"+text)
}

func (s *site) exists(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, name))
	return err == nil
}

func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.binary, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{appVariable + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + os.TempDir()}
	return cmd
}

// call runs a command to its end.
func (s *site) call(args ...string) (out string, code int) {
	s.t.Helper()
	cmd := s.command(args...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop()
	err := cmd.Wait()
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

// tree is a master and its processes.
type tree struct {
	*site
	cmd   *exec.Cmd
	url   string
	ended chan struct{} // closed when the master has ended
}

// serve starts the app as in production, two workers unless flags say
// otherwise.
func (s *site) serve(flags ...string) *tree {
	s.t.Helper()
	cmd := s.command(append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	cmd.Stderr = s.openLog()
	return s.run(cmd)
}

// openLog opens the file that trees log to.
func (s *site) openLog() *os.File {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { log.Close() })
	return log
}

// run starts a prepared command that serves.
func (s *site) run(cmd *exec.Cmd) *tree {
	s.t.Helper()
	r := &tree{site: s, cmd: cmd, ended: make(chan struct{})}
	out, in, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdout = in
	err = cmd.Start()
	in.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	line := make(chan string, 1)
	go func() {
		defer out.Close()
		text, _ := bufio.NewReader(out).ReadString('\n')
		line <- text
		io.Copy(io.Discard, out)
	}()
	go func() {
		defer close(r.ended)
		cmd.Wait()
	}()
	select {
	case text := <-line:
		url, ok := strings.CutPrefix(strings.TrimSpace(text), "listening on ")
		if !ok {
			s.t.Fatalf("%v printed %q", cmd.Args, text)
		}
		r.url = url
	case <-time.After(patience):
		s.t.Fatalf("%v did not start", cmd.Args)
	}
	s.t.Cleanup(func() { cmd.Process.Kill() })
	return r
}

// patience bounds every wait; nothing may depend on how long one takes.
const patience = 2 * time.Minute

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
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(exe))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// status is the part of `status --json` that scenarios look at.
type status struct {
	State      string
	Generation int
	Build      string
	PID        int
	Addresses  []string
	Front      *process
	Workers    []process
	Reload     *struct {
		OK     bool
		Reason string
	}
}

type process struct {
	ID, PID, Generation, Restarts int
	State                         string
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

// settled waits until all workers and the front are ready, and nothing else
// runs.
func (r *tree) settled(workers int) status {
	r.t.Helper()
	var st status
	r.await("the tree has settled", func() bool {
		st = r.status()
		ready := func(p process) bool { return p.State == "ready" && p.Generation == st.Generation }
		return st.State == "serving" && st.Front != nil && st.Front.State == "ready" &&
			len(st.Workers) == workers && !slices.ContainsFunc(st.Workers, func(p process) bool { return !ready(p) })
	})
	return st
}

// get fetches a page, which must be there.
func (r *tree) get(path string) string {
	r.t.Helper()
	body, err := r.fetch(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return body
}

// fetch fetches a page over a connection of its own.
func (r *tree) fetch(path string) (string, error) {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := c.Get(r.url + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s, %v\n%.300s", path, resp.Status, err, body)
	}
	return string(body), nil
}

// version is that of the page.
func (r *tree) version() string {
	r.t.Helper()
	text, _, _ := strings.Cut(r.get("/"), "\n")
	return strings.TrimPrefix(text, "version ")
}

func (s *site) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// stop ends the tree and checks that nothing is left of it.
func (r *tree) stop() {
	r.t.Helper()
	r.must("stop")
	r.gone()
}

func (r *tree) gone() {
	r.t.Helper()
	r.await("every process is gone", func() bool { return len(r.processes()) == 0 })
	<-r.ended
}
