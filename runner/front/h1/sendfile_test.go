package h1

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// someFile makes a file of n octets that are all different enough.
func someFile(t *testing.T, n int) (*os.File, []byte) {
	t.Helper()
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i>>16 ^ i>>8 ^ i)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, content
}

// sender answers with a part of a file: head, then a prefix, then the part.
func sender(t *testing.T, f *os.File, offset, n int64) func(*Exchange) {
	return func(x *Exchange) {
		x.Begin(http.StatusOK)
		x.Lines([]byte("Content-Type: text/plain\r\nX-Other: 1\r\n"))
		x.Announce(n + 3)
		x.Ready(true)
		if _, err := io.WriteString(x, "abc"); err != nil {
			t.Error(err)
		}
		sent, err := x.SendFile(f, offset, n)
		if err != nil || sent != n && x.Method() != http.MethodHead {
			t.Errorf("sent %d of %d, %v", sent, n, err)
		}
	}
}

func TestSendFile(t *testing.T) {
	const size = 2*filePiece + 12345
	f, content := someFile(t, size)
	for _, part := range [][2]int64{{0, size}, {0, 1}, {size - 1, 1}, {12345, filePiece + 1}, {0, 100}} {
		s := newSite(t, Options{}, sender(t, f, part[0], part[1]))
		want := "abc" + string(content[part[0]:part[0]+part[1]])
		var clients sync.WaitGroup
		for range 3 { // the file has one offset, which nobody moves
			c := s.dial()
			clients.Go(func() {
				for range 2 {
					c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
					r, body := c.response("GET")
					if r.ContentLength != int64(len(want)) || body != want || r.Header.Get("X-Other") != "1" {
						t.Errorf("%v: length %d, %d octets of %d", part, r.ContentLength, len(body), len(want))
					}
				}
				c.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
				if r, body := c.response("HEAD"); r.ContentLength != int64(len(want)) || body != "" {
					t.Errorf("HEAD: length %d, %d octets", r.ContentLength, len(body))
				}
			})
		}
		clients.Wait()
	}
}

func TestSendFileOverTLS(t *testing.T) {
	f, content := someFile(t, 300<<10)
	s := newSite(t, Options{TLS: certificate(t)}, sender(t, f, 5, 250<<10))
	_, secure := s.dialTLS("http/1.1")
	io.WriteString(secure, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	wantBody(t, secure, "abc"+string(content[5:5+250<<10]))
}

func wantBody(t *testing.T, from *tls.Conn, want string) {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(from), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != want {
		t.Errorf("%d octets of %d, %v", len(body), len(want), err)
	}
}

// TestSendFileThatIsTooShort: the client must not take a part for the whole.
func TestSendFileThatIsTooShort(t *testing.T) {
	for name, o := range map[string]Options{"clear": {}, "TLS": {TLS: certificate(t)}} {
		f, content := someFile(t, 100<<10)
		s := newSite(t, o, func(x *Exchange) {
			x.Begin(http.StatusOK)
			x.Announce(200 << 10)
			x.Ready(true)
			sent, err := x.SendFile(f, 0, 200<<10)
			if !errors.Is(err, io.ErrUnexpectedEOF) || sent != 100<<10 {
				t.Errorf("%s: %d sent, %v", name, sent, err)
			}
			x.Abort()
		})
		var from io.Reader
		if o.TLS == nil {
			c := s.dial()
			c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			from = c
		} else {
			_, secure := s.dialTLS("http/1.1")
			io.WriteString(secure, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			from = secure
		}
		r, err := http.ReadResponse(bufio.NewReader(from), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		body, err := io.ReadAll(r.Body)
		if err == nil || !bytes.HasPrefix(content, body) {
			t.Errorf("%s: %d octets, %v", name, len(body), err)
		}
	}
}

// TestSendFileToAClientThatLeaves ends with an error, not with a wait.
func TestSendFileToAClientThatLeaves(t *testing.T) {
	f, _ := someFile(t, 8<<20)
	failed := make(chan error, 1)
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Begin(http.StatusOK)
		x.Announce(1 << 30)
		x.Ready(true)
		var err error
		for err == nil {
			_, err = x.SendFile(f, 0, 8<<20)
		}
		failed <- err
		x.Abort()
	})
	c := s.dial()
	c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	c.hear("HTTP/1.1 200 OK\r\n")
	c.Close()
	if err := <-failed; err == nil || strings.Contains(err.Error(), "unexpected EOF") {
		t.Error(err)
	}
}

// TestSendFileIntoChunks is for a length that nobody announced.
func TestSendFileIntoChunks(t *testing.T) {
	f, content := someFile(t, 100<<10)
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Begin(http.StatusOK)
		x.Ready(true)
		if n, err := x.SendFile(f, 0, 100<<10); n != 100<<10 || err != nil {
			t.Error(n, err)
		}
	})
	c := s.dial()
	c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if _, body := c.response("GET"); body != string(content) {
		t.Errorf("%d octets", len(body))
	}
}
