package front

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

const workerHello = "\x01\x00\x00\x08DGI\n\x02\x01\x01\x00"

// addBroken adds a worker that answers each connection with what says returns.
func (s *site) addBroken(says func(net.Conn)) {
	w := &fake{id: len(s.rows) + 1, links: wire.NewListener()}
	go func() {
		for {
			c, err := w.links.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				says(c)
				io.Copy(io.Discard, c) // until the front closes it
			}()
		}
	}()
	s.t.Cleanup(func() { w.links.Close() })
	s.table(s.link(w))
}

// TestWorkersThatBreakTheInterface: a line in the log, the connection closed,
// and the request goes elsewhere if it may.
func TestWorkersThatBreakTheInterface(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		log  string
		post int // status of a POST; a GET is answered by the sound worker
	}{
		"HTTP":          {"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak it", 200},
		"other version": {"\x01\x00\x00\x08DGI\n\x02\x07\x09\x00", "speaks versions 7 to 9", 200},
		"out of order":  {workerHello + "\x44\x00\x00\x01x", "BODY frame", 502},
		"too large":     {workerHello + "\x03\xff\xff\xff", "at most 262144", 502},
		"other request": {workerHello + "\x43\x00\x00\x07\x00\x00\x09\x00\xc8\x01\x00", "response to request 9", 502},
	} {
		t.Run(name, func(t *testing.T) {
			for method, want := range map[string]int{"GET": 200, "POST": c.post} {
				s := newSite(t, nil)
				s.addBroken(func(conn net.Conn) { io.WriteString(conn, c.says) })
				s.front.table.turn.Store(^uint64(0)) // the next request goes to the first worker
				s.wantStatus(method, want)
				s.wantLine(c.log)
				s.add(text("sound"))
				s.want(s.get("/"), 200, "sound")
			}
		})
	}
}

// wantStatus sends a request while a sound worker comes.
func (s *site) wantStatus(method string, status int) {
	s.t.Helper()
	got := make(chan reply, 1)
	if status == 200 {
		s.add(text("sound"))
	}
	go func() { got <- s.do(s.request(method, "/", nil)) }()
	if r := await(s.t, "answer", got); r.StatusCode != status {
		s.t.Errorf("%s: status %d, want %d", method, r.StatusCode, status)
	}
}

// wantLine wants a line of the log to have a text.
func (s *site) wantLine(part string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line := <-s.logged:
			if strings.Contains(fmt.Sprint(line), part) {
				return
			}
		case <-deadline:
			s.t.Fatalf("no line in the log has %q", part)
		}
	}
}

// TestAWorkerThatHangsBeforeHello costs a request no more than the time to
// dial, and nothing was sent.
func TestAWorkerThatHangsBeforeHello(t *testing.T) {
	s := newSite(t, func(l *limits) { l.dial, l.doubt = 20*time.Millisecond, time.Hour })
	s.addBroken(func(net.Conn) {})
	s.add(text("sound"))
	for range 4 {
		s.want(s.do(s.request("POST", "/", strings.NewReader("x"))), 200, "sound")
	}
}

func TestDeathsOfPaths(t *testing.T) {
	var d deaths
	a, b := &worker{id: 1}, &worker{id: 2}
	now := time.Now()
	for i, c := range []struct {
		path   string
		worker *worker
		after  time.Duration
		want   bool
	}{
		{"GET /a", a, 0, false},
		{"GET /a", a, 0, false}, // others at the same worker
		{"GET /b", b, 0, false},
		{"GET /a", b, time.Second, true},
		{"GET /a", a, 3 * time.Minute, false}, // long ago
		{"GET /a", b, 3 * time.Minute, true},
	} {
		if got := d.note(c.path, c.worker, now.Add(c.after)); got != c.want {
			t.Errorf("%d: %s at worker %d: %t", i, c.path, c.worker.id, got)
		}
	}
	d.answered("GET /a")
	if d.note("GET /a", a, now.Add(3*time.Minute)) {
		t.Error("guilty although it was answered")
	}
	for i := range 2 * deathsKept {
		d.note(fmt.Sprint(i), a, now.Add(3*time.Minute+time.Duration(i)))
	}
	if n := len(d.paths); n != deathsKept || !d.any() {
		t.Errorf("%d paths are kept", n)
	}
	for i := range 2 * deathsKept {
		d.answered(fmt.Sprint(i))
	}
	d.answered("GET /a")
	if d.any() {
		t.Errorf("%v is left", d.paths)
	}
}
