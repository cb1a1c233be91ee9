package h1

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// watcher tells connections that their client has hung up, while nobody reads
// from them. All share one epoll, in which each is registered once for
// EPOLLRDHUP alone, edge-triggered, so that requests cause no events there.
type watcher struct {
	file *os.File // the epoll, itself watched by the runtime's poller
	raw  syscall.RawConn
	end  chan struct{} // closed when the goroutine has ended

	mu    sync.Mutex
	slots []watched
	free  []uint32 // indices of slots
}

// lazyWatcher starts a watcher when the first connection needs one.
type lazyWatcher struct {
	once sync.Once
	*watcher
	err error
}

func (l *lazyWatcher) add(c *conn, raw syscall.RawConn) error {
	l.once.Do(func() { l.watcher, l.err = newWatcher() })
	if l.err != nil {
		return l.err
	}
	return l.watcher.add(c, raw)
}

// close must follow the last add.
func (l *lazyWatcher) close() {
	if l.watcher != nil {
		l.watcher.close()
	}
}

// watched is what a slot holds. Events name a slot and its turn, because a
// descriptor's number may be somebody else's by the time that they are read.
type watched struct {
	turn uint32
	conn *conn // nil: free
}

// slot is a connection's place in a watcher; the zero value is none.
type slot struct {
	at, turn uint32
	set      bool
}

func newWatcher() (*watcher, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("h1: epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or the runtime would not watch it
		unix.Close(fd)
		return nil, fmt.Errorf("h1: epoll: %w", err)
	}
	w := &watcher{file: os.NewFile(uintptr(fd), "hangups"), end: make(chan struct{})}
	if w.raw, err = w.file.SyscallConn(); err != nil {
		w.file.Close()
		return nil, fmt.Errorf("h1: epoll: %w", err)
	}
	go w.run()
	return w, nil
}

// close ends the watching and waits for its goroutine.
func (w *watcher) close() {
	w.file.Close()
	<-w.end
}

// add watches a connection whose descriptor is below raw.
func (w *watcher) add(c *conn, raw syscall.RawConn) error {
	w.mu.Lock()
	if len(w.free) == 0 {
		w.slots = append(w.slots, watched{turn: 1})
		w.free = append(w.free, uint32(len(w.slots)-1))
	}
	at := w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	w.slots[at].conn = c
	c.watch = slot{at, w.slots[at].turn, true}
	w.mu.Unlock()

	event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(c.watch.at), Pad: int32(c.watch.turn)}
	if err := w.control(raw, unix.EPOLL_CTL_ADD, &event); err != nil {
		w.forget(c)
		return fmt.Errorf("h1: watch connection: %w", err)
	}
	return nil
}

// forget must be called before a connection is closed or given away. An event
// that is on its way does no harm.
func (w *watcher) forget(c *conn) {
	if !c.watch.set { // by add of this watcher
		return
	}
	w.mu.Lock()
	w.slots[c.watch.at] = watched{turn: c.watch.turn + 1}
	w.free = append(w.free, c.watch.at)
	w.mu.Unlock()
	c.watch.set = false
}

func (w *watcher) control(raw syscall.RawConn, what int, event *unix.EpollEvent) error {
	var err error
	outer := w.raw.Control(func(epoll uintptr) {
		inner := raw.Control(func(fd uintptr) { err = unix.EpollCtl(int(epoll), what, int(fd), event) })
		if inner != nil {
			err = inner
		}
	})
	if outer != nil {
		return outer
	}
	return err
}

// run tells connections until close.
func (w *watcher) run() {
	defer close(w.end)
	var events [64]unix.EpollEvent
	for {
		var n int
		err := w.raw.Read(func(epoll uintptr) bool {
			var err error
			n, err = unix.EpollWait(int(epoll), events[:], 0)
			return n > 0 || err != nil && err != unix.EINTR
		})
		if err != nil || n < 0 {
			return
		}
		for _, e := range events[:n] {
			if c := w.find(uint32(e.Fd), uint32(e.Pad)); c != nil {
				c.hungUp(e.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0)
			}
		}
	}
}

func (w *watcher) find(at, turn uint32) *conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.slots[at]; s.turn == turn {
		return s.conn
	}
	return nil
}
