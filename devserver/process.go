package devserver

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// pipeGrace is how long the output of a process is still read after its end,
// when a grandchild holds the other end open.
const pipeGrace = 200 * time.Millisecond

// process is a running child in a process group of its own, so that it can be
// ended with all that it started, and so that a Ctrl-C at the terminal reaches
// only the dev server, which knows the order in which to stop things.
type process struct {
	pid  int
	done chan struct{} // closed when it has ended
	err  error         // how; valid once done is closed
}

// startProcess starts cmd. If this process dies without a word, the guard ends
// the group, and on Linux the kernel the child, which covers the moment before
// the guard knows about it. A child with a lifeline ends by itself; the guard
// comes a second later.
func startProcess(cmd *exec.Cmd, g *guard, lifeline bool) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !lifeline {
		dieWithParent(cmd.SysProcAttr)
	}
	cmd.WaitDelay = pipeGrace
	p := &process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel's signal comes when the *thread* that forked ends, so
		// this goroutine keeps its thread for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		g.add(p.pid, lifeline)
		started <- nil
		p.err = cmd.Wait()
		p.signal(syscall.SIGKILL) // what is left of the group
		g.remove(p.pid)
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// signal sends a signal to the whole group.
func (p *process) signal(sig syscall.Signal) {
	_ = syscall.Kill(-p.pid, sig) // ESRCH: it has ended, which was the aim
}

// kill ends the group and waits for it.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// stop asks the group to end and kills it after grace.
func (p *process) stop(grace time.Duration) {
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
	}
}

// runGroup runs cmd to its end, or kills its group when ctx ends first.
func runGroup(ctx context.Context, cmd *exec.Cmd, g *guard) error {
	p, err := startProcess(cmd, g, false)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.kill()
		return ctx.Err()
	}
}
