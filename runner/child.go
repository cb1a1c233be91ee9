package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// The descriptors that a child finds open beside the standard three and the
// lifeline, which comes last.
const (
	controlFD = 3 // its control connection, also in DRAM_CONTROL_FD
	stderrFD  = 4 // a worker's real standard error, until READY
)

// launch is a process to start.
type launch struct {
	binary string
	title  string // argv[0], what ps shows
	args   []string
	env    []string
	boot   bool     // standard output and error are kept until READY
	life   *os.File // its lifeline

	nursery  *nursery
	identity *identity
}

// child is the master's hold on one process of its own.
type child struct {
	process *os.Process
	conn    *control.Conn
	output  tail // while booting
	failed  string
	ended   chan struct{} // closed when the process and its output have ended
	status  string        // how it ended, once ended is closed
	cpu     time.Duration // that it has used, likewise; 0 if nobody knows
}

// startChild starts a process with a control connection. It lives in a
// process group of its own, so that the terminal's signals reach the master
// alone.
func startChild(l launch) (*child, error) {
	ours, theirs, err := control.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	c := &child{conn: ours, ended: make(chan struct{})}
	cmd := &exec.Cmd{
		Path: l.binary, Args: append([]string{l.title}, l.args...), Env: l.env,
		ExtraFiles: []*os.File{theirs}, SysProcAttr: l.identity.attributes(),
	}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	read := make(chan struct{})
	if l.boot {
		r, w, err := os.Pipe()
		if err != nil {
			ours.Close()
			return nil, fmt.Errorf("pipe: %w", err)
		}
		defer w.Close()
		cmd.Stdout, cmd.Stderr = w, w
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.Stderr)
		go func() {
			defer close(read)
			defer r.Close()
			io.Copy(&c.output, r)
		}()
	} else {
		close(read)
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, l.life)
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", lifelineVariable, 2+len(cmd.ExtraFiles)))
	if err := l.nursery.start(cmd); err != nil {
		ours.Close()
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	c.process = cmd.Process
	go func() {
		defer close(c.ended)
		c.status = exitStatus(l.nursery.wait(cmd))
		if s := cmd.ProcessState; s != nil {
			c.cpu = s.UserTime() + s.SystemTime()
		}
		select {
		case <-read:
		case <-time.After(time.Second): // a grandchild holds the pipe open
		}
	}()
	return c, nil
}

// exitStatus says how a process ended, in the words of a shell.
func exitStatus(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ProcessState.String() // "exit status 1", "signal: killed"
	}
	if err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// childEnv is the environment for a role: ours without what belongs to this
// process alone, the flags as settings, and the role's own variables.
func childEnv(base []string, settings map[string]string, own ...string) []string {
	var env []string
	for _, v := range base {
		name, _, _ := strings.Cut(v, "=")
		_, set := settings[name]
		if set || slices.Contains(processVariables, name) || name == "PORT" && settings["DRAM_SERVER_LISTEN"] != "" {
			continue
		}
		env = append(env, v)
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return append(env, own...)
}

// processVariables tell one process what it is and must not leak to another.
var processVariables = []string{
	"DRAM_ROLE", "DRAM_CONTROL_FD", "DRAM_GENERATION", "DRAM_WORKER",
	"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
	"DRAM_LISTEN_FD", lifelineVariable, "DRAM_READY_FD", keptFileVariable, keptRootVariable,
}
