package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// slowLength is what slow clients send, in bytes, when nobody stops them.
const slowLength = 1 << 20

// startSlow starts the slow clients. They end with the pace.
func (l *Load) startSlow(clients *sync.WaitGroup) {
	for _, kind := range []struct {
		n  int
		do func(net.Conn, *tally) error
	}{{l.plan.SlowHead, l.slowHead}, {l.plan.SlowBody, l.slowBody}, {l.plan.SlowRead, l.slowRead}} {
		for range kind.n {
			clients.Go(func() { l.beSlow(kind.do) })
		}
	}
}

// beSlow does one slow request after the other.
func (l *Load) beSlow(do func(net.Conn, *tally) error) {
	t := newTally()
	defer func() { l.total.add(t) }()
	for {
		conn, err := l.dial(context.Background(), "http/1.1")
		if err != nil {
			if !l.pause(l.plan.SlowPause) {
				return
			}
			continue
		}
		unhook := context.AfterFunc(l.pace.over, func() { conn.Close() })
		t.slow.Begun++
		err = do(conn, t)
		inTime := unhook()
		conn.Close()
		if !inTime {
			return // the end of the load is none of this request
		}
		l.slowEnds.Add(1)
		if err != nil {
			t.slow.Cut++
		}
		if !l.pause(l.plan.SlowPause) {
			return
		}
	}
}

// slowHead sends the head of a GET byte by byte, and never comes to its end.
func (l *Load) slowHead(conn net.Conn, t *tally) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Slow: ", l.site.target, l.site.base.Host); err != nil {
		return err
	}
	return l.drip(conn, t)
}

// slowBody sends the body of a POST byte by byte.
func (l *Load) slowBody(conn net.Conn, t *tally) error {
	target := l.site.target
	if l.site.post != "" {
		target = l.site.post
	}
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", target, l.site.base.Host, slowLength); err != nil {
		return err
	}
	return l.drip(conn, t)
}

// drip sends a byte after each pause until the server answers or ends it.
func (l *Load) drip(conn net.Conn, t *tally) error {
	c := newConnection(conn)
	for range slowLength {
		conn.SetReadDeadline(time.Now().Add(max(l.plan.SlowPause, time.Millisecond)))
		_, err := c.in.Peek(1)
		if err == nil {
			return l.slowAnswer(c, http.MethodGet, t)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if _, err := conn.Write([]byte("x")); err != nil {
			return err
		}
	}
	return nil
}

// slowRead asks for a page and reads it byte by byte, with a small buffer in
// the kernel, so that the server notices.
func (l *Load) slowRead(conn net.Conn, t *tally) error {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetReadBuffer(4 << 10)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", l.site.target, l.site.base.Host); err != nil {
		return err
	}
	return l.slowAnswer(newConnection(slowly{conn, l}), http.MethodGet, t)
}

func (l *Load) slowAnswer(c *connection, method string, t *tally) error {
	c.SetReadDeadline(time.Now().Add(MaxDuration))
	a, _, err := c.read(method, newMatcher(""))
	if err != nil {
		return err
	}
	if a.status >= 400 {
		t.slow.Refused++
	} else {
		t.slow.Answered++
	}
	return nil
}

// slowly reads one byte at a time, with a pause before each.
type slowly struct {
	net.Conn
	load *Load
}

func (s slowly) Read(b []byte) (int, error) {
	if !s.load.pause(s.load.plan.SlowPause) {
		return 0, syscall.ECANCELED
	}
	return s.Conn.Read(b[:min(len(b), 1)])
}
