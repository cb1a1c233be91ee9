package front

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// dying returns workers that die while they handle "/": in the way that how
// says, all others answer "alive". deaths counts.
func dying(s *site, workers, mortal int, how func(w http.ResponseWriter, r *http.Request)) (deaths *atomic.Int32) {
	deaths = new(atomic.Int32)
	for range workers {
		var me *fake
		me = s.newFake(func(w http.ResponseWriter, r *http.Request) {
			if int(deaths.Load()) >= mortal {
				io.WriteString(w, "alive")
				return
			}
			deaths.Add(1)
			how(w, r)
			me.kill()
		})
		s.table(s.link(me))
	}
	return deaths
}

// partial begins a response and leaves it unfinished.
func partial(length, sent int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		if length >= 0 {
			w.Header().Set("Content-Length", fmt.Sprint(length))
		}
		io.WriteString(w, strings.Repeat("x", sent))
		w.(http.Flusher).Flush()
	}
}

func nothing(http.ResponseWriter, *http.Request) {}

func TestDeathIsHarmlessForSafeRequests(t *testing.T) {
	for name, how := range map[string]func(http.ResponseWriter, *http.Request){
		"before the head":           nothing,
		"after the head":            partial(1000, 0),
		"in the body":               partial(1000, 10),
		"in the largest whole body": partial(256<<10, 256<<10-1),
		"in the largest page without length": func(w http.ResponseWriter, _ *http.Request) {
			for range 64 {
				io.WriteString(w, strings.Repeat("x", 1<<10))
			}
		},
		"before the head, after 103":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103) },
		"at the end of a whole body ": partial(1000, 999),
	} {
		for way, change := range ways {
			t.Run(name+way, func(t *testing.T) {
				s := newSite(t, change)
				deaths := dying(s, 2, 1, how)
				if change != nil {
					s.openMessages()
				}
				s.want(s.get("/"), 200, "alive")
				if n := deaths.Load(); n != 1 {
					t.Errorf("%d deaths", n)
				}
				s.wantLog("/", map[string]any{"status": 200, "tries": 2})
			})
		}
	}
}

// TestARequestThatKillsLeavesAWorker: of two, it must not take the second one
// before there is a third.
func TestARequestThatKillsLeavesAWorker(t *testing.T) {
	s := newSite(t, func(l *limits) { l.leave = patience })
	s.wanted = 2
	deaths := dying(s, 2, 2, nothing)
	got := make(chan reply, 1)
	go func() { got <- s.get("/") }()
	until(t, "the request waits", func() bool { return s.front.table.waiting.Load() == 1 })
	if n := deaths.Load(); n != 1 {
		t.Fatalf("%d deaths while only one worker is left", n)
	}
	third := s.newFake(text("third"))
	third.id = 3
	s.table(s.link(third))
	switch r := await(t, "answer", got); deaths.Load() {
	case 1:
		s.want(r, 200, "third")
	case 2:
		if r.StatusCode != 502 {
			t.Errorf("status %d", r.StatusCode)
		}
		s.want(s.get("/"), 200, "third")
	}
}

// TestAnInnocentRequestTakesTheLastWorkerInTheEnd: its successor may be long in
// coming, and most requests that meet a death have not caused it.
func TestAnInnocentRequestTakesTheLastWorkerInTheEnd(t *testing.T) {
	s := newSite(t, func(l *limits) { l.leave = 20 * time.Millisecond })
	s.wanted = 2
	dying(s, 2, 1, nothing)
	s.want(s.get("/"), 200, "alive")
}

// TestAPathThatKillsIsNotRepeated: the third worker dies of it, too, but none
// after that for the same request.
func TestAPathThatKillsIsNotRepeated(t *testing.T) {
	s := newSite(t, nil)
	deaths := dying(s, 4, 4, nothing)
	for i, want := range []int32{2, 3, 4} {
		if r := s.get("/"); r.StatusCode != 502 || deaths.Load() != want {
			t.Errorf("request %d: status %d, %d deaths, want %d", i, r.StatusCode, deaths.Load(), want)
		}
	}
	s.log("/")
	s.wantLog("/", map[string]any{"status": 502, "reason": "worker died, as another had at this path", "tries": 1})
}

// TestTheOnlyWorkerDies: its successor answers.
func TestTheOnlyWorkerDies(t *testing.T) {
	s := newSite(t, nil)
	s.wanted = 1
	deaths := dying(s, 1, 1, nothing)
	got := make(chan reply, 1)
	go func() { got <- s.get("/") }()
	until(t, "the request waits", func() bool { return s.front.table.waiting.Load() == 1 })
	s.rows = s.rows[:0]
	fresh := s.newFake(text("reborn"))
	fresh.id = 2
	s.table(s.link(fresh))
	s.want(await(t, "answer", got), 200, "reborn")
	if n := deaths.Load(); n != 1 {
		t.Errorf("%d deaths", n)
	}
}

func TestAnIdempotencyKeyIsALicenceWhereTheAppKnowsIt(t *testing.T) {
	s := newSite(t, func(l *limits) { l.idempotencyKeys = true })
	dying(s, 2, 1, nothing)
	r := s.request("POST", "/", strings.NewReader("x"))
	r.Header.Set("Idempotency-Key", "1")
	s.want(s.do(r), 200, "alive")
}

func TestDeathAfterTheClientHasTheHeadCutsTheResponse(t *testing.T) {
	for name, how := range map[string]func(http.ResponseWriter, *http.Request){
		"flushed": partial(-1, 10),
		"unknown length": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat("x", 64<<10+1))
		},
		"large": partial(256<<10+1, 10),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			deaths := dying(s, 2, 1, how)
			r := s.get("/")
			if r.StatusCode != 200 || r.err == nil || !strings.HasPrefix(r.body, "xxxxxxxxxx") {
				t.Errorf("%d %q, %v: the client must see that it is cut", r.StatusCode, r.body, r.err)
			}
			if n := deaths.Load(); n != 1 {
				t.Errorf("%d deaths", n)
			}
			s.wantLog("/", map[string]any{"status": 200, "reason": "worker died in the response", "tries": 1})
		})
	}
}

// addMortal adds a worker whose connections end without a response after what
// f does, but for requests to /warm. The link lives, as that of a worker does
// that is about to die.
func (s *site) addMortal(f func(*http.Request)) (me *fake) {
	me = s.newFake(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/warm" {
			f(r)
			me.cut()
		}
	})
	s.table(s.link(me))
	return me
}

func TestUnsafeRequestsAreNeverRepeated(t *testing.T) {
	for name, make := range map[string]func(s *site) *http.Request{
		"POST":          func(s *site) *http.Request { return s.request("POST", "/", strings.NewReader("x")) },
		"POST no body":  func(s *site) *http.Request { return s.request("POST", "/", nil) },
		"DELETE":        func(s *site) *http.Request { return s.request("DELETE", "/", nil) },
		"GET with body": func(s *site) *http.Request { return s.request("GET", "/", strings.NewReader("x")) },
		"POST streamed": func(s *site) *http.Request {
			return s.request("POST", "/", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 100_000))})
		},
		"Idempotency-Key": func(s *site) *http.Request {
			r := s.request("POST", "/", nil)
			r.Header.Set("Idempotency-Key", "1")
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			// Warm connections are where a client of net/http repeats requests.
			var runs atomic.Int32
			for range 2 {
				s.addMortal(func(r *http.Request) {
					io.Copy(io.Discard, r.Body)
					runs.Add(1)
				})
			}
			for range 4 {
				s.get("/warm")
			}
			if r := s.do(make(s)); r.StatusCode != 502 {
				t.Errorf("status %d", r.StatusCode)
			}
			if n := runs.Load(); n != 1 {
				t.Errorf("carried out %d times", n)
			}
			s.wantLog("/", map[string]any{"status": 502, "reason": "worker died", "tries": 1})
		})
	}
}

// TestASafeRequestIsSentTwiceAtMost has warm connections, too: only our own
// policy may decide about a second attempt.
func TestASafeRequestIsSentTwiceAtMost(t *testing.T) {
	s := newSite(t, nil)
	var runs atomic.Int32
	for range 4 {
		s.addMortal(func(*http.Request) { runs.Add(1) })
	}
	for range 8 {
		s.get("/warm")
	}
	if r := s.get("/"); r.StatusCode != 502 {
		t.Errorf("status %d", r.StatusCode)
	}
	if n := runs.Load(); n != 2 {
		t.Errorf("%d attempts", n)
	}
	s.wantLog("/", map[string]any{"status": 502, "tries": 2})
}

func TestAWorkerWhoseLinkIsGoneCostsNothing(t *testing.T) {
	s := newSite(t, nil)
	dead := s.add(text("dead"))
	dead.kill()
	s.add(text("alive"))
	for range 4 {
		s.want(s.do(s.request("POST", "/", strings.NewReader("x"))), 200, "alive")
	}
}

func TestDeathOfTheOnlyWorkerHoldsItsRequest(t *testing.T) {
	s := newSite(t, nil)
	dying(s, 1, 1, nothing)
	got := make(chan reply, 1)
	go func() { got <- s.get("/") }()
	until(t, "the request waits", func() bool { return s.front.table.waiting.Load() == 1 })
	s.rows = s.rows[:0]
	fresh := s.newFake(text("reborn"))
	fresh.id = 2
	s.rows = []control.TableWorker{}
	ours := s.link(fresh)
	s.table(ours)
	s.want(await(t, "answer", got), 200, "reborn")
	s.hear(control.KindIdle, nil) // of the dead one, which is missing
}

// TestAHeadThatNobodyReadGoesElsewhere: the worker dies with the request in
// its queue, so that any method may be repeated, and it was no fault of it.
func TestAHeadThatNobodyReadGoesElsewhere(t *testing.T) {
	s := newSite(t, nil)
	// A worker that says HELLO and reads nothing more.
	w := &fake{id: 1, links: wire.NewListener()}
	s.table(s.link(w))
	got := make(chan reply, 1)
	go func() { got <- s.do(s.request("POST", "/", strings.NewReader("body"))) }()
	conn, err := w.links.Accept()
	if err != nil {
		t.Fatal(err)
	}
	// By hand, because a wire.Conn would read what follows, too.
	if _, err := io.ReadFull(conn, make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "\x01\x00\x00\x08DGI\n\x02\x01\x01\x00")
	load := &s.front.table.current.Load().ready[0].load
	until(t, "the request is at the worker", func() bool { return load.Load() == 1 })
	s.rows[0].State = control.WorkerDraining // so that the next one is used
	s.sendTable(s.link(s.newFake(text("alive"))))
	s.hear(control.KindAck, nil)
	awaitBytes(t, conn)
	conn.Close()
	s.want(await(t, "answer", got), 200, "alive")
	w.links.Close()
}

// awaitBytes waits until a connection has bytes to read and leaves them there.
func awaitBytes(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK)
		return n > 0 || err != unix.EAGAIN
	}); err != nil {
		t.Fatal(err)
	}
}

// TestALinkThatEndedTakesNothing: no request finds out by itself.
func TestALinkThatEndedTakesNothing(t *testing.T) {
	s := newSite(t, nil)
	old := s.add(text("old"))
	s.want(s.get("/"), 200, "old")
	w := s.front.table.current.Load().ready[0]
	old.links.Close() // its connections stay open
	until(t, "the worker counts as gone", w.gone.Load)
	until(t, "its idle connections are closed", func() bool { return s.front.table.wiring.kept.Load() == 0 })
	got := make(chan reply, 1)
	go func() { got <- s.get("/") }()
	until(t, "a request waits for another", func() bool { return s.front.table.waiting.Load() == 1 })
	s.rows = s.rows[:0]
	fresh := s.newFake(text("new"))
	fresh.id = 2
	s.table(s.link(fresh))
	s.want(await(t, "answer", got), 200, "new")
	s.wantLog("/", map[string]any{"worker": 1, "tries": 1}) // of the first
	s.wantLog("/", map[string]any{"worker": 2, "tries": 1})
}

// TestADeathWhoseLinkEndsLast: the tries of a request must not be used up by
// the connections of a worker that is about to be known as dead.
func TestADeathWhoseLinkEndsLast(t *testing.T) {
	s := newSite(t, func(l *limits) { l.settle = patience })
	var runs atomic.Int32
	me := s.addMortal(func(*http.Request) { runs.Add(1) })
	got := make(chan reply, 1)
	go func() { got <- s.get("/") }()
	until(t, "the request has met the death", func() bool { return runs.Load() == 1 })
	me.kill()
	until(t, "the request waits", func() bool { return s.front.table.waiting.Load() == 1 })
	s.rows = s.rows[:0]
	fresh := s.newFake(text("reborn"))
	fresh.id = 2
	s.table(s.link(fresh))
	s.want(await(t, "answer", got), 200, "reborn")
	if n := runs.Load(); n != 1 {
		t.Errorf("%d attempts at the dying worker", n)
	}
}

func TestAnAbortDoesNotKeepAWorkerOutOfUse(t *testing.T) {
	s := newSite(t, func(l *limits) { l.doubt = time.Millisecond })
	var served [2]atomic.Int32
	for i := range served {
		s.add(func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				panic(http.ErrAbortHandler)
			}
			served[i].Add(1)
		})
	}
	for range 2 {
		if resp, err := s.client.Do(s.request("POST", "/abort", nil)); err == nil {
			resp.Body.Close()
			t.Errorf("status %d, want a connection that is cut, as net/http does it", resp.StatusCode)
		}
		s.wantLog("/abort", map[string]any{"status": 499, "reason": "aborted by the app", "tries": 1})
	}
	for i := range served {
		until(t, "the worker is used again", func() bool {
			s.get("/")
			return served[i].Load() > 0
		})
	}
}

func TestAGoodResponseEndsASuspicion(t *testing.T) {
	s := newSite(t, func(l *limits) { l.doubt = time.Hour })
	s.add(text("good"))
	w := s.front.table.current.Load().ready[0]
	w.suspect()
	s.want(s.get("/"), 200, "good")
	if w.suspected() {
		t.Error("still suspected")
	}
}

func TestAnIdleConnectionThatEndsMakesItsWorkerSuspect(t *testing.T) {
	s := newSite(t, func(l *limits) { l.doubt = time.Hour })
	f := s.add(text("x"))
	s.want(s.get("/"), 200, "x")
	until(t, "the connection is idle", func() bool { return s.front.table.wiring.kept.Load() == 1 })
	f.cut()
	until(t, "suspicion", s.front.table.current.Load().ready[0].suspected)
}
