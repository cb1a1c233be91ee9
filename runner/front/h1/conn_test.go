package h1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

const getHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

// TestAResponseDoesNotWaitForTheNextRequest holds pipelining to its order
// without delay.
func TestAResponseDoesNotWaitForTheNextRequest(t *testing.T) {
	second := make(chan struct{})
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/2" {
			<-second
		}
		io.WriteString(x, x.Target())
	})
	c := s.dial().say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
	if _, body := c.response("GET"); body != "/1" {
		t.Errorf("body %q", body)
	}
	close(second)
	if _, body := c.response("GET"); body != "/2" {
		t.Errorf("body %q", body)
	}
}

// TestTheRestOfABodyIsNoRequest leaves bodies unread from every offset on; a
// request that is hidden in one must never be seen.
func TestTheRestOfABodyIsNoRequest(t *testing.T) {
	const hidden = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, coding := range []string{"length", "chunks"} {
		for read := range len(hidden) + 1 {
			var seen atomic.Int32
			s := newSite(t, Options{}, func(x *Exchange) {
				if x.Target() == "/smuggled" {
					seen.Add(1)
				}
				if b := x.Body(); b != nil {
					io.ReadFull(b, make([]byte, read))
				}
				x.Start(http.StatusUnauthorized, nil)
			})
			text := fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden)
			if coding == "chunks" {
				text = fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden)
			}
			c := s.dial().say(text + "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if resp := c.status(401); !resp.Close {
				c.status(401) // the next
			}
			c.end()
			if seen.Load() > 0 {
				t.Errorf("%s: after %d octets the rest was taken for a request", coding, read)
			}
		}
	}
}

func TestALongUnreadBodyEndsTheConnectionAfterTheResponse(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) { x.Start(http.StatusRequestEntityTooLarge, nil) })
	c := s.dial()
	c.say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 10<<20))
	for range 10 { // and looks for the response only then
		c.say(strings.Repeat("a", 1<<20))
	}
	if resp := c.status(413); !resp.Close {
		t.Error("the connection stays")
	}
	c.end()
}

func TestABodyOverTheLimit(t *testing.T) {
	for name, text := range map[string]string{
		"length":  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890",
		"chunks":  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n",
		"waiting": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{Body: 10}, func(x *Exchange) {
				body, err := io.ReadAll(x.Body())
				var large *http.MaxBytesError
				if !errors.As(err, &large) || large.Limit != 10 || len(body) > 10 {
					t.Errorf("%q, %v", body, err)
				}
				x.Start(http.StatusRequestEntityTooLarge, nil)
			})
			if resp := s.dial().say(text).status(413); !resp.Close {
				t.Error("the connection stays")
			}
		})
	}
	s := newSite(t, Options{Body: 10}, handled(app))
	s.dial().say("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n" + getHello).status(200)
}

func TestALargeBodyPasses(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	for _, chunk := range []int{0, 1 << 10, 5000, 100 << 10} {
		s := newSite(t, Options{}, func(x *Exchange) {
			got, err := io.ReadAll(x.Body())
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d octets, %v", len(got), err)
			}
			x.Write(got)
		})
		c := s.dial()
		go func() {
			if chunk == 0 {
				fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(want))
				c.Write(want)
			} else {
				fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
				for part := range slices.Chunk(want, chunk) {
					fmt.Fprintf(c, "%x\r\n%s\r\n", len(part), part)
				}
				fmt.Fprint(c, "0\r\n\r\n")
			}
			io.WriteString(c, getHello)
		}()
		if _, body := c.response("POST"); body != string(want) {
			t.Errorf("%d octets come back", len(body))
		}
	}
}

// TestABodyBehindALongHead makes the read buffer too small in the middle of an
// exchange.
func TestABodyBehindALongHead(t *testing.T) {
	for _, long := range []int{3500, 3900, 4000, 4090, 5000, 15000} {
		s := newSite(t, Options{}, func(x *Exchange) {
			body, err := io.ReadAll(x.Body())
			if err != nil || len(body) != 600 || x.Target() != "/long" {
				t.Errorf("%d: %s, %d octets, %v", long, x.Target(), len(body), err)
			}
			if _, value := x.Field(1); len(value) != long {
				t.Errorf("the field has %d octets now", len(value))
			}
			fmt.Fprint(x, len(body))
		})
		c := s.dial()
		text := "POST /long HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", long) + "\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("3\r\nabc\r\n", 200) + "0\r\nX-Long: " + strings.Repeat("y", 4000) + "\r\n\r\n"
		go func() {
			for range 2 {
				for part := range slices.Chunk([]byte(text), 1000) {
					c.Write(part)
				}
			}
		}()
		for range 2 {
			if _, body := c.response("POST"); body != "600" {
				t.Errorf("body %q", body)
			}
		}
	}
}

func TestAClientThatCutsItsBody(t *testing.T) {
	for _, text := range []string{"Content-Length: 5\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n5\r\nab", "Transfer-Encoding: chunked\r\n\r\n"} {
		failed := make(chan error, 1)
		s := newSite(t, Options{}, func(x *Exchange) {
			_, err := io.ReadAll(x.Body())
			failed <- err
		})
		s.dial().say("POST / HTTP/1.1\r\nHost: a\r\n" + text).Close()
		if err := <-failed; !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestInterruptEndsARead(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		body, failed := x.Body(), make(chan error)
		if body == nil {
			return // the request after it
		}
		go func() {
			_, err := io.ReadAll(body)
			failed <- err
		}()
		for body.reading.TryLock() { // until it reads
			body.reading.Unlock()
		}
		body.Interrupt()
		if err := <-failed; err != ErrInterrupted {
			t.Errorf("Read ends with %v", err)
		}
		if err := body.Failure(); err != nil {
			t.Errorf("the body has failed: %v", err)
		}
	})
	c := s.dial().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
	c.status(200)
	c.say("cde" + getHello).status(200)
}

func TestFullDuplex(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		b := make([]byte, 100)
		for {
			n, err := x.Body().Read(b)
			x.Write(b[:n])
			if err != nil || x.Flush() != nil {
				return
			}
		}
	})
	c := s.dial().say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
	c.hear("HTTP/1.1 200 OK\r\n" + aDate + "\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
	c.say("3\r\ntwo\r\n").hear("3\r\ntwo\r\n").say("0\r\n\r\n").hear("0\r\n\r\n").end()
}

func TestUpgrade(t *testing.T) {
	s := newSite(t, Options{KeepAlive: time.Nanosecond}, func(x *Exchange) {
		stream, err := x.Upgrade(http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}})
		if err != nil {
			x.Start(http.StatusBadRequest, nil)
			return
		}
		defer stream.Close()
		io.Copy(stream, stream)
		if err := x.Context().Err(); err != nil {
			t.Errorf("half a close is the end: %v", err)
		}
		io.WriteString(stream, "bye")
		stream.CloseWrite()
	})
	head := "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	c := s.dial().say(head + "early").
		hear("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly").
		say("late").hear("late")
	c.CloseWrite()
	c.hear("bye").end()
	s.dial().say("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n").status(400)
	s.dial().say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n").status(400)
}

func TestFieldsThatWouldSplitAResponse(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Start(200, http.Header{
			"X-Split": {"a\r\nSet-Cookie: b"}, "X\nY": {"a"}, "X-Nul": {"\x00"}, "X-Good": {"a"},
			"Content-Length": {"+1"}, "Transfer-Encoding": {"gzip"},
		})
	})
	c := s.dial().say(getHello)
	c.hear("HTTP/1.1 200 OK\r\nX-Good: a\r\n" + aDate + "\r\nContent-Length: 0\r\n\r\n")
}

func TestTheLengthIsKept(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Start(200, http.Header{"Content-Length": {"5"}})
		if n, err := io.WriteString(x, "hello, world"); n != 5 || err != http.ErrContentLength {
			t.Errorf("%d, %v", n, err)
		}
	})
	s.dial().say(getHello + getHello).hear("HTTP/1.1 200 OK\r\n" + aDate + "\r\nContent-Length: 5\r\n\r\nhello").status(200)
	s = newSite(t, Options{}, func(x *Exchange) {
		x.Start(304, nil)
		if _, err := x.Write([]byte("a")); err != http.ErrBodyNotAllowed {
			t.Error(err)
		}
	})
	s.dial().say(getHello).status(304)
}

func TestAPanicEndsItsConnectionOnly(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/panic" {
			x.Write([]byte("half"))
			panic("no")
		}
	})
	s.dial().say("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").end()
	s.dial().say(getHello).status(200)
}

func TestFilesAreSent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	want := bytes.Repeat([]byte("0123456789abcdef"), 512<<10) // more than one piece
	if err := os.WriteFile(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, length := range map[string]int{"whole": len(want), "part": 1000, "chunked": -1} {
		s := newSite(t, Options{}, func(x *Exchange) {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			h := http.Header{}
			if length >= 0 {
				h.Set("Content-Length", fmt.Sprint(length))
			}
			x.Start(200, h)
			var from io.Reader = f
			if what == "part" {
				from = io.LimitReader(f, 1000)
			}
			if n, err := x.ReadFrom(from); err != nil || length >= 0 && n != int64(length) {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		})
		c := s.dial().say(getHello + getHello)
		for range 2 {
			if _, body := c.response("GET"); length < 0 && body != string(want) || length >= 0 && body != string(want[:length]) {
				t.Errorf("%s: %d octets", what, len(body))
			}
		}
	}
}

func TestRefusedRequestsAreToldOf(t *testing.T) {
	told := make(chan *strict.Refusal, 1)
	s := newSite(t, Options{Refused: func(by strict.Client, why *strict.Refusal) (http.Header, []byte) {
		if by.Remote == "" || by.Accept != "text/html" || by.Languages != "ko" {
			t.Errorf("by %+v", by)
		}
		told <- why
		return http.Header{"Content-Type": {"text/x"}, "X-B": {"1\r\nX-C: 2"}}, []byte("no")
	}}, handled(app))
	c := s.dial().say("GET / HTTP/1.1\r\nAccept: text/html\r\naccept-language: ko\r\n\r\n")
	r, body := c.response("GET")
	if r.StatusCode != 400 || r.Header.Get("Content-Type") != "text/x" || r.ContentLength != 2 || body != "no" || !r.Close || r.Header.Get("X-C") != "" {
		t.Errorf("%+v, %q", r, body)
	}
	c.end()
	if why := <-told; why.Status != 400 || why.Reason != "no Host" {
		t.Error(why)
	}
}

func TestAGivenUpResponseWithoutLengthIsReset(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		io.WriteString(x, "hel")
		x.Flush()
		x.Abort()
	})
	c := s.dial().say("GET / HTTP/1.0\r\n\r\n")
	if got, err := io.ReadAll(c.in); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%q ends with %v", got, err)
	}
}
