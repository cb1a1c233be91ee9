package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

var errMalformed = errors.New("not HTTP")

// connection is an HTTP/1.1 connection to the server.
type connection struct {
	net.Conn
	in *bufio.Reader
}

// dial opens a connection, with TLS where the URL says https.
func (l *Load) dial(ctx context.Context, protocol string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.plan.Timeout)
	defer cancel()
	conn, err := l.dialer.DialContext(ctx, "tcp", l.site.address)
	if err != nil || l.site.base.Scheme == "http" {
		return conn, err
	}
	over := tls.Client(conn, l.tlsConfig(protocol))
	if err := over.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return over, nil
}

// distrust says what the plan has against the server's certificate. Whatever
// else keeps a connection from being made is for the load to find.
func (l *Load) distrust(ctx context.Context) error {
	if l.site.base.Scheme == "http" || l.plan.AllowAnyCertificate {
		return nil
	}
	conn, err := l.dial(ctx, "http/1.1")
	if err == nil {
		conn.Close()
		return nil
	}
	if wrong := new(tls.CertificateVerificationError); errors.As(err, &wrong) {
		return fmt.Errorf("the certificate of %s proves nothing: %w; if the server is yours, say allow-any-certificate", l.site.base.Host, wrong.Err)
	}
	return nil
}

func (l *Load) tlsConfig(protocol string) *tls.Config {
	return &tls.Config{
		ServerName:         l.site.base.Hostname(),
		InsecureSkipVerify: l.plan.AllowAnyCertificate,
		NextProtos:         []string{protocol},
	}
}

func newConnection(conn net.Conn) *connection {
	return &connection{conn, bufio.NewReaderSize(conn, 16<<10)}
}

// gone reports whether the server has closed this idle connection, or sent
// what nobody asked for.
func (c *connection) gone() bool {
	raw := c.Conn
	over, isTLS := raw.(*tls.Conn)
	if isTLS {
		raw = over.NetConn()
	}
	sys, ok := raw.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := sys.SyscallConn()
	if err != nil {
		return true
	}
	var n int
	var peekErr error
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, peekErr = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	switch {
	case err != nil:
		return true
	case errors.Is(peekErr, syscall.EAGAIN), errors.Is(peekErr, syscall.EINTR):
		return c.in.Buffered() > 0
	case peekErr != nil || n == 0:
		return true
	case !isTLS:
		return true
	}
	// With TLS it may be a session ticket, which is no answer and no end.
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err = c.in.Peek(1)
	c.SetReadDeadline(time.Time{})
	var netErr net.Error
	return !(errors.As(err, &netErr) && netErr.Timeout())
}

// answer is a whole response.
type answer struct {
	status  int
	id      string
	goodbye bool // the server closes the connection after it
	right   bool // it contains what it must
}

// read reads one response to its end; begun: its head has come.
func (c *connection) read(method string, contains *matcher) (a answer, begun bool, err error) {
	for {
		if _, err := c.in.Peek(1); err != nil {
			return a, false, err
		}
		resp, err := http.ReadResponse(c.in, &http.Request{Method: method})
		if err != nil {
			var netErr net.Error
			if errors.As(err, &netErr) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				return a, true, err
			}
			return a, true, fmt.Errorf("%w: %w", errMalformed, err)
		}
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		a = answer{status: resp.StatusCode, id: resp.Header.Get(IDField), goodbye: resp.Close}
		a.right, err = contains.read(resp.Body)
		return a, true, err
	}
}

// matcher looks for a text in a body while it is read; nil finds it always.
type matcher struct {
	text string
	buf  []byte
}

func newMatcher(text string) *matcher {
	return &matcher{text, make([]byte, max(32<<10, 2*len(text)))}
}

// read reads all of body and reports whether the text is in it.
func (m *matcher) read(body io.Reader) (found bool, err error) {
	found, kept := m.text == "", 0
	for {
		n, err := body.Read(m.buf[kept:])
		if !found {
			have := m.buf[:kept+n]
			found = contains(have, m.text)
			kept = copy(m.buf, have[max(0, len(have)-len(m.text)+1):])
		}
		if found {
			kept = 0
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
	}
}
