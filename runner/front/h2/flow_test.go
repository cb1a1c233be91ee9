package h2

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

// TestWindowsOfTheClient are kept to, in the stream and in the connection, and
// when it changes its mind.
func TestWindowsOfTheClient(t *testing.T) {
	whole := bytes.Repeat([]byte("0123456789"), 20_000)
	file := fileOf(t, whole)
	for name, handle := range map[string]func(*Exchange){
		"memory": func(x *Exchange) { x.Write(whole) },
		"file":   func(x *Exchange) { sendAll(t, x, file, int64(len(whole))) },
	} {
		t.Run(name, func(t *testing.T) { testWindows(t, whole, handle) })
	}
}

func testWindows(t *testing.T, whole []byte, handle func(*Exchange)) {
	s := newSite(t, Options{}, handle)
	p := s.peer(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
	p.ask(1, true, "GET", "/")
	var got []byte
	take := func(n int) {
		t.Helper()
		for n > 0 {
			f := p.next(http2.FrameData, 1).(*http2.DataFrame)
			got = append(got, f.Data()...)
			if n -= len(f.Data()); n < 0 {
				t.Fatalf("%d octets more than the window", -n)
			}
		}
	}
	// PING comes after whatever was sent before it.
	nothing := func() {
		t.Helper()
		p.WritePing(false, [8]byte{1})
		for {
			f, err := p.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			switch f := f.(type) {
			case *http2.DataFrame:
				t.Fatalf("%d octets more than the window", f.Length)
			case *http2.PingFrame:
				return
			}
		}
	}
	take(1000)
	nothing()
	p.WriteWindowUpdate(1, 500)
	take(500)
	nothing()
	p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1700})
	take(700)
	p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 700}) // 1000 below zero
	p.WriteWindowUpdate(1, 1000)
	nothing()
	p.WriteWindowUpdate(1, 300)
	take(300)
	p.WriteWindowUpdate(1, 1<<20)
	take(65535 - len(got)) // the connection's
	nothing()
	p.WriteWindowUpdate(0, 1<<20)
	take(len(whole) - len(got))
	if !bytes.Equal(got, whole) {
		t.Error("other octets arrive")
	}
}

// TestOurWindows let a client send as much as is read, in all.
func TestOurWindows(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/unread" {
			<-x.Context().Done()
			return
		}
		n, err := io.Copy(io.Discard, x.Body())
		if n != 5<<20 || err != nil {
			t.Errorf("%d octets, %v", n, err)
		}
	})
	c := s.client()
	for range 3 {
		resp, err := c.Post(s.url("/"), "", io.LimitReader(zeros{}, 5<<20))
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestMoreThanOurWindows ends the stream, or the connection.
func TestMoreThanOurWindows(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) { <-x.Context().Done() })
	frame := make([]byte, maxFrame)
	p := s.peer()
	p.ask(1, false, "POST", "/")
	for range streamWindow/maxFrame + 1 {
		p.WriteData(1, false, frame)
	}
	p.wantReset(1, http2.ErrCodeFlowControl)
	for stream := uint32(3); stream < 13; stream += 2 {
		p.ask(stream, false, "POST", "/")
		for range streamWindow / maxFrame {
			if p.WriteData(stream, false, frame) != nil {
				break
			}
		}
	}
	p.wantEnd(http2.ErrCodeFlowControl)
}

// TestUnwantedBodies give their part of the connection's window back, padding
// too.
func TestUnwantedBodies(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		if b := x.Body(); b != nil && x.Target() == "/some" {
			io.ReadFull(b, make([]byte, 10))
			b.Interrupt()
		}
		x.Start(http.StatusForbidden, nil)
	})
	p := s.peer()
	granted := 1 << 20
	stream := uint32(1)
	frame, padding := make([]byte, 8000), make([]byte, 200)
	for sent := 0; sent < 4<<20; stream += 2 {
		p.ask(stream, false, "POST", []string{"/none", "/some"}[stream/2%2])
		for range 10 {
			p.WriteDataPadded(stream, false, frame, padding)
			sent += 8201
			granted -= 8201
		}
		for done := false; !done || granted < 100_000; {
			f, err := p.ReadFrame()
			if err != nil {
				t.Fatalf("after %d octets: %v", sent, err)
			}
			switch f := f.(type) {
			case *http2.WindowUpdateFrame:
				if f.StreamID == 0 && sent > 0 {
					granted += int(f.Increment)
				}
			case *http2.RSTStreamFrame:
				if f.ErrCode != http2.ErrCodeNo {
					t.Fatalf("%v", f.ErrCode)
				}
				done = done || f.StreamID == stream
			}
		}
	}
}

// TestBodyAndItsLength must be the same (RFC 9113, section 8.1.1).
func TestBodyAndItsLength(t *testing.T) {
	begun, failed := make(chan bool, 10), make(chan error, 10)
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Body() == nil {
			return
		}
		begun <- true
		_, err := io.Copy(io.Discard, x.Body())
		failed <- err
		if err == nil {
			io.WriteString(x, "whole")
		}
	})
	p := s.peer()
	p.ask(1, false, "POST", "/", "content-length", "4")
	p.WriteData(1, true, []byte("body"))
	p.want(1, "200", "whole")
	await(t, "request", begun)
	await(t, "end", failed)
	for i, body := range []string{"bod", "bodyy"} {
		stream := uint32(3 + 2*i)
		p.ask(stream, false, "POST", "/", "content-length", "4")
		await(t, "request", begun)
		p.WriteData(stream, true, []byte(body))
		p.wantReset(stream, http2.ErrCodeProtocol)
		if err := await(t, "end", failed); err != io.ErrUnexpectedEOF {
			t.Errorf("%q for 4 octets: %v", body, err)
		}
	}
	p.ask(21, false, "POST", "/", "content-length", "0")
	p.WriteData(21, true, nil)
	p.want(21, "200", "")
}
