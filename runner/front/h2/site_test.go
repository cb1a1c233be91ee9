package h2

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// certificate is for whoever does not look.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	about := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, &about, &about, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key}
})

// site is a server and how to reach it.
type site struct {
	t      testing.TB
	server *Server
	addr   string
	open   atomic.Int64 // connections
	writes atomic.Int64 // to them
}

func newSite(t testing.TB, o Options, handle func(*Exchange)) *site {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, addr: l.Addr().String()}
	s.server = New(o, handle)
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2"}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			n, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				conn := tls.Server(&countedConn{n, &s.writes}, config)
				if conn.Handshake() != nil {
					n.Close()
					return
				}
				s.open.Add(1)
				s.server.Take(conn, func() { s.open.Add(-1) })
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
		s.server.Close()
		if n := s.open.Load(); n != 0 {
			t.Errorf("%d connections after the end", n)
		}
	})
	return s
}

// countedConn counts what is written at once.
type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func (s *site) dial() *tls.Conn {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// client is net/http's.
func (s *site) client() *http.Client {
	tr := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, DisableCompression: true,
		MaxConnsPerHost: 1,
	}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func (s *site) url(path string) string { return "https://" + s.addr + path }

// peer is a client that says what a test wants.
type peer struct {
	t testing.TB
	*http2.Framer
	conn *tls.Conn
	head bytes.Buffer
	pack *hpack.Encoder
}

func (s *site) peer(settings ...http2.Setting) *peer {
	s.t.Helper()
	p := &peer{t: s.t, conn: s.dial()}
	io.WriteString(p.conn, http2.ClientPreface)
	p.Framer = http2.NewFramer(p.conn, bufio.NewReader(p.conn))
	p.AllowIllegalWrites = true
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.pack = hpack.NewEncoder(&p.head)
	p.WriteSettings(settings...)
	p.WriteSettingsAck()
	return p
}

// fields compresses fields, name after value.
func (p *peer) fields(list ...string) []byte {
	p.head.Reset()
	for i := 0; i+1 < len(list); i += 2 {
		p.pack.WriteField(hpack.HeaderField{Name: list[i], Value: list[i+1]})
	}
	return bytes.Clone(p.head.Bytes())
}

// ask begins a stream, with more fields than it needs.
func (p *peer) ask(stream uint32, end bool, method, path string, more ...string) {
	p.t.Helper()
	list := append([]string{":method", method, ":scheme", "https", ":authority", "example.org", ":path", path}, more...)
	p.send(stream, end, list...)
}

func (p *peer) send(stream uint32, end bool, list ...string) {
	p.t.Helper()
	err := p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.fields(list...), EndStream: end, EndHeaders: true})
	if err != nil {
		p.t.Fatal(err)
	}
}

// next reads up to a frame of a type, 0 to 9, of a stream.
func (p *peer) next(kind http2.FrameType, stream uint32) http2.Frame {
	p.t.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			p.t.Fatalf("waiting for %v of stream %d: %v", kind, stream, err)
		}
		if f.Header().Type == kind && f.Header().StreamID == stream {
			return f
		}
	}
}

// want reads a whole response.
func (p *peer) want(stream uint32, status, body string) {
	p.t.Helper()
	head := p.next(http2.FrameHeaders, stream).(*http2.MetaHeadersFrame)
	got := ""
	for ended := head.StreamEnded(); !ended; {
		f := p.next(http2.FrameData, stream).(*http2.DataFrame)
		got += string(f.Data())
		ended = f.StreamEnded()
	}
	if head.PseudoValue("status") != status || got != body {
		p.t.Errorf("stream %d: %s %q, want %s %q", stream, head.PseudoValue("status"), got, status, body)
	}
}

// wantReset reads up to RST_STREAM.
func (p *peer) wantReset(stream uint32, why http2.ErrCode) {
	p.t.Helper()
	if f := p.next(http2.FrameRSTStream, stream).(*http2.RSTStreamFrame); f.ErrCode != why {
		p.t.Errorf("stream %d reset with %v, want %v", stream, f.ErrCode, why)
	}
}

// wantEnd reads up to GOAWAY and the end of the connection.
func (p *peer) wantEnd(why http2.ErrCode) {
	p.t.Helper()
	said := false
	for {
		f, err := p.ReadFrame()
		if g, ok := f.(*http2.GoAwayFrame); ok {
			if g.ErrCode != why {
				p.t.Errorf("the connection ends with %v (%s), want %v", g.ErrCode, g.DebugData(), why)
			}
			said = true
		}
		if err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				p.t.Errorf("the connection does not end")
			} else if !said {
				p.t.Errorf("the connection ends without GOAWAY: %v", err)
			}
			return
		}
	}
}

// echo answers with what it was sent.
func echo(x *Exchange) {
	x.Start(200, http.Header{"Content-Type": {"text/plain"}})
	if b := x.Body(); b != nil {
		io.Copy(x, b)
	}
}

func text(s string) func(*Exchange) {
	return func(x *Exchange) { io.WriteString(x, s) }
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}
