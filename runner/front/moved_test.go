package front

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// doomed is a worker by hand that dies of each request: of one by message when
// it has said MOVE.
type doomed struct {
	links  *wire.Listener
	asked  *atomic.Int32
	unread bool // it takes the connection for the claim, and does not read that
}

func (d *doomed) serve() {
	for {
		c, err := d.links.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			d.answer(c)
		}()
	}
}

func (d *doomed) answer(c net.Conn) {
	hello := make([]byte, 12)
	if _, err := io.ReadFull(c, hello); err != nil {
		return
	}
	io.WriteString(c, "\x01\x00\x00\x08DGI\n\x02\x01\x01"+string(hello[11:]))
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil || wire.Kind(head[0]&0x3f) == wire.KindClaim {
		return
	}
	request := make([]byte, int(head[1])<<16|int(head[2])<<8|int(head[3]))
	if _, err := io.ReadFull(c, request); err != nil {
		return
	}
	d.asked.Add(1)
	if wire.Kind(head[0]&0x3f) != wire.KindAsk {
		return
	}
	if !d.unread {
		d.links.Close()
	}
	c.Write([]byte{0x49, 0, 0, 3, request[1], request[2], 1})
	io.Copy(io.Discard, c)
}

// TestADeathBeforeTheClaimCounts: a worker had taken the request whose response
// has moved, so that is asked once more and no oftener.
func TestADeathBeforeTheClaimCounts(t *testing.T) {
	for name, unread := range map[string]bool{"no connection": false, "claim not read": true} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			s := newSite(t, always)
			for id := range 4 {
				d := &doomed{links: wire.NewListener(), asked: &asked, unread: unread}
				go d.serve()
				t.Cleanup(func() { d.links.Close() })
				s.table(s.link(&fake{id: id + 1, links: d.links}))
			}
			s.openMessages()
			if r := s.get("/"); r.StatusCode != 502 {
				t.Errorf("status %d", r.StatusCode)
			}
			if n := asked.Load(); n != 2 {
				t.Errorf("%d workers were asked", n)
			}
			s.wantLog("/", map[string]any{"reason": "worker died, as another had at this path", "tries": 2})
		})
	}
}

// TestTheTimeOfAResponseThatMovesGoesOn: what moves has not begun for that.
func TestTheTimeOfAResponseThatMovesGoesOn(t *testing.T) {
	const limit = time.Second
	s := newSite(t, func(l *limits) { l.crowd, l.answer = 0, limit })
	s.add(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(limit * 9 / 10):
			w.WriteHeader(http.StatusEarlyHints)
			<-r.Context().Done()
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusOK)
	})
	s.openMessages()
	if r := s.get("/"); r.StatusCode != 504 {
		t.Errorf("status %d", r.StatusCode)
	}
}
