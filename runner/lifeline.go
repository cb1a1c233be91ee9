package runner

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// lifelineVariable names the descriptor of a process's lifeline: a pipe that
// nobody writes to and whose other end the process that started it holds. At
// its end that process is gone, however it ended, kill -9 included.
const lifelineVariable = "DRAM_LIFELINE_FD"

const (
	// orphanGrace is what requests of a single process get when nobody is
	// left to read the answers.
	orphanGrace = time.Second
	// orphanLimit ends an orphan whatever hangs in it.
	orphanLimit = 5 * time.Second
)

// newLifeline makes the lifeline of a tree: the end that its processes get,
// in blocking mode, and the one that the master keeps until its end.
func newLifeline() (theirs, ours *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	return os.NewFile(uintptr(fds[0]), "lifeline"), os.NewFile(uintptr(fds[1]), "lifeline"), nil
}

// lifeline is a process's end of it. A nil one is of a process that nobody
// watches over.
type lifeline struct {
	dead chan struct{} // closed at the other end's death
	exit func()

	mu    sync.Mutex
	limit time.Duration
	timer *time.Timer // of the exit, since the death
}

// watchLifeline waits for the end of f. From then on the process has
// orphanLimit, or what allow says, whatever hangs in it.
func watchLifeline(f *os.File, exit func()) *lifeline {
	if f == nil {
		return nil
	}
	l := &lifeline{dead: make(chan struct{}), exit: exit, limit: orphanLimit}
	go func() {
		defer f.Close()
		io.Copy(io.Discard, f)
		close(l.dead)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.timer = time.AfterFunc(l.limit, l.exit)
	}()
	return l
}

// allow gives a process the time to finish what it has: from the death on, or
// from now if that is past.
func (l *lifeline) allow(limit time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit = limit; l.timer != nil {
		l.timer.Reset(limit)
	}
}

// orphanTime is how long an orphan of a tree may go on serving: the front
// lingers for idle clients, then everybody finishes what is in flight.
func orphanTime(conf *config.Config) time.Duration {
	return conf.Server.KeepAlive + conf.Workers.GracefulTimeout + killAfter
}

// gone is closed when whoever started this process is gone.
func (l *lifeline) gone() <-chan struct{} {
	if l == nil {
		return nil
	}
	return l.dead
}

// endContext ends with the signals that end a command, and with the process
// that started this one.
func (p *program) endContext(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.life.gone():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); stop() }
}
