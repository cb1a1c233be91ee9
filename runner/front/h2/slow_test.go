package h2

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// TestSlowBeginnings end: of the connection, of a frame, of a head.
func TestSlowBeginnings(t *testing.T) {
	s := newSite(t, Options{HeadTime: 50 * time.Millisecond, LingerTime: 50 * time.Millisecond}, text("page"))
	silent := s.dial()
	if b, err := io.ReadAll(silent); len(b) == 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("without a preface: %d octets, %v", len(b), err)
	}
	unserved := s.peer()
	unserved.wantEnd(http2.ErrCodeNo)
	frame := s.peer()
	frame.ask(1, true, "GET", "/")
	frame.want(1, "200", "page")
	frame.conn.Write([]byte{0, 0, 8, byte(pingFrame), 0, 0, 0})
	frame.wantEnd(http2.ErrCodeEnhanceYourCalm)
	head := s.peer()
	head.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.fields(":method", "GET")})
	head.wantEnd(http2.ErrCodeEnhanceYourCalm)
}

// TestSettingsThatAreNotAcknowledged end a connection (RFC 9113, section
// 6.5.3).
func TestSettingsThatAreNotAcknowledged(t *testing.T) {
	s := newSite(t, Options{HeadTime: 50 * time.Millisecond, LingerTime: 50 * time.Millisecond}, func(x *Exchange) { <-x.Context().Done() })
	p := &peer{t: t, conn: s.dial()}
	io.WriteString(p.conn, http2.ClientPreface)
	p.Framer = http2.NewFramer(p.conn, p.conn)
	p.WriteSettings()
	f := p.next(http2.FrameGoAway, 0).(*http2.GoAwayFrame)
	if f.ErrCode != http2.ErrCodeSettingsTimeout && f.ErrCode != http2.ErrCodeNo {
		t.Errorf("%v", f.ErrCode)
	}
}

// TestSlowBodies fail by their pause, and by their rate.
func TestSlowBodies(t *testing.T) {
	for name, o := range map[string]Options{
		"pause": {BodyPause: 50 * time.Millisecond},
		"rate":  {Rate: 1_000_000, RateGrace: 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			failed := make(chan error, 1)
			s := newSite(t, o, func(x *Exchange) {
				_, err := io.Copy(io.Discard, x.Body())
				failed <- err
				x.Start(http.StatusRequestTimeout, nil)
			})
			p := s.peer()
			p.ask(1, false, "POST", "/")
			for ended := false; !ended; {
				select {
				case err := <-failed:
					if !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("%v", err)
					}
					ended = true
				case <-time.After(10 * time.Millisecond):
					if name == "rate" {
						p.WriteData(1, false, []byte("drop"))
					}
				}
			}
			p.want(1, "408", "")
			p.wantReset(1, http2.ErrCodeNo)
		})
	}
}

// TestSlowReaders of a response lose their stream when they grant too little,
// and their connection when they do not read at all.
func TestSlowReaders(t *testing.T) {
	failed := make(chan error, 100)
	s := newSite(t, Options{WritePause: 100 * time.Millisecond, LingerTime: 50 * time.Millisecond}, func(x *Exchange) {
		if x.Target() == "/small" {
			io.WriteString(x, "small")
			return
		}
		_, err := io.Copy(x, io.LimitReader(zeros{}, 1<<30))
		failed <- err
	})
	p := s.peer()
	p.ask(1, true, "GET", "/long")
	if err := await(t, "end", failed); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	p.wantReset(1, http2.ErrCodeCancel)
	p.WriteWindowUpdate(0, 1<<20)
	p.ask(3, true, "GET", "/small")
	p.want(3, "200", "small")

	deaf := s.peer(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	deaf.WriteWindowUpdate(0, maxWindow-initialWindow)
	for stream := uint32(1); stream < 9; stream += 2 {
		deaf.ask(stream, true, "GET", "/long")
	}
	for range 4 {
		if err := await(t, "end", failed); err == nil {
			t.Error("it was sent")
		}
	}
	until(t, "its connection is gone", func() bool { return s.open.Load() == 1 })
}

// TestIdleConnections end politely, those with requests do not, and changed
// times hold for those that are open.
func TestIdleConnections(t *testing.T) {
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
	s.server.Change(Options{KeepAlive: 20 * time.Millisecond, LingerTime: 50 * time.Millisecond})
	idle.wantEnd(http2.ErrCodeNo)
	busy.WritePing(false, [8]byte{})
	busy.next(http2.FramePing, 0)
	close(release)
	busy.want(1, "200", "")
	busy.wantEnd(http2.ErrCodeNo)
}
