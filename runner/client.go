package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// helloLimit bounds the greeting on a control socket, on both sides.
const helloLimit = 5 * time.Second

// dialMaster connects to a master and exchanges greetings as the command line.
func dialMaster(ctx context.Context, path string) (*control.Conn, control.Hello, error) {
	conn, err := control.Dial(ctx, path)
	if err != nil {
		return nil, control.Hello{}, err
	}
	deadline := time.Now().Add(helloLimit)
	if d, ok := ctx.Deadline(); ok {
		deadline = earlier(d, deadline)
	}
	conn.Unix().SetDeadline(deadline)
	them, err := conn.Hello(control.Hello{Role: control.RoleCLI, Build: ownBuild()})
	if err != nil {
		conn.Close()
		return nil, them, err
	}
	conn.Unix().SetDeadline(time.Time{})
	return conn, them, nil
}

// ask sends a request to the running master, shows its progress, and returns
// the result. silence is how long the master may say nothing at all. With
// toTheEnd it also waits until the master is gone.
func ask(ctx context.Context, conf *config.Config, r control.Request, silence time.Duration, progress io.Writer, toTheEnd bool) (control.Result, error) {
	conn, _, err := dialMaster(ctx, filepath.Join(conf.RunDir(), control.SocketName))
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return control.Result{}, exitf(exitNotRunning, "%s is not running: nothing listens at %s", conf.Name, filepath.Join(conf.RunDir(), control.SocketName))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return control.Result{}, exitf(exitTimeout, "the running master does not answer")
	case err != nil:
		return control.Result{}, &exitError{exitRefused, err}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	master := -1
	if toTheEnd {
		if master, err = conn.PeerProcess(); err != nil {
			return control.Result{}, &exitError{exitTimeout, err}
		}
		defer unix.Close(master)
	}
	if err := conn.Send(control.KindRequest, r); err != nil {
		return control.Result{}, &exitError{exitTimeout, err}
	}
	result, err := awaitResult(conn, silence, progress)
	if err != nil || !toTheEnd {
		return result, err
	}
	if !hasEnded(master, silence) {
		return result, exitf(exitTimeout, "the master said that it ends, but it has not after %s", silence)
	}
	return result, nil
}

// hasEnded waits until the process of a pidfd has ended, limit at most.
func hasEnded(pidfd int, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); ; {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int(left.Milliseconds())+1)
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return true
		}
	}
}

func awaitResult(conn *control.Conn, silence time.Duration, progress io.Writer) (control.Result, error) {
	for {
		conn.Unix().SetReadDeadline(time.Now().Add(silence))
		m, files, err := conn.Receive()
		closeFiles(files)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return control.Result{}, exitf(exitTimeout, "the master has said nothing for %s; look at status and its log", silence)
		case err != nil:
			return control.Result{}, exitf(exitTimeout, "the master went away before it answered: %w", err)
		}
		switch m.Kind {
		case control.KindProgress:
			var p control.Progress
			if err := m.Decode(&p); err == nil {
				fmt.Fprintln(progress, p.Text)
			}
		case control.KindResult:
			var r control.Result
			if err := m.Decode(&r); err != nil {
				return r, &exitError{exitTimeout, err}
			}
			if r.ExitCode != exitOK {
				return r, exitf(r.ExitCode, "%s", r.Text)
			}
			return r, nil
		}
	}
}

// printJSON writes v for a program to read.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
