package pubsub

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a hub's socket without a network, so that a whole house of nodes
// lives in one synctest bubble.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes {
	return &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// house is a hub that can be ended and begun again, and the way to it.
type house struct {
	t      *testing.T
	hub    *Hub
	pipes  atomic.Pointer[pipes]
	end    context.CancelFunc
	ended  chan struct{}
	silent bool // accepts and says nothing
}

func (h *house) begin() {
	h.hub, h.ended = &Hub{}, make(chan struct{})
	h.pipes.Store(newPipes())
	ctx, cancel := context.WithCancel(h.t.Context())
	h.end = cancel
	go func(hub *Hub, l net.Listener, ended chan struct{}) {
		defer close(ended)
		if err := hub.Serve(ctx, l); err != nil {
			h.t.Errorf("hub: %v", err)
		}
	}(h.hub, h.pipes.Load(), h.ended)
}

func (h *house) stop() {
	h.end()
	<-h.ended
}

func (h *house) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	if h.silent {
		return here, nil
	}
	p := h.pipes.Load()
	select {
	case p.accept <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// node starts a node at the hub, closed with the test.
func (h *house) node() *Node {
	h.t.Helper()
	n := New(Options{Link: hubLink{path: "test", dial: h.dial}, Log: slog.New(slog.DiscardHandler)})
	if err := n.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { n.Close(context.Background()) })
	return n
}

// inHouse runs a test in a bubble with a hub. A goroutine that is left at its
// end fails the test.
func inHouse(t *testing.T, test func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t}
		h.begin()
		t.Cleanup(func() { h.stop() })
		test(t, h)
	})
}

func TestBetweenProcesses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b, c := h.node(), h.node(), h.node()
		atA, atB, atC := listen(t.Context(), a, "x"), listen(t.Context(), b, "x"), listen(t.Context(), c, "y")
		publish(t, a, "x", "1", "2")
		synctest.Wait()
		publish(t, b, "x", "3")
		publish(t, a, "y", "4")
		atA.expect(t, "1", "2", "3")
		atB.expect(t, "1", "2", "3")
		atC.expect(t, "4")
		if s := h.hub.Stats(); s.Peers != 3 || s.Relayed != 4 || s.Gaps != 0 {
			t.Errorf("stats %+v", s)
		}
		if err := a.Check(t.Context()); err != nil {
			t.Errorf("Check of a connected node: %v", err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if s := h.hub.Stats(); s.Peers != 2 {
			t.Errorf("after a Close: %+v", s)
		}
	})
}

// TestHubComesBack: a lost connection is a gap for everybody, then all is as
// it was; what was published meanwhile arrives late.
func TestHubComesBack(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.node(), h.node()
		atA, atB := listen(t.Context(), a, "x"), listen(t.Context(), b, "x")
		publish(t, a, "x", "1")
		atB.expect(t, "1")
		h.stop()
		synctest.Wait()
		if err := a.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "hub at test") {
			t.Errorf("Check without a hub: %v", err)
		}
		publish(t, a, "x", "2")
		atA.expect(t, "1", "2")
		atB.expect(t, "1")
		time.Sleep(time.Minute) // of the bubble: many attempts
		h.begin()
		time.Sleep(2 * longDelay)
		synctest.Wait()
		publish(t, b, "x", "3")
		synctest.Wait()
		if !slices.Equal(atA.got, []string{"1", "2", "gap", "3"}) {
			t.Errorf("a heard %q", atA.got)
		}
		// One mark for the own connection, perhaps one for what a may have lost.
		if got := slices.Compact(slices.Clone(atB.got)); !slices.Equal(got, []string{"1", "gap", "2", "3"}) &&
			!slices.Equal(got, []string{"1", "gap", "3"}) {
			t.Errorf("b heard %q", atB.got)
		}
	})
}

// TestLostInFlight: a publisher whose connection alone was lost cannot know
// what arrived, so it tells the others that something may be missing.
func TestLostInFlight(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		var mine net.Conn
		a := New(Options{Log: slog.New(slog.DiscardHandler), Link: hubLink{path: "test", dial: func(ctx context.Context) (net.Conn, error) {
			c, err := h.dial(ctx)
			mine = c
			return c, err
		}}})
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer a.Close(t.Context())
		b := h.node()
		atB := listen(t.Context(), b, "x")
		mine.Close() // nothing sent yet: nothing can be missing
		time.Sleep(time.Second)
		atB.expect(t)
		publish(t, a, "x", "1")
		synctest.Wait()
		mine.Close()
		time.Sleep(time.Second)
		publish(t, a, "x", "2")
		atB.expect(t, "1", "gap", "2")
	})
}

// TestStuckProcess: a process that does not read holds nobody up, and hears of
// its gap when it reads again.
func TestStuckProcess(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.node(), h.node()
		atB := listen(t.Context(), b, "x")
		stuck, err := h.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer stuck.Close()
		synctest.Wait()
		big := strings.Repeat("x", MaxData)
		want := []string{}
		for range 3 * maxBacklog / MaxData {
			publish(t, a, "x", big)
			want = append(want, big)
			synctest.Wait()
		}
		atB.expect(t, want...)
		if s := h.hub.Stats(); s.Gaps == 0 {
			t.Errorf("stats %+v", s)
		}
		var kinds []byte
		go func() {
			for {
				f, err := readFrame(stuck)
				if err != nil {
					return
				}
				kinds = append(kinds, f.kind())
			}
		}()
		synctest.Wait()
		if !bytes.HasPrefix(kinds, []byte{kindHello}) || bytes.Count(kinds, []byte{kindGap}) != 1 || len(kinds) > 2+maxBacklog/MaxData {
			t.Errorf("the stuck process got frames %v", kinds)
		}
	})
}

// TestSlowHub: a publisher that a hub does not read from never waits; the
// others hear of the gap.
func TestSlowHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := make(chan net.Conn, 1)
		n := New(Options{Log: slog.New(slog.DiscardHandler), Link: hubLink{path: "test", dial: func(context.Context) (net.Conn, error) {
			here, hub := net.Pipe()
			go func() {
				hub.Write(appendFrame(nil, kindHello, "", []byte{version + 1}))
				there <- hub
			}()
			return here, nil
		}}})
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		hub := <-there
		for i := range outgoing + 10 {
			publish(t, n, "x", fmt.Sprint(i))
		}
		// The first is in the middle of being sent, the second became the mark.
		var got []string
		go func() {
			for {
				f, err := readFrame(hub)
				if err != nil {
					return
				}
				got = append(got, fmt.Sprintf("%d%s", f.kind(), f.data()))
			}
		}()
		synctest.Wait()
		publish(t, n, "x", "end")
		if err := n.Close(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if !slices.Contains(got, "3") || got[len(got)-1] != "2end" || len(got) > 20 {
			t.Errorf("the hub read %.80q", got)
		}
	})
}

// TestCloseSendsTheRest: a command publishes and ends at once.
func TestCloseSendsTheRest(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		b := h.node()
		atB := listen(t.Context(), b, "x")
		a := New(Options{Link: hubLink{path: "test", dial: h.dial}, Log: slog.New(slog.DiscardHandler)})
		publish(t, a, "x", "before Start")
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var want = []string{"before Start"}
		for i := range 100 {
			want = append(want, fmt.Sprint(i))
			publish(t, a, "x", fmt.Sprint(i))
		}
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		atB.expect(t, want...)
	})
}

func TestCloseHasNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{Log: slog.New(slog.DiscardHandler), Link: hubLink{path: "test", dial: func(context.Context) (net.Conn, error) {
			here, hub := net.Pipe()
			go hub.Write(appendFrame(nil, kindHello, "", []byte{version}))
			return here, nil
		}}})
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(t, n, "x", "1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := n.Close(ctx); err == nil || !strings.Contains(err.Error(), "did not reach the hub at test") {
			t.Errorf("Close at a hub that does not read: %v", err)
		}
	})
}

// TestSilentHub: something that accepts and does not say hello is no hub; the
// app starts all the same and can be closed at once.
func TestSilentHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, silent: true}
		n := New(Options{Link: hubLink{path: "test", dial: h.dial}, Log: slog.New(slog.DiscardHandler)})
		begun := time.Now()
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != startTimeout {
			t.Errorf("Start waited %v in the bubble's time", took)
		}
		if err := n.Start(t.Context()); err == nil {
			t.Error("a second Start is not refused")
		}
		l := listen(t.Context(), n, "x")
		publish(t, n, "x", "1")
		l.expect(t, "1")
		begun = time.Now()
		if err := n.Close(t.Context()); err != nil || time.Since(begun) != 0 {
			t.Errorf("Close: %v after %v", err, time.Since(begun))
		}
	})
}

// TestCloseDuringStart: a deploy may be called off at any moment.
func TestCloseDuringStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, silent: true}
		n := New(Options{Link: hubLink{path: "test", dial: h.dial}, Log: slog.New(slog.DiscardHandler)})
		started := make(chan error)
		go func() { started <- n.Start(t.Context()) }()
		synctest.Wait()
		begun := time.Now()
		go n.Close(t.Context())
		if err := <-started; err != nil || time.Since(begun) != 0 {
			t.Errorf("Start: %v after %v", err, time.Since(begun))
		}
	})
}

func TestOutageIsLoggedOnce(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		var log bytes.Buffer
		n := New(Options{Link: hubLink{path: "test", dial: h.dial}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			h.stop()
			time.Sleep(time.Minute)
			h.begin()
			time.Sleep(time.Minute)
		}
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 4 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[1], "connected again") || !strings.Contains(lines[2], "level=WARN") {
			t.Errorf("logged:\n%s", log.String())
		}
	})
}

// TestNoHubThere: the first frame of a stranger is not taken for a hello.
func TestNoHubThere(t *testing.T) {
	for name, first := range map[string][]byte{
		"a web server": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"a message":    appendFrame(nil, kindMessage, "x", []byte("1")),
		"an old hello": appendFrame(nil, kindHello, "", nil),
		"nothing":      nil,
	} {
		link := hubLink{path: "test", dial: func(context.Context) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				there.Write(first)
				there.Close()
			}()
			return here, nil
		}}
		if conn, err := link.Dial(t.Context()); err == nil {
			conn.Close()
			t.Errorf("%s was taken for a hub", name)
		}
	}
}

// TestHubRefusesBadFrames: one connection ends, the others do not notice.
func TestHubRefusesBadFrames(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a, b := h.node(), h.node()
		atB := listen(t.Context(), b, "x")
		for _, bad := range [][]byte{{0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 3, kindMessage, 9, 'x'}, {0, 0, 0, 9, 1}} {
			c, err := h.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := readFrame(c); err != nil {
				t.Fatal(err)
			}
			c.Write(bad)
			if len(bad) == 5 {
				c.Close() // cut off
			}
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Errorf("the hub answers to % x", bad)
			}
			c.Close()
		}
		publish(t, a, "x", "1")
		atB.expect(t, "1")
		if s := h.hub.Stats(); s.Peers != 2 {
			t.Errorf("stats %+v", s)
		}
	})
}

// stubborn fails to accept a few times, as a process out of files does.
type stubborn struct {
	*pipes
	failures int
}

func (s *stubborn) Accept() (net.Conn, error) {
	if s.failures > 0 {
		s.failures--
		return nil, io.ErrUnexpectedEOF
	}
	return s.pipes.Accept()
}

func TestHubSurvivesFailingAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		h := &house{t: t}
		h.pipes.Store(p)
		served := make(chan error)
		go func() { served <- new(Hub).Serve(t.Context(), &stubborn{p, 3}) }()
		c, err := h.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if f, err := readFrame(c); err != nil || f.kind() != kindHello {
			t.Errorf("no hello: %v", err)
		}
		p.Close() // from outside: an error, unlike the end of the context
		if err := <-served; err == nil {
			t.Error("a listener that somebody closed is no error")
		}
	})
}
