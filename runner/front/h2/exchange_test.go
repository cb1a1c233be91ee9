package h2

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"
)

// dialServer is the server's side of a connection.
func (s *site) dialServer(t *testing.T) *tls.Conn {
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close() })
	return tls.Server(b, &tls.Config{Certificates: []tls.Certificate{certificate()}})
}

// TestExchange with net/http's client: all that a message may carry.
func TestExchange(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Inform(103, http.Header{"Link": {"</a.css>"}, "Connection": {"close"}})
		body, err := io.ReadAll(x.Body())
		h := http.Header{"Trailer": {"X-Sum"}, "X-Length": {fmt.Sprint(len(body))}, "Connection": {"keep-alive"}, "Bad Name": {"x"}, "X-Bad": {"a\nb"}, "X-Space": {" a "}}
		x.Start(201, h)
		fmt.Fprintf(x, "%v %v", err, x.Head().Trailer)
		x.Trailer(http.Header{"X-Sum": {"7"}, "Content-Length": {"1"}})
	})
	hints := make(chan textproto.MIMEHeader, 1)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
		hints <- h
		return nil
	}})
	r, _ := http.NewRequestWithContext(ctx, "POST", s.url("/"), io.LimitReader(zeros{}, 300_000))
	r.Trailer = http.Header{"X-End": {"1"}}
	resp, err := s.client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "<nil> map[X-End:[1]]" || resp.StatusCode != 201 || resp.Header.Get("X-Length") != "300000" {
		t.Errorf("%d %v %q %v", resp.StatusCode, resp.Header, body, err)
	}
	if len(resp.Trailer) != 1 || resp.Trailer.Get("X-Sum") != "7" || resp.Header.Get("Date") == "" || resp.Header.Get("X-Space") != "a" || resp.Header["X-Bad"] != nil {
		t.Errorf("%v %v", resp.Header, resp.Trailer)
	}
	if h := await(t, "hints", hints); h.Get("Link") == "" || h.Get("Connection") != "" {
		t.Errorf("%v", h)
	}
}

// TestContinue is said by the first Read (RFC 9110, section 10.1.1).
func TestContinue(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/read" {
			if b := x.Body(); b != nil {
				io.Copy(x, b)
			}
		} else {
			x.Start(403, nil)
		}
	})
	p := s.peer()
	p.ask(1, false, "POST", "/read", "expect", "100-continue")
	if f := p.next(http2.FrameHeaders, 1).(*http2.MetaHeadersFrame); f.PseudoValue("status") != "100" || f.StreamEnded() {
		t.Fatalf("%v", f)
	}
	p.WriteData(1, true, []byte("body"))
	p.want(1, "200", "body")
	p.ask(3, false, "POST", "/refuse", "expect", "100-continue")
	p.want(3, "403", "")
	p.wantReset(3, http2.ErrCodeNo)
	p.ask(5, true, "GET", "/read", "expect", "100-continue")
	p.want(5, "200", "")
}

// TestBodilessResponses end with their head.
func TestBodilessResponses(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		status := map[string]int{"/204": 204, "/304": 304}[x.Target()]
		x.Start(max(status, 200), http.Header{"Content-Length": {"4"}})
		_, err := io.WriteString(x, "body")
		if status != 0 && x.Method() == "GET" && !errors.Is(err, http.ErrBodyNotAllowed) || status == 0 && err != nil {
			t.Errorf("%s: %v", x.Target(), err)
		}
	})
	p := s.peer()
	for i, c := range [][3]string{{"HEAD", "/", "4"}, {"GET", "/204", ""}, {"GET", "/304", ""}, {"HEAD", "/304", "4"}} {
		p.ask(uint32(2*i+1), true, c[0], c[1])
		f := p.next(http2.FrameHeaders, uint32(2*i+1)).(*http2.MetaHeadersFrame)
		length := ""
		for _, field := range f.RegularFields() {
			if field.Name == "content-length" {
				length = field.Value
			}
		}
		if !f.StreamEnded() || length != c[2] {
			t.Errorf("%v: %v", c, f)
		}
	}
}

// TestLengths of responses are kept, or the stream is reset.
func TestLengths(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Begin(200)
		x.Announce(4)
		x.Ready(false)
		_, err := io.WriteString(x, strings.TrimPrefix(x.Target(), "/"))
		if x.Target() == "/bodyy" && !errors.Is(err, http.ErrContentLength) {
			t.Errorf("%v", err)
		}
	})
	p := s.peer()
	p.ask(1, true, "GET", "/body")
	p.want(1, "200", "body")
	p.ask(3, true, "GET", "/bodyy")
	p.want(3, "200", "body")
	p.ask(5, true, "GET", "/bod")
	p.wantReset(5, http2.ErrCodeInternal)
}

// TestFailures of handlers end streams and nothing else.
func TestFailures(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		switch x.Target() {
		case "/abort":
			io.WriteString(x, "half")
			x.Flush()
			x.Abort()
		case "/panic":
			panic("broken")
		case "/abort-panic":
			panic(http.ErrAbortHandler)
		case "/upgrade":
			if x.Upgrade(nil) == nil {
				t.Error("an upgrade")
			}
		}
	})
	p := s.peer()
	for i, path := range []string{"/abort", "/panic", "/abort-panic"} {
		stream := uint32(2*i + 1)
		p.ask(stream, true, "GET", path)
		p.wantReset(stream, http2.ErrCodeInternal)
	}
	p.ask(9, true, "GET", "/upgrade")
	p.want(9, "200", "")
}

// TestGone: a reset ends a request, the end of a connection all of them.
func TestGone(t *testing.T) {
	begun, ended := make(chan string, 10), make(chan string, 10)
	s := newSite(t, Options{}, func(x *Exchange) {
		begun <- x.Target()
		if b := x.Body(); b != nil {
			if _, err := io.ReadAll(b); err != io.ErrUnexpectedEOF {
				t.Errorf("body: %v", err)
			}
		}
		<-x.Context().Done()
		if context.Cause(x.Context()) != ErrGone || x.Gone() != ErrGone {
			t.Errorf("%v, %v", context.Cause(x.Context()), x.Gone())
		}
		if _, err := x.Write(make([]byte, 100_000)); err == nil {
			t.Error("it is sent")
		}
		ended <- x.Target()
	})
	p := s.peer()
	p.ask(1, true, "GET", "/1")
	p.ask(3, false, "POST", "/3")
	p.ask(5, false, "POST", "/5")
	for range 3 {
		await(t, "request", begun)
	}
	p.WriteRSTStream(3, http2.ErrCodeCancel)
	if got := await(t, "end", ended); got != "/3" {
		t.Errorf("%s ends", got)
	}
	p.conn.Close()
	await(t, "end", ended)
	await(t, "end", ended)
}

// TestManyAtOnce in both directions, over one connection.
func TestManyAtOnce(t *testing.T) {
	s := newSite(t, Options{}, echo)
	c := s.client()
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for j := range 10 {
				body := bytes.Repeat([]byte{byte(i), byte(j)}, 1+i*j*97)
				resp, err := c.Post(s.url("/"), "", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d octets come back of %d: %v", len(got), len(body), err)
				}
			}
		})
	}
	all.Wait()
	if n := s.open.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestASmallPageIsOneWrite with its head, and one record.
func TestASmallPageIsOneWrite(t *testing.T) {
	page := strings.Repeat("x", 5<<10)
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Begin(200)
		x.Add("Content-Type", "text/html")
		x.Announce(int64(len(page)))
		x.Ready(true)
		io.WriteString(x, page)
	})
	p := s.peer()
	stream := uint32(1)
	for ; stream < 100; stream += 2 { // TLS begins with small records
		p.ask(stream, true, "GET", "/")
		p.want(stream, "200", page)
		p.WriteWindowUpdate(0, uint32(len(page)))
	}
	before := s.writes.Load()
	p.ask(stream, true, "GET", "/")
	p.want(stream, "200", page)
	if n := s.writes.Load() - before; n != 1 {
		t.Errorf("%d writes", n)
	}
}

// TestSendFile from the middle, in HEAD, and of a file that is too short.
func TestSendFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	whole := bytes.Repeat([]byte("0123456789abcdef"), 30_000)
	os.WriteFile(path, whole, 0o600)
	s := newSite(t, Options{}, func(x *Exchange) {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		x.Begin(200)
		x.Lines([]byte("Content-Type: text/x\r\nX-Own: a: b\r\n"))
		x.Announce(400_000)
		x.Ready(true)
		offset := int64(16)
		if x.Target() == "/short" {
			offset = 200_000
		}
		n, err := x.SendFile(f, offset, 400_000)
		if x.Target() == "/short" {
			if n != 280_000 || err != io.ErrUnexpectedEOF {
				t.Errorf("%d, %v", n, err)
			}
			x.Abort()
		} else if err != nil {
			t.Error(err)
		}
	})
	c := s.client()
	resp, err := c.Get(s.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, whole[16:400_016]) || resp.Header.Get("X-Own") != "a: b" || resp.Header.Get("Content-Type") != "text/x" {
		t.Errorf("%d octets, %v, %v", len(got), resp.Header, err)
	}
	if resp, err := c.Head(s.url("/")); err != nil || resp.ContentLength != 400_000 {
		t.Errorf("%v, %v", resp, err)
	}
	if resp, err = c.Get(s.url("/short")); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%d octets are all", len(got))
	}
}

// TestLongFields need more frames than one.
func TestLongFields(t *testing.T) {
	long := strings.Repeat("~", 40_000)
	s := newSite(t, Options{}, func(x *Exchange) { x.Start(200, http.Header{"X-Long": {long}}) })
	resp, err := s.client().Get(s.url("/"))
	if err != nil || resp.Header.Get("X-Long") != long {
		t.Errorf("%v", err)
	}
}

// TestBodyLimit is told to who reads.
func TestBodyLimit(t *testing.T) {
	var large *http.MaxBytesError
	s := newSite(t, Options{Body: 10}, func(x *Exchange) {
		n, err := io.Copy(io.Discard, x.Body())
		if x.Length() > 10 && n != 0 || n > 10 || !errors.As(err, &large) || x.Body().Failure() != err {
			t.Errorf("length %d: %d, %v", x.Length(), n, err)
		}
		x.Start(413, nil)
	})
	for _, body := range []io.Reader{strings.NewReader("0123456789a"), io.LimitReader(zeros{}, 1<<20)} {
		if resp, err := s.client().Post(s.url("/"), "", body); err != nil || resp.StatusCode != 413 {
			t.Errorf("%v, %v", resp, err)
		}
	}
}
