package h2

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// FuzzConnection sends whatever frames a client may make up. The server must
// answer with frames that another implementation reads, end the connection when
// the client has, and leave nothing behind.
func FuzzConnection(f *testing.F) {
	for _, seed := range conversations(f) {
		f.Add(seed)
	}
	s := newSite(f, Options{
		Line: 200, Head: 500, Fields: 10, Body: 100_000, Streams: 4, LingerTime: 10 * time.Millisecond, WritePause: time.Second,
	}, func(x *Exchange) {
		switch x.Target() {
		case "/echo":
			echo(x)
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/last":
			x.Last()
		case "/wait":
			<-x.Context().Done()
		default:
			x.Head()
			if b := x.Body(); b != nil {
				io.CopyN(io.Discard, b, 10)
			}
			x.Start(200, http.Header{"Trailer": {"X"}, "X-Own": {x.Target()}})
			x.Write(make([]byte, 3000))
			x.Trailer(http.Header{"X": {"1"}})
		}
	})
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Skip(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		written := make(chan struct{})
		go func() {
			defer close(written)
			io.WriteString(conn, http2.ClientPreface)
			conn.Write(sent) // fails when the server has ended the connection
			conn.CloseWrite()
		}()
		framer := http2.NewFramer(io.Discard, conn)
		framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		for first := true; ; first = false {
			frame, err := framer.ReadFrame()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the connection does not end")
			}
			var bad http2.ConnectionError
			var stream http2.StreamError
			if errors.As(err, &bad) || errors.As(err, &stream) {
				t.Fatalf("frames of the server: %v (%v)", err, framer.ErrorDetail())
			}
			if err != nil {
				break
			}
			if _, ok := frame.(*http2.SettingsFrame); first && !ok {
				t.Fatalf("%v first", frame)
			}
		}
		<-written
		until(t, "the server has forgotten the connection", func() bool { return s.open.Load() == 0 })
	})
}

// conversations are what clients send.
func conversations(t testing.TB) (all [][]byte) {
	var b bytes.Buffer
	p := &peer{t: t, Framer: http2.NewFramer(&b, nil)}
	p.AllowIllegalWrites = true
	p.pack = hpack.NewEncoder(&p.head)
	begin := func() {
		b.Reset()
		p.pack = hpack.NewEncoder(&p.head)
		p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 100})
		p.WriteSettingsAck()
	}
	end := func() { all = append(all, bytes.Clone(b.Bytes())) }
	begin()
	p.ask(1, true, "GET", "/")
	p.ask(3, true, "HEAD", "/last")
	p.WriteWindowUpdate(0, 100)
	p.WriteWindowUpdate(1, 5000)
	end()
	begin()
	p.ask(1, false, "POST", "/echo", "content-length", "4", "trailer", "x")
	p.WriteDataPadded(1, false, []byte("body"), make([]byte, 9))
	p.send(1, true, "x", "1")
	p.ask(3, true, "GET", "/wait")
	p.WriteRSTStream(3, http2.ErrCodeCancel)
	p.WritePing(false, [8]byte{1})
	end()
	begin()
	block := p.fields(":method", "GET", ":scheme", "https", ":authority", "a", ":path", "/abort", "cookie", "a", "cookie", "b")
	p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:7], Priority: http2.PriorityParam{StreamDep: 3}})
	p.WriteContinuation(1, false, block[7:9])
	p.WriteContinuation(1, true, block[9:])
	p.WriteData(1, true, []byte("body"))
	p.WritePriority(5, http2.PriorityParam{StreamDep: 1})
	p.WriteGoAway(1, http2.ErrCodeNo, nil)
	end()
	return all
}
