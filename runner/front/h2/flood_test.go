package h2

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// TestFloods of frames that cost the client nothing end its connection, whether
// or not it reads what we answer.
func TestFloods(t *testing.T) {
	for name, send := range map[string]func(p *peer, n uint32) error{
		"PING":                     func(p *peer, _ uint32) error { return p.WritePing(false, [8]byte{}) },
		"SETTINGS":                 func(p *peer, _ uint32) error { return p.WriteSettings() },
		"PRIORITY":                 func(p *peer, n uint32) error { return p.WritePriority(2*n+3, http2.PriorityParam{}) },
		"unknown frames":           func(p *peer, _ uint32) error { return p.WriteRawFrame(99, 0, 0, nil) },
		"empty DATA":               func(p *peer, _ uint32) error { return p.WriteData(1, false, nil) },
		"resets of closed streams": func(p *peer, n uint32) error { return p.WriteRSTStream(1, http2.ErrCodeCancel) },
		"malformed requests": func(p *peer, n uint32) error {
			return p.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*n + 3, BlockFragment: p.fields(":method", "GET"), EndStream: true, EndHeaders: true})
		},
	} {
		for how, reads := range map[string]bool{"read": true, "not read": false} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, Options{LingerTime: 100 * time.Millisecond}, func(x *Exchange) { <-x.Context().Done() })
				p := s.peer()
				p.ask(1, false, "POST", "/")
				var ended atomic.Bool
				if reads {
					go func() {
						io.Copy(io.Discard, p.conn)
						ended.Store(true)
					}()
				}
				for n := uint32(0); !ended.Load(); n++ {
					if send(p, n) != nil {
						break
					}
					if n > 1_000_000 {
						t.Fatal("no end of it")
					}
				}
				p.conn.Close()
			})
		}
	}
}

// TestEndlessFields (CVE-2024-27316): by many frames, large ones, or empty
// ones.
func TestEndlessFields(t *testing.T) {
	for name, fragment := range map[string]string{"large": strings.Repeat("\x00\x01a\x7f\xff", 1000), "small": "\x00\x01a\x01b", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{}, text("page"))
			p := s.peer()
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndStream: true, BlockFragment: p.fields(":method", "GET")})
			go func() {
				for range 1000 {
					if p.WriteContinuation(1, false, []byte(fragment)) != nil {
						return
					}
				}
			}()
			p.wantEnd(http2.ErrCodeEnhanceYourCalm)
		})
	}
}

// TestFieldsThatSwell: a small block may stand for a lot, which is counted and
// not kept.
func TestFieldsThatSwell(t *testing.T) {
	s := newSite(t, Options{}, text("page"))
	p := s.peer()
	block := p.fields(":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a", "x", strings.Repeat("a", 3900))
	for range 10_000 {
		block = append(block, 0x80|62)
	}
	p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndStream: true, EndHeaders: true, BlockFragment: block})
	if got := p.next(http2.FrameHeaders, 1).(*http2.MetaHeadersFrame).PseudoValue("status"); got != "431" {
		t.Errorf("%s", got)
	}
	p.ask(3, true, "GET", "/", "x", "small")
	p.want(3, "200", "page")
}

// TestTooManyStreams are refused; those that ended make room.
func TestTooManyStreams(t *testing.T) {
	release := make(chan struct{})
	s := newSite(t, Options{Streams: 3}, func(x *Exchange) { <-release })
	p := s.peer()
	for stream := uint32(1); stream <= 7; stream += 2 {
		p.ask(stream, true, "GET", "/")
	}
	p.wantReset(7, http2.ErrCodeRefusedStream)
	close(release)
	for range 3 {
		for {
			f, err := p.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if f.Header().Type == http2.FrameHeaders {
				break
			}
		}
	}
	p.ask(9, true, "GET", "/")
	p.want(9, "200", "")
}

// TestRapidReset (CVE-2023-44487): no more handlers run than streams are
// allowed, some requests wait, then the connection ends.
func TestRapidReset(t *testing.T) {
	var running, most atomic.Int64
	release := make(chan struct{})
	s := newSite(t, Options{Streams: 10}, func(x *Exchange) {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-release
		running.Add(-1)
	})
	p := s.peer()
	go func() {
		for stream := uint32(1); stream < 1000; stream += 2 {
			block := http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.fields(":method", "GET", ":scheme", "https", ":authority", "a", ":path", "/"), EndStream: true, EndHeaders: true}
			if p.WriteHeaders(block) != nil || p.WriteRSTStream(stream, http2.ErrCodeCancel) != nil {
				return
			}
		}
	}()
	p.wantEnd(http2.ErrCodeEnhanceYourCalm)
	close(release)
	until(t, "no handler runs", func() bool { return running.Load() == 0 })
	if most.Load() > 10 {
		t.Errorf("%d at once", most.Load())
	}
}

// TestResetMakesRoom: requests that were given up while they waited do not run,
// others do.
func TestResetMakesRoom(t *testing.T) {
	release, seen := make(chan struct{}), make(chan string, 10)
	s := newSite(t, Options{Streams: 1}, func(x *Exchange) {
		seen <- x.Target()
		if x.Target() == "/first" {
			<-release
		}
	})
	p := s.peer()
	p.ask(1, true, "GET", "/first")
	await(t, "request", seen)
	p.WriteRSTStream(1, http2.ErrCodeCancel)
	p.ask(3, true, "GET", "/given-up")
	p.WriteRSTStream(3, http2.ErrCodeCancel)
	p.ask(5, true, "GET", "/waits")
	p.WritePing(false, [8]byte{})
	p.next(http2.FramePing, 0) // all of that has come
	close(release)
	p.want(5, "200", "")
	if got := await(t, "request", seen); got != "/waits" {
		t.Errorf("%s runs", got)
	}
}
