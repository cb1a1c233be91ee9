package pubsub

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// hubLink is the link through a hub.
type hubLink struct {
	path string
	// dial replaces the connection to the socket in tests.
	dial func(context.Context) (net.Conn, error)
}

func (l hubLink) String() string { return "hub at " + l.path }

// Dial connects and waits for the hub's hello, which says that the hub passes
// on to this connection.
func (l hubLink) Dial(ctx context.Context) (Conn, error) {
	c, err := l.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the %s: %w", l, err)
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	conn := &hubConn{Conn: c, r: bufio.NewReader(c)}
	err = conn.hello()
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("waiting for the hello of the %s: %w", l, err)
	}
	return conn, nil
}

func (l hubLink) connect(ctx context.Context) (net.Conn, error) {
	if l.dial != nil {
		return l.dial(ctx)
	}
	if len(l.path) <= maxSocketPath {
		return new(net.Dialer).DialContext(ctx, "unix", l.path)
	}
	dir, err := os.Open(filepath.Dir(l.path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	short := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(l.path))
	return new(net.Dialer).DialContext(ctx, "unix", short)
}

// maxSocketPath is what fits into the address of a unix socket with its final
// NUL (unix(7)). A longer path is reached through its directory.
const maxSocketPath = 107

// hubConn is a connection to a hub.
type hubConn struct {
	net.Conn
	r   *bufio.Reader
	buf []byte // for the frames that Send writes
}

// hello reads the hub's first frame. A newer hub speaks version 1 too.
func (c *hubConn) hello() error {
	f, err := readFrame(c.r)
	if err != nil {
		return err
	}
	if f.kind() != kindHello || len(f.data()) == 0 || f.data()[0] < 1 {
		return errors.New("what listens there is no hub")
	}
	return nil
}

// Send writes one frame.
func (c *hubConn) Send(m Message) error {
	c.buf = appendMessage(c.buf[:0], m)
	_, err := c.Write(c.buf)
	return err
}

// Receive reads frames until one is a message or a gap.
func (c *hubConn) Receive() (Message, error) {
	for {
		f, err := readFrame(c.r)
		if err != nil {
			return Message{}, err
		}
		switch f.kind() {
		case kindMessage:
			return Message{Topic: f.topic(), Data: f.data()}, nil
		case kindGap:
			return Message{Topic: f.topic(), Gap: true}, nil
		}
	}
}
