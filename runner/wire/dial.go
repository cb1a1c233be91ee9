package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ErrBusy means that the worker accepts no connections and that too many
// dialers wait for it already. Nothing was sent.
var ErrBusy = errors.New("wire: the worker accepts no connections, and too many wait for it")

// maxWaiting bounds the dialers that wait for one worker. A waiting one costs
// a goroutine: no descriptor and no thread.
const maxWaiting = 1024

// errFull and errInFlight are why the kernel takes no connection now.
var (
	errFull     = errors.New("wire: queue of the worker is full")
	errInFlight = errors.New("wire: too many descriptors on their way")
)

// Dial opens a data connection to the worker. It is safe for concurrent use.
// While the worker has a long queue of connections to accept, Dial waits
// until ctx ends, or fails with ErrBusy. When the worker is gone it returns
// an error that is ErrGone. After any error nothing was sent.
func (l *Link) Dial(ctx context.Context) (net.Conn, error) {
	conn, err := l.open()
	if err == nil || !later(err) {
		return conn, err
	}
	defer l.waiting.Add(-1)
	if l.waiting.Add(1) > l.limit {
		return nil, ErrBusy
	}
	select {
	case l.room <- struct{}{}:
		defer func() { <-l.room }()
	case <-ctx.Done():
		return nil, notAccepted(ctx)
	}
	for {
		conn, err := l.open()
		switch {
		case err == nil || !later(err):
			return conn, err
		case err == errFull:
			err = l.awaitRoom(ctx)
		default:
			err = pause(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
}

// later reports an error after which the same may succeed.
func later(err error) bool { return err == errFull || err == errInFlight }

func notAccepted(ctx context.Context) error {
	return fmt.Errorf("wire: worker accepts no connection: %w", ctx.Err())
}

// open makes a connection and sends the worker its end, if there is room.
func (l *Link) open() (net.Conn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("wire: socketpair: %w", err)
	}
	err = l.sendFD(fds[1])
	unix.Close(fds[1])
	if err != nil {
		unix.Close(fds[0])
		return nil, err
	}
	ours := os.NewFile(uintptr(fds[0]), "data")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	return conn, nil
}

// sendFD sends one descriptor with one byte, the smallest packet there is. It
// does not wait.
func (l *Link) sendFD(fd int) error {
	raw, err := l.unix.SyscallConn()
	if err != nil {
		return fmt.Errorf("%w: %v", ErrGone, err)
	}
	rights := unix.UnixRights(fd)
	var sendErr error
	err = raw.Control(func(link uintptr) {
		for {
			sendErr = unix.Sendmsg(int(link), []byte{0}, rights, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			if sendErr != unix.EINTR {
				return
			}
		}
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %v", ErrGone, err)
	case sendErr == nil:
		return nil
	case sendErr == unix.EAGAIN:
		return errFull
	case sendErr == unix.ETOOMANYREFS:
		return errInFlight
	case sendErr == unix.EPIPE, sendErr == unix.ECONNRESET, sendErr == unix.ENOTCONN:
		return fmt.Errorf("%w: %v", ErrGone, sendErr)
	}
	return fmt.Errorf("wire: send connection: %w", sendErr)
}

// awaitRoom waits until the link takes another packet, its other side has
// ended, or ctx ends. One goroutine at a time calls it, so that the write
// deadline of the socket is its own.
func (l *Link) awaitRoom(ctx context.Context) error {
	raw, err := l.unix.SyscallConn()
	if err != nil {
		return fmt.Errorf("%w: %v", ErrGone, err)
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		_ = l.unix.SetWriteDeadline(time.Unix(1, 0)) // fails only when closed, which ends the wait too
	})
	defer func() {
		if !stop() {
			<-interrupted
			_ = l.unix.SetWriteDeadline(time.Time{})
		}
	}()
	err = raw.Write(func(link uintptr) bool { return writable(int32(link)) })
	switch {
	case ctx.Err() != nil:
		return notAccepted(ctx)
	case err != nil:
		return fmt.Errorf("%w: %v", ErrGone, err)
	}
	return nil
}

// writable looks whether a socket takes a packet or has ended.
func writable(fd int32) bool {
	for {
		ready, err := unix.Poll([]unix.PollFd{{Fd: fd, Events: unix.POLLOUT}}, 0)
		if err != unix.EINTR {
			return ready > 0
		}
	}
}

// pause waits a little for something of which the kernel sends no news.
func pause(ctx context.Context) error {
	timer := time.NewTimer(20 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return notAccepted(ctx)
	}
}
