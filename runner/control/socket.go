package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// SocketName is the file name of a master's control socket in its run
// directory.
const SocketName = "control.sock"

// ErrNotRunning means that nobody listens at a control socket.
var ErrNotRunning = errors.New("no master is running")

// maxPath is what fits into sockaddr_un.sun_path with its final NUL (unix(7)).
const maxPath = 107

// Dial connects to the master whose control socket is at path, which may be
// longer than a socket address takes. The error is [ErrNotRunning] when there
// is no socket, or nobody behind it. A front that runs apart dials with it too.
func Dial(ctx context.Context, path string) (*Conn, error) {
	var conn net.Conn
	err := withShortPath(path, func(short string) error {
		var err error
		conn, err = new(net.Dialer).DialContext(ctx, "unix", short)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ECONNREFUSED):
		return nil, fmt.Errorf("control socket %s: %w", path, ErrNotRunning)
	case err != nil:
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return NewConn(conn.(*net.UnixConn)), nil
}

// Bind makes a control socket that only the owner may use. An existing file
// is replaced: the caller must know that no other master uses it. The caller
// also removes it in the end.
func Bind(path string) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	var l *net.UnixListener
	err := withShortPath(path, func(short string) error {
		var err error
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false) // it would unlink the short path, which ends here
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// withShortPath calls use with a name of path that fits into a socket
// address: path itself, or one through a descriptor of its directory.
func withShortPath(path string, use func(short string) error) error {
	if len(path) <= maxPath {
		return use(path)
	}
	dir, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	defer unix.Close(dir)
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", dir, filepath.Base(path)))
}

// CheckPeer refuses a peer that belongs neither to our user nor to root.
func (c *Conn) CheckPeer() error {
	cred, err := c.peer()
	if err != nil {
		return err
	}
	if us := os.Getuid(); cred.Uid != 0 && int(cred.Uid) != us {
		return fmt.Errorf("control: user %d (pid %d) may not command this master, which belongs to user %d", cred.Uid, cred.Pid, us)
	}
	return nil
}

// PeerProcess returns a pidfd (pidfd_open(2)) of the process that accepts at
// the other end, to wait for its end. The caller closes it.
func (c *Conn) PeerProcess() (int, error) {
	cred, err := c.peer()
	if err != nil {
		return -1, err
	}
	fd, err := unix.PidfdOpen(int(cred.Pid), 0)
	if err != nil {
		return -1, fmt.Errorf("control: watch pid %d: %w", cred.Pid, err)
	}
	return fd, nil
}

// peer returns who is at the other end (SO_PEERCRED, unix(7)).
func (c *Conn) peer() (*unix.Ucred, error) {
	raw, err := c.unix.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if credErr != nil {
		return nil, fmt.Errorf("control: peer credentials: %w", credErr)
	}
	return cred, nil
}
