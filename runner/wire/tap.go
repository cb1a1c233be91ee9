package wire

import (
	"io"
	"net"
)

// Tap returns conn as one whose traffic is also written to sent and received,
// for [Dump]; it is slower. Errors of the two writers are ignored, they must
// not disturb an exchange.
func Tap(conn net.Conn, sent, received io.Writer) net.Conn {
	return &tap{Conn: conn, sent: sent, received: received}
}

// tap has no descriptor to read from, so that all bytes pass here.
type tap struct {
	net.Conn
	sent, received io.Writer
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	_, _ = t.received.Write(b[:n])
	return n, err
}

func (t *tap) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	_, _ = t.sent.Write(b[:n])
	return n, err
}

// CloseWrite is for upgraded connections.
func (t *tap) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return t.Conn.Close()
}
