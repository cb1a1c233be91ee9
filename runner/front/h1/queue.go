package h1

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/nonblock"
)

// queue lets a goroutine that has run for long go behind all those whose socket
// has become ready meanwhile. [runtime.Gosched] does not: it lets those run of
// whom the scheduler knows, and as long as there is one, nobody asks the
// poller, but for the thread that looks after blocked calls, every 10 ms at
// best. So who is to go behind waits in the poller, too, for an event of its
// own.
type queue struct {
	once sync.Once
	file *os.File // an eventfd, watched by the runtime's poller
	raw  syscall.RawConn
	err  error
}

func (q *queue) open() {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		q.err = fmt.Errorf("h1: eventfd: %w", err)
		return
	}
	q.file = os.NewFile(uintptr(fd), "queue")
	q.raw, q.err = q.file.SyscallConn()
}

// close must follow the last pass.
func (q *queue) close() {
	if q.file != nil {
		q.file.Close()
	}
}

// pass returns when the others had their turn.
func (q *queue) pass() {
	q.once.Do(q.open)
	if q.err == nil { // else no descriptor is left, and there are worse troubles
		_ = q.raw.Read((&ticket{}).show)
	}
	runtime.Gosched() // the poller may have named us first
}

// ticket is one goroutine's place. Only one is out at a time.
type ticket struct {
	count [8]byte // what is added to the eventfd, and taken from it
	shown bool
}

// show adds the event to wait for, and takes it when it has come.
func (t *ticket) show(fd uintptr) bool {
	if !t.shown {
		t.shown = true
		binary.NativeEndian.PutUint64(t.count[:], 1)
		_, err := nonblock.Write(fd, t.count[:], nil)
		return err != nil
	}
	_, err := nonblock.Read(fd, t.count[:])
	return err != syscall.EAGAIN
}
