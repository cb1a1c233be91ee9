package front

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// originConn is a connection to an origin.
//
// A server may answer before it has read the whole request, and close; what is
// still being sent to it then fails. The transport would take that for the end
// of all, so it is not told: what can be read decides.
//
// A server may also send more than its answer, and who reads that as the answer
// to the next request gives one client what was made for another. The transport
// closes a connection on which something comes while it is idle, but it looks
// in a goroutine of its own: a request that takes the connection before that
// makes the rest look like its answer. So whoever takes a connection again
// claims it first. Then all that had come has been looked at, and what comes
// before the request is sent ends the connection. What comes later than that
// nobody can tell from an answer.
type originConn struct {
	net.Conn
	raw syscall.RawConn

	mu      sync.Mutex
	settled *sync.Cond // told when parked or closed becomes true
	parked  bool       // a reader waits, for there was nothing to be read
	claimed bool       // by a request that has not been sent
	closed  bool
	unasked bool // something came while it was claimed
}

// errUnasked is the end of a connection on which something came that belongs to
// no request.
var errUnasked = errors.New("front: an upstream sent more than its answer")

func newOriginConn(conn net.Conn) (*originConn, error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("front: connection to an upstream: %T is no socket", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("front: connection to an upstream: %w", err)
	}
	c := &originConn{Conn: conn, raw: raw}
	c.settled = sync.NewCond(&c.mu)
	return c, nil
}

// claim has a connection closed that would not wait silently for the answer to
// the next request, after which the transport takes another one.
func claim(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if c, ok := conn.(*originConn); ok {
		c.claim()
	}
}

func (c *originConn) claim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.parked && !c.closed { // until the transport has looked at what it has read
		c.settled.Wait()
	}
	if c.closed {
		return
	}
	c.claimed = true
	if !c.silent() {
		c.Conn.Close() // wakes the reader, and the transport notices
	}
}

// silent reports that there is nothing to be read, and no end.
func (c *originConn) silent() (yes bool) {
	err := c.raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		yes = err == unix.EAGAIN
	})
	return yes && err == nil
}

// Read reads under the lock, so that claim knows of everything that has come.
func (c *originConn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	failed := c.raw.Read(func(fd uintptr) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		n, err = unix.Read(int(fd), p)
		for err == unix.EINTR {
			n, err = unix.Read(int(fd), p)
		}
		if c.parked = err == unix.EAGAIN; c.parked {
			c.settled.Broadcast()
			return false
		}
		if n > 0 && c.claimed {
			c.unasked, n, err = true, 0, errUnasked
		}
		return true
	})
	switch {
	case failed != nil:
		c.unpark()
		return 0, failed
	case err != nil:
		return 0, &net.OpError{Op: "read", Net: c.RemoteAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// unpark notes that a reader waits no longer, because of a deadline.
func (c *originConn) unpark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parked = false
}

func (c *originConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.claimed = false
	unasked := c.unasked
	c.mu.Unlock()
	if unasked {
		return 0, errUnasked // so that the transport knows that nothing was sent
	}
	n, err := c.Conn.Write(p)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return len(p), nil
	}
	return n, err
}

// Close also wakes who claims it.
func (c *originConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.settled.Broadcast()
	c.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite says the end and still listens.
func (c *originConn) CloseWrite() error {
	if half, ok := c.Conn.(halfCloser); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
