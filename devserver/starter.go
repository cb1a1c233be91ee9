package devserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	readyTimeout = 20 * time.Second // from start to READY
	stopGrace    = 2 * time.Second  // from SIGTERM to SIGKILL
	dialTimeout  = 2 * time.Second  // to connect with the app, on loopback
	idleConns    = 64               // kept connections to the app
)

// starter starts processes of an app.
type starter struct {
	dir   string
	out   io.Writer // where what the app prints goes
	guard *guard
	src   sources
	note  func(text string) // tells the developer something
}

// start runs a binary and returns when it is ready to serve, or with what went
// wrong. When ctx ends first it stops the process and returns nil, nil.
func (s *starter) start(ctx context.Context, binary string) (*app, *problem) {
	listener, socket, err := listenForApp()
	if err != nil {
		return nil, &problem{Kind: problemStart, Message: err.Error()}
	}
	defer socket.Close()
	addr := listener.Addr().String()
	listener.Close() // socket is the same, and stays
	lifeline, lifelineEnd, err := os.Pipe()
	if err != nil {
		return nil, &problem{Kind: problemStart, Message: err.Error()}
	}
	ready, readyEnd, err := os.Pipe()
	if err != nil {
		return nil, &problem{Kind: problemStart, Message: err.Error()}
	}
	defer ready.Close()

	output := newTailWriter(s.out, outputLimit)
	cmd := exec.Command(binary, "run")
	cmd.Dir = s.dir
	cmd.Env = s.environ()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.ExtraFiles = []*os.File{socket, lifeline, readyEnd} // 3, 4, 5
	proc, err := startProcess(cmd, s.guard, true)
	lifeline.Close()
	readyEnd.Close()
	if err != nil {
		lifelineEnd.Close()
		return nil, notRunnable(err, s.dir)
	}
	a := &app{
		pid:       proc.pid,
		transport: transportTo(addr),
		done:      proc.done,
		crash: func() *problem {
			return s.src.explain(parseCrash(problemCrash, ended(proc.err), output.Tail(), "run"))
		},
		stop: func() {
			proc.stop(stopGrace)
			lifelineEnd.Close()
		},
	}
	if p := s.awaitReady(ctx, ready, proc, output); p != nil || ctx.Err() != nil {
		a.stop()
		return nil, p
	}
	return a, nil
}

// awaitReady returns nil when the process said READY or ctx ended, else what
// went wrong.
func (s *starter) awaitReady(ctx context.Context, ready io.Reader, proc *process, output *tailWriter) *problem {
	said := make(chan bool, 1)
	go func() {
		line, _ := bufio.NewReader(ready).ReadString('\n')
		said <- line == "READY\n"
	}()
	timer := time.NewTimer(readyTimeout)
	defer timer.Stop()
	message := fmt.Sprintf("the app did not become ready within %s", readyTimeout)
	for {
		select {
		case ok := <-said:
			if ok {
				return nil
			}
			said = nil // it closed the pipe: it is about to end, or hangs
		case <-ctx.Done():
			return nil
		case <-proc.done:
			return s.src.explain(parseCrash(problemStart, ended(proc.err), output.Tail(), "run"))
		case <-timer.C:
			return s.src.explain(parseCrash(problemStart, message, output.Tail(), "run"))
		}
	}
}

// environ is the environment of the app: that of this process, the .env file
// below it, and the seam of runner.Main's run.
func (s *starter) environ() []string {
	env, warnings := withDotenv(os.Environ(), s.dir)
	for _, w := range warnings {
		s.note(w)
	}
	var kept []string
	for _, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "DRAM_LISTEN_FD", "DRAM_LIFELINE_FD", "DRAM_READY_FD", "DRAM_ROLE",
			"DRAM_CONTROL_FD", "DRAM_GENERATION", "DRAM_WORKER", "DRAM_ENV":
		default:
			kept = append(kept, pair)
		}
	}
	return append(kept, "DRAM_ENV=development", "DRAM_LISTEN_FD=3", "DRAM_LIFELINE_FD=4", "DRAM_READY_FD=5")
}

// listenForApp opens a socket on loopback for a process to inherit.
func listenForApp() (net.Listener, *os.File, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("no port for the app: %w", err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		listener.Close()
		return nil, nil, err
	}
	return listener, socket, nil
}

// transportTo reaches one process and nothing else. There is no timeout but for
// connecting: how long a page takes is the app's affair.
func transportTo(addr string) *http.Transport {
	dialer := net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", addr)
		},
		DisableCompression:  true, // bytes pass as they are
		MaxIdleConnsPerHost: idleConns,
	}
}

// notRunnable explains why a binary that was just built cannot be started.
func notRunnable(err error, dir string) *problem {
	p := &problem{Kind: problemStart, Message: "the app cannot be started: " + err.Error()}
	if errors.Is(err, syscall.ENOEXEC) || errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
		p.Message = "there is no program in " + dir
		p.Hint = "The dev server runs the main package of this directory: a file with `package main` and a func main."
	}
	return p
}

// ended says how a process came to its end.
func ended(err error) string {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return "the app ended by itself (exit code 0)"
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "the app was ended by a signal: " + status.Signal().String()
	}
	return fmt.Sprintf("the app ended with exit code %d", exit.ExitCode())
}
