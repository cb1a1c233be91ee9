package front

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// visitor is a client with a connection that it keeps.
type visitor struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (s *site) visitor() *visitor {
	conn := s.dial()
	return &visitor{s.t, conn, bufio.NewReader(conn)}
}

// ask sends a request.
func (v *visitor) ask(path string) {
	v.t.Helper()
	if _, err := fmt.Fprintf(v.conn, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path); err != nil {
		v.t.Fatal(err)
	}
}

// answered wants the response, and whether it says goodbye.
func (v *visitor) answered(goodbye bool) {
	v.t.Helper()
	resp, err := http.ReadResponse(v.in, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Close != goodbye {
		v.t.Errorf("status %d, goodbye %v, want %v", resp.StatusCode, resp.Close, goodbye)
	}
}

// TestWhoIsConnectedHearsGoodbye when the front ends: by STOP, and by the death
// of its master. Who is connected has time for one more request, and nothing
// is closed before.
func TestWhoIsConnectedHearsGoodbye(t *testing.T) {
	for name, end := range map[string]func(*site){
		"stop":   func(s *site) { s.send(control.KindStop, control.Stop{Grace: patience}) },
		"orphan": func(s *site) { s.master.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(l *limits) { l.parting, l.keepAlive, l.lease = patience, patience, time.Hour })
			let := make(chan struct{})
			s.add(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					<-let
				}
			})
			idle, busy, mute := s.visitor(), s.visitor(), s.visitor()
			idle.ask("/")
			idle.answered(false)
			busy.ask("/slow")
			until(t, "a request is in flight", func() bool { return s.front.table.workers[1].load.Load() > 0 })
			end(s)
			until(t, "nobody is accepted", func() bool {
				c, err := net.DialTimeout("tcp", s.addr, 50*time.Millisecond)
				if err == nil {
					c.Close()
				}
				return errors.Is(err, syscall.ECONNREFUSED)
			})
			close(let)
			busy.answered(true)
			idle.ask("/")
			idle.answered(true)
			mute.ask("/")
			mute.answered(true)
			for _, v := range []*visitor{idle, busy, mute} {
				v.conn.Close()
			}
			// Nobody is left, so nobody is waited for.
			if err := await(t, "end", s.ended); (err != nil) != (name == "orphan") {
				t.Errorf("ended with %v", err)
			}
			s.ended <- nil
		})
	}
}

// TestAnOrphanNeedsNoLease: no master can take its workers away any more.
func TestAnOrphanNeedsNoLease(t *testing.T) {
	s := newSite(t, func(l *limits) { l.keepAlive, l.lease, l.hold = patience, 0, time.Millisecond })
	s.add(text("served"))
	v := s.visitor()
	s.master.Close()
	until(t, "the front is an orphan", s.front.stopping.Load)
	v.ask("/")
	v.answered(true)
}

// TestWhoCameBeforeTheEndIsTaken although there was no place: a listener that
// the last one closes would reset them.
func TestWhoCameBeforeTheEndIsTaken(t *testing.T) {
	s := newSite(t, func(l *limits) { l.clients, l.rested, l.parting = 1, patience, patience })
	s.add(text("served"))
	first := s.visitor()
	first.ask("/")
	first.answered(false)
	var late []*visitor
	for range 3 {
		late = append(late, s.visitor())
		late[len(late)-1].ask("/")
	}
	s.logLine("no place for more clients")
	s.send(control.KindStop, control.Stop{Grace: patience})
	until(t, "the front is stopping", s.front.stopping.Load)
	first.conn.Close()
	for _, v := range late {
		v.answered(true)
		v.conn.Close()
	}
}

func TestALockedDoorLetsNobodyIn(t *testing.T) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // as the master makes them
	l, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp := l.(*net.TCPListener)
	before, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := lockDoor(tcp); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("connected, or refused: %v", err)
	}
	if _, err := l.Accept(); err != nil {
		t.Errorf("who had come is not accepted: %v", err)
	}
	unlockDoor(tcp)
	if c, err := net.DialTimeout("tcp", l.Addr().String(), patience); err != nil {
		t.Errorf("after it was opened again: %v", err)
	} else {
		c.Close()
	}
	l.Close()
	if _, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the end: %v", err)
	}
}
