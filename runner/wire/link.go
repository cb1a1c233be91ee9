package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Link is one side of a front–worker link. The front's side calls Dial and
// Gone; the worker's side is given to a [Listener].
type Link struct {
	unix *net.UnixConn

	watch sync.Once
	gone  chan struct{} // closed at the end of the other side

	room    chan struct{} // whoever fills it waits for room in the queue, the others for him
	waiting atomic.Int32  // dialers that found the queue full
	limit   int32         // of waiting
}

// Pair makes a link and returns its two ends as files, in blocking mode, to
// be sent to a front and to a worker. The caller closes both after sending:
// as long as it holds one, the other side never sees the end.
func Pair() (front, worker *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("wire: socketpair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "link"), os.NewFile(uintptr(fds[1]), "link"), nil
}

// NewLink takes over one end of a link and closes the file.
func NewLink(f *os.File) (*Link, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("wire: link is no socket: %w", err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("wire: link is a %s socket, want unix", c.LocalAddr().Network())
	}
	return &Link{unix: u, gone: make(chan struct{}), room: make(chan struct{}, 1), limit: maxWaiting}, nil
}

// Close ends the link. Connections made over it live on.
func (l *Link) Close() error { return l.unix.Close() }

// ErrGone means that the other side of a link has ended. A Dial that returns
// it has sent nothing, so any request may go elsewhere.
var ErrGone = errors.New("wire: the other side of the link is gone")

// Gone returns a channel that is closed when the worker has ended, at once
// even if nothing is sent, or when the link is closed here. Only the front's
// side may ask: what arrives on the worker's side belongs to its Listener.
func (l *Link) Gone() <-chan struct{} {
	l.watch.Do(func() { go l.awaitEnd() })
	return l.gone
}

// awaitEnd reads, and skips what a worker has no reason to send.
func (l *Link) awaitEnd() {
	defer close(l.gone)
	var b [1]byte
	for {
		if _, err := l.unix.Read(b[:]); err != nil {
			return
		}
	}
}
