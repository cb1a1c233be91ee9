package wire

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Hangups tells when the other side of a connection has closed it or has shut
// its writing down, without reading: what a worker needs to end the context of
// a request whose client is gone. All connections of a process share one
// epoll, in which each is registered once for EPOLLRDHUP alone, edge-triggered,
// so that requests cause no events there.
type Hangups struct {
	file *os.File // the epoll, itself watched by the runtime's poller
	raw  syscall.RawConn
	end  chan struct{} // closed when the goroutine has ended

	mu    sync.Mutex
	slots []slot
	free  []uint32 // indices of slots
}

// slot is a watched connection. Events name a slot and its turn, because a
// descriptor's number may be somebody else's by the time that they are read.
type slot struct {
	turn uint32
	call func() // nil: free, or told
}

// NewHangups starts watching nothing; Close ends it.
func NewHangups() (*Hangups, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("wire: epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or the runtime would not watch it
		unix.Close(fd)
		return nil, fmt.Errorf("wire: epoll: %w", err)
	}
	h := &Hangups{file: os.NewFile(uintptr(fd), "hangups"), end: make(chan struct{})}
	if h.raw, err = h.file.SyscallConn(); err != nil {
		h.file.Close()
		return nil, fmt.Errorf("wire: epoll: %w", err)
	}
	go h.watch()
	return h, nil
}

// Close ends the watching and waits for its goroutine.
func (h *Hangups) Close() error {
	err := h.file.Close()
	<-h.end
	return err
}

// Watch calls f once when the other side of c hangs up, or has done so. f must
// not block. forget, after which f is not called any more, must be called
// before c is closed.
func (h *Hangups) Watch(c *Conn, f func()) (forget func(), err error) {
	if c.raw == nil {
		return nil, errors.New("wire: connection without a descriptor")
	}
	h.mu.Lock()
	if len(h.free) == 0 {
		h.slots = append(h.slots, slot{})
		h.free = append(h.free, uint32(len(h.slots)-1))
	}
	at := h.free[len(h.free)-1]
	h.free = h.free[:len(h.free)-1]
	turn := h.slots[at].turn
	h.slots[at].call = f
	h.mu.Unlock()
	forget = func() { h.forget(c, at, turn) }

	event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(at), Pad: int32(turn)}
	if err := h.control(c, unix.EPOLL_CTL_ADD, &event); err != nil {
		forget()
		return nil, err
	}
	return forget, nil
}

func (h *Hangups) forget(c *Conn, at, turn uint32) {
	h.mu.Lock()
	known := h.slots[at].turn == turn
	if known {
		h.slots[at] = slot{turn: turn + 1}
		h.free = append(h.free, at)
	}
	h.mu.Unlock()
	if known {
		_ = h.control(c, unix.EPOLL_CTL_DEL, nil) // closing would do it, unless the descriptor was passed on
	}
}

func (h *Hangups) control(c *Conn, what int, event *unix.EpollEvent) error {
	var err error
	outer := h.raw.Control(func(epoll uintptr) {
		inner := c.raw.Control(func(fd uintptr) { err = unix.EpollCtl(int(epoll), what, int(fd), event) })
		if inner != nil {
			err = inner
		}
	})
	if outer != nil {
		err = outer
	}
	if err != nil {
		return fmt.Errorf("wire: watch connection: %w", err)
	}
	return nil
}

// watch calls the functions of those that hang up until Close.
func (h *Hangups) watch() {
	defer close(h.end)
	var events [64]unix.EpollEvent
	for {
		var n int
		err := h.raw.Read(func(epoll uintptr) bool {
			var err error
			n, err = unix.EpollWait(int(epoll), events[:], 0)
			return n > 0 || err != nil && err != unix.EINTR
		})
		if err != nil || n < 0 {
			return
		}
		for _, e := range events[:n] {
			if f := h.take(uint32(e.Fd), uint32(e.Pad)); f != nil {
				f()
			}
		}
	}
}

// take returns the function of a slot, once.
func (h *Hangups) take(at, turn uint32) func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.slots[at]
	if s.turn != turn {
		return nil
	}
	f := s.call
	s.call = nil
	return f
}
