package front

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestAnAnswerTooManyIsNobodys: an upstream that sends a second answer behind
// each gives it to no client, however soon the connection could be used again.
func TestAnAnswerTooManyIsNobodys(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					answer := "HTTP/1.1 204 No Content\r\n\r\n"
					if body := r.URL.Path; !strings.HasSuffix(body, "0") {
						answer = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
					}
					io.WriteString(conn, answer+forged)
				}
			}()
		}
	}()
	s := newSiteOf(t, mountedAt(t, "/app", "http://"+l.Addr().String()), nil)
	s.get("/app/ready")
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for j := range 500 {
				path := fmt.Sprintf("/app/%d/%d", i, j)
				want, body := 200, strings.TrimPrefix(path, "/app")
				if j%10 == 0 {
					want, body = 204, ""
				}
				got := s.get(path)
				if got.err != nil || got.StatusCode != want || got.body != body {
					t.Errorf("%s: %d %q, %v", path, got.StatusCode, got.body, got.err)
					return
				}
			}
		})
	}
	clients.Wait()
}

// pair is a connection to an origin, and its other end.
func pair(t *testing.T) (*originConn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := newOriginConn(conn)
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); other.Close() })
	return c, other
}

// TestAClaimedConnection ends when something comes before the request is sent,
// and not when it comes after that.
func TestAClaimedConnection(t *testing.T) {
	reading := func(c *originConn) <-chan error {
		ended := make(chan error, 1)
		go func() {
			n, err := c.Read(make([]byte, 10))
			if err == nil {
				err = fmt.Errorf("%d bytes", n)
			}
			ended <- err
		}()
		return ended
	}
	t.Run("before the claim", func(t *testing.T) {
		c, other := pair(t)
		io.WriteString(other, "forged")
		if err := <-reading(c); err == nil || err.Error() != "6 bytes" {
			t.Fatal(err)
		}
		claimed := make(chan bool)
		go func() {
			c.claim() // waits: what was read has not been looked at
			close(claimed)
		}()
		c.Close() // as the transport does
		await(t, "the end of the claim", claimed)
	})
	t.Run("before the request", func(t *testing.T) {
		c, other := pair(t)
		ended := reading(c)
		c.claim()
		io.WriteString(other, "forged")
		if err := <-ended; !errors.Is(err, errUnasked) {
			t.Error(err)
		}
		if n, err := c.Write([]byte("GET")); n != 0 || !errors.Is(err, errUnasked) {
			t.Errorf("a request was sent: %d, %v", n, err)
		}
	})
	t.Run("after the request", func(t *testing.T) {
		c, other := pair(t)
		ended := reading(c)
		c.claim()
		if _, err := c.Write([]byte("GET")); err != nil {
			t.Fatal(err)
		}
		io.WriteString(other, "answer")
		if err := <-ended; err == nil || err.Error() != "6 bytes" {
			t.Error(err)
		}
	})
	t.Run("an end before the claim", func(t *testing.T) {
		c, other := pair(t)
		c.mu.Lock()
		c.parked = true // as a reader that has not woken yet
		c.mu.Unlock()
		other.Close()
		until(t, "the end is there", func() bool { return !c.silent() })
		c.claim()
		if _, err := c.Write([]byte("GET")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the request was sent: %v", err)
		}
	})
}
