package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Link is one side of a front–worker link. Dial is safe for concurrent use.
type Link struct {
	unix *net.UnixConn
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
	return &Link{unix: u}, nil
}

// Close ends the link. Connections made over it live on.
func (l *Link) Close() error { return l.unix.Close() }

// ErrGone means that the other side of a link has ended. A Dial that returns
// it has sent nothing, so any request may go elsewhere.
var ErrGone = errors.New("wire: the other side of the link is gone")

// Dial opens a data connection to the worker. It waits while the worker has
// a long queue of connections to accept, until ctx ends. When the worker is
// gone it returns an error that is ErrGone.
func (l *Link) Dial(ctx context.Context) (net.Conn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("wire: socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "data")
	defer theirs.Close()
	ours := os.NewFile(uintptr(fds[0]), "data")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	if err := l.sendFD(ctx, fds[1]); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// sendFD sends one descriptor with one byte, the smallest packet there is.
func (l *Link) sendFD(ctx context.Context, fd int) error {
	raw, err := l.unix.SyscallConn()
	if err != nil {
		return fmt.Errorf("%w: %v", ErrGone, err)
	}
	rights := unix.UnixRights(fd)
	for {
		var sendErr error
		// A full queue would park every dialer on one write deadline of the
		// shared socket; instead each waits with poll(2) for its own context.
		err := raw.Control(func(link uintptr) {
			sendErr = unix.Sendmsg(int(link), []byte{0}, rights, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		})
		switch {
		case err != nil:
			return fmt.Errorf("%w: %v", ErrGone, err)
		case sendErr == nil:
			return nil
		case sendErr == unix.EINTR:
			continue
		case sendErr == unix.EPIPE || sendErr == unix.ECONNRESET || sendErr == unix.ENOTCONN:
			return fmt.Errorf("%w: %v", ErrGone, sendErr)
		case sendErr != unix.EAGAIN && sendErr != unix.ETOOMANYREFS:
			return fmt.Errorf("wire: send connection: %w", sendErr)
		}
		if err := waitWritable(ctx, raw); err != nil {
			return err
		}
	}
}

// pollSlice is how long a full queue is waited for between two looks at the
// context, in milliseconds.
const pollSlice = 20

// waitWritable waits until the link takes another packet or ctx ends.
func waitWritable(ctx context.Context, raw interface {
	Control(func(fd uintptr)) error
}) error {
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wire: worker accepts no connection: %w", err)
		}
		var ready int
		err := raw.Control(func(link uintptr) {
			fds := []unix.PollFd{{Fd: int32(link), Events: unix.POLLOUT}}
			ready, _ = unix.Poll(fds, pollSlice) // EINTR: looked at again
		})
		if err != nil {
			return fmt.Errorf("%w: %v", ErrGone, err)
		}
		if ready > 0 {
			return nil
		}
	}
}
