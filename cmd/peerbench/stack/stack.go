package stack

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// Stack is a running stack of servers.
type Stack struct {
	Name string
	URL  string // of its root, http or https, without a slash at the end
	// Front is the process that clients talk to, with its descendants.
	Front int

	dir       string
	processes []*exec.Cmd
}

// Missing is a peer that is not installed.
type Missing struct{ Program string }

func (m *Missing) Error() string { return m.Program + " is not installed" }

// boot is how long servers may take until they answer.
const boot = 30 * time.Second

// find returns the path of a program, one of Debian's if it is there.
func find(name string) (string, error) {
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path, nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", &Missing{name}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// start starts a process whose output goes to a file of the stack's directory.
func (s *Stack) start(name string, env []string, program string, args ...string) (*exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.processes = append(s.processes, cmd)
	return cmd, nil
}

// Stop ends all processes, those started last first.
func (s *Stack) Stop() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		cmd := s.processes[i]
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		patience := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		patience.Stop()
	}
	s.processes = nil
}

// client asks the stacks, whose certificates nobody vouches for.
func client() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: insecure(), DisableKeepAlives: true}}
}

// Get returns what a path answers; the status must be 200.
func (s *Stack) Get(path string) ([]byte, error) {
	resp, err := client().Get(s.URL + path)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s%s answers %s: %.200s", s.URL, path, resp.Status, body)
	}
	return body, err
}

// await waits until a path is answered 200.
func (s *Stack) await(path string) error {
	deadline := time.Now().Add(boot)
	for {
		_, err := s.Get(path)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not serve: %w\n%s", s.Name, err, s.lastWords())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settle waits until no process has come or gone for a while: the first of
// several workers answers before the last has started.
func (s *Stack) settle() error {
	const calm = 500 * time.Millisecond
	var before []int
	since := time.Now()
	for deadline := since.Add(boot); ; time.Sleep(50 * time.Millisecond) {
		now, err := descendants(s.pids())
		switch {
		case err != nil:
			return err
		case !slices.Equal(now, before):
			before, since = now, time.Now()
		case time.Since(since) > calm:
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("its processes come and go")
		}
	}
}

// lastWords are the ends of all logs.
func (s *Stack) lastWords() string {
	var b strings.Builder
	logs, _ := filepath.Glob(filepath.Join(s.dir, "*.log")) // the pattern is well formed
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		fmt.Fprintf(&b, "%s:\n%s\n", filepath.Base(log), text[max(0, len(text)-1000):])
	}
	return b.String()
}

// RSS is the resident memory of all processes in bytes.
func (s *Stack) RSS() (int64, error) {
	u, err := load.Measure(s.pids()...)
	return u.RSS, err
}

// FrontRSS is that of the processes that clients talk to.
func (s *Stack) FrontRSS() (int64, error) {
	u, err := load.Measure(s.Front)
	return u.RSS, err
}

func (s *Stack) pids() []int {
	pids := make([]int, len(s.processes))
	for i, cmd := range s.processes {
		pids[i] = cmd.Process.Pid
	}
	return pids
}

// freeAddress returns an address of this machine on which nobody listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// newStack makes a directory for a stack below dir.
func newStack(dir, name string) (*Stack, string, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	s := &Stack{Name: name, URL: "http://" + address}
	s.dir, err = os.MkdirTemp(dir, "stack-")
	if err != nil {
		return nil, "", err
	}
	return s, address, os.Chmod(s.dir, 0o755) // servers change their user
}

// ready returns a stack once it serves path, and stops one that failed.
func (s *Stack) ready(path string, err error) (*Stack, error) {
	if err == nil {
		err = s.await(path)
	}
	if err == nil {
		err = s.settle()
	}
	if err != nil {
		s.Stop()
		var missing *Missing
		if errors.As(err, &missing) {
			return nil, missing
		}
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return s, nil
}
