package h2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/dram-go/dram/runner/front/roster"
)

// TestGoodbyeTakesTwoSteps (RFC 9113, section 6.8): what the client asks for
// before it has answered the PING is answered.
func TestGoodbyeTakesTwoSteps(t *testing.T) {
	s := newSite(t, Options{}, text("page"))
	p := s.peer()
	p.ask(1, true, "GET", "/")
	p.want(1, "200", "page")
	s.server.Drain()
	if f := p.next(http2.FrameGoAway, 0).(*http2.GoAwayFrame); f.LastStreamID != maxStream || f.ErrCode != http2.ErrCodeNo {
		t.Errorf("first %v", f)
	}
	ping := p.next(http2.FramePing, 0).(*http2.PingFrame)
	p.ask(3, true, "GET", "/")
	p.want(3, "200", "page")
	p.ask(5, true, "GET", "/")
	p.WritePing(true, ping.Data)
	p.ask(7, true, "GET", "/")
	answered := false
	for {
		f, err := p.ReadFrame()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			if f.LastStreamID != 5 || f.ErrCode != http2.ErrCodeNo {
				t.Errorf("second %v", f)
			}
		case *http2.DataFrame:
			if f.StreamID != 5 {
				t.Errorf("%v", f)
			}
			answered = true
		}
	}
	if !answered {
		t.Error("stream 5 is not answered")
	}
}

// TestFirstRequestIsAnsweredAfterTheGoodbye of a client whose connection was
// new, or under way, then: it hears nothing of it before, for some take a
// connection that ends without an answer for a broken server.
func TestFirstRequestIsAnsweredAfterTheGoodbye(t *testing.T) {
	s := newSite(t, Options{}, text("page"))
	fresh := s.peer()
	until(t, "it is known", func() bool { return len(s.server.conns.All()) == 1 })
	s.server.Drain()
	for _, p := range []*peer{fresh, s.peer()} {
		p.WritePing(false, [8]byte{1})
		for {
			f, err := p.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if f.Header().Type == http2.FrameGoAway {
				t.Fatalf("%v before the first request", f)
			}
			if f.Header().Type == http2.FramePing {
				break
			}
		}
		p.ask(1, true, "GET", "/")
		if f := p.next(http2.FrameGoAway, 0).(*http2.GoAwayFrame); f.LastStreamID != maxStream {
			t.Errorf("%v", f)
		}
		p.want(1, "200", "page")
		p.WritePing(true, [8]byte([]byte(parted)))
		p.wantEnd(http2.ErrCodeNo)
	}
}

// TestWhoIgnoresTheGoodbye is left in the end.
func TestWhoIgnoresTheGoodbye(t *testing.T) {
	s := newSite(t, Options{HeadTime: 50 * time.Millisecond, LingerTime: 50 * time.Millisecond}, text("page"))
	p := s.peer()
	p.ask(1, true, "GET", "/")
	p.want(1, "200", "page")
	s.server.Drain()
	p.wantEnd(http2.ErrCodeNo)
}

// TestFramesOfIgnoredStreams do no harm: the client did not know yet.
func TestFramesOfIgnoredStreams(t *testing.T) {
	release := make(chan struct{})
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/slow" {
			<-release
		} else {
			x.Last()
		}
	})
	p := s.peer()
	p.ask(1, true, "GET", "/slow")
	p.ask(3, true, "GET", "/")
	if f := p.next(http2.FrameGoAway, 0).(*http2.GoAwayFrame); f.LastStreamID != 3 {
		t.Errorf("%v", f)
	}
	p.ask(5, false, "POST", "/")
	p.WriteData(5, false, []byte("body"))
	p.WriteWindowUpdate(5, 10)
	p.send(5, true, "x", "trailer")
	p.ask(7, false, "POST", "/")
	p.WriteRSTStream(7, http2.ErrCodeCancel)
	close(release)
	p.want(1, "200", "")
	for {
		f, err := p.ReadFrame()
		if err == io.EOF {
			return
		}
		if err != nil || f.Header().Type != http2.FrameSettings {
			t.Fatalf("%v, %v", f, err)
		}
	}
}

// TestDismiss ends connections without a request, and others after it.
func TestDismiss(t *testing.T) {
	release := make(chan struct{})
	s := newSite(t, Options{LingerTime: 50 * time.Millisecond}, func(x *Exchange) {
		if x.Target() == "/slow" {
			<-release
		}
	})
	idle, busy := s.peer(), s.peer()
	idle.ask(1, true, "GET", "/")
	idle.want(1, "200", "")
	busy.ask(1, true, "GET", "/slow")
	busy.WritePing(false, [8]byte{})
	busy.next(http2.FramePing, 0)
	s.server.Dismiss()
	idle.wantEnd(http2.ErrCodeNo)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.server.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a request: %v", err)
	}
	close(release)
	busy.want(1, "200", "")
	busy.conn.Close()
	if err := s.server.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestClose ends what is under way, with its cause.
func TestClose(t *testing.T) {
	begun, causes := make(chan bool, 10), make(chan error, 10)
	s := newSite(t, Options{}, func(x *Exchange) {
		begun <- true
		alarm := make(chan struct{})
		x.Watch(func() { close(alarm) })
		<-alarm
		<-x.Context().Done()
		causes <- context.Cause(x.Head().Context())
	})
	p := s.peer()
	p.ask(1, true, "GET", "/")
	p.ask(3, true, "GET", "/")
	await(t, "request", begun)
	await(t, "request", begun)
	s.server.Close()
	for range 2 {
		if err := await(t, "cause", causes); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("%v", err)
		}
	}
	s.server.Take(s.dialServer(t), func() { close(causes) })
	if _, open := <-causes; open {
		t.Error("a closed server serves")
	}
}

// TestRelieve ends those who have rested longest, and none with a request.
func TestRelieve(t *testing.T) {
	release := make(chan struct{})
	s := newSite(t, Options{LingerTime: 50 * time.Millisecond}, func(x *Exchange) {
		if x.Target() == "/slow" {
			<-release
		}
	})
	busy := s.peer()
	busy.ask(1, true, "GET", "/slow")
	var all []*peer
	for range roster.Few + 1 {
		p := s.peer()
		p.ask(1, true, "GET", "/")
		p.want(1, "200", "")
		all = append(all, p)
		until(t, "its request has ended", func() bool {
			resting := 0
			for _, c := range s.server.conns.All() {
				if !c.restsSince().IsZero() {
					resting++
				}
			}
			return resting == len(all)
		})
	}
	s.server.Relieve(time.Hour)
	s.server.Relieve(0)
	for _, p := range all[:roster.Few] {
		p.wantEnd(http2.ErrCodeNo)
	}
	last := all[roster.Few]
	last.ask(3, true, "GET", "/")
	last.want(3, "200", "")
	close(release)
	busy.want(1, "200", "")
}
