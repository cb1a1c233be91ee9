package front

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/gateway"
	"github.com/dram-go/dram/runner/wire"
)

// always lets all requests go by message that can.
func always(l *limits) { l.crowd = 0 }

// ways are how a request may go to a worker.
var ways = map[string]func(*limits){"": nil, " by message": always}

// openMessages waits until all workers have a message connection.
func (s *site) openMessages() {
	s.t.Helper()
	for _, w := range s.front.table.current.Load().ready {
		until(s.t, "a message connection", func() bool {
			m := w.messages.begin()
			if m != nil {
				m.End()
			}
			return m != nil
		})
	}
}

// messageSite has one worker, to which requests go by message.
func messageSite(t *testing.T, h http.HandlerFunc) (*site, *fake) {
	t.Helper()
	s := newSite(t, always)
	f := s.add(h)
	s.openMessages()
	return s, f
}

func TestManyRequestsByMessage(t *testing.T) {
	s, f := messageSite(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat(r.URL.Path, 300))
	})
	var clients sync.WaitGroup
	for client := range 20 {
		clients.Go(func() {
			for i := range 20 {
				path := fmt.Sprintf("/%d/%d", client, i)
				s.want(s.get(path), 200, strings.Repeat(path, 300))
			}
		})
	}
	clients.Wait()
	if n := f.connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	if n := s.front.figures.messages.Load(); n != 400 {
		t.Errorf("%d of 400 requests went by message", n)
	}
}

// TestFewRequestsHaveConnectionsOfTheirOwn, and many share one as long as they
// are many.
func TestFewRequestsHaveConnectionsOfTheirOwn(t *testing.T) {
	gate := newGate(t)
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			gate.pass()
		}
	})
	for range 20 {
		s.want(s.get("/"), 200, "")
	}
	if n := s.front.figures.messages.Load(); n != 0 {
		t.Errorf("%d requests went by message that came one after the other", n)
	}
	var clients sync.WaitGroup
	for i := range 12 {
		clients.Go(func() { s.get(fmt.Sprint("/slow?", i)) })
		await(t, "request", gate.entered)
	}
	until(t, "a request by message", func() bool {
		s.want(s.get("/"), 200, "")
		return s.front.figures.messages.Load() > 0
	})
	gate.release()
	clients.Wait()
}

func TestCrowd(t *testing.T) {
	var c crowd
	for _, step := range []struct {
		at   time.Duration
		load int64
		want bool
	}{
		{0, 1, false}, {0, 11, false}, {time.Second, 12, true}, {time.Second, 1, true},
		{time.Second + crowdLasts - crowdNoted - 1, 1, true}, {time.Second + crowdLasts, 11, false},
		{2 * time.Second, 50, true}, {2*time.Second + crowdLasts/2, 12, true}, {2*time.Second + crowdLasts, 2, true},
		{2*time.Second + crowdLasts*3/2, 2, false},
	} {
		if got := c.many(step.load, 12, step.at); got != step.want {
			t.Errorf("at %v with %d: %t", step.at, step.load, got)
		}
	}
}

// TestWhatDoesNotGoByMessage: requests that must not be repeated, and such
// that are large.
func TestWhatDoesNotGoByMessage(t *testing.T) {
	s := newSite(t, func(l *limits) { l.crowd, l.head = 0, 64<<10 })
	s.add(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, len(b))
	})
	s.openMessages()
	s.want(s.do(s.request("POST", "/", nil)), 200, "POST0")
	s.want(s.do(s.request("DELETE", "/", nil)), 200, "DELETE0")
	s.want(s.do(s.request("GET", "/", strings.NewReader("body"))), 200, "GET4")
	large := s.request("GET", "/", nil)
	for i := range 5 {
		large.Header.Set(fmt.Sprint("X-", i), strings.Repeat("x", 4000))
	}
	s.want(s.do(large), 200, "GET0")
	if n := s.front.figures.messages.Load(); n != 0 {
		t.Errorf("%d went by message", n)
	}
}

// TestAResponseThatMoves begins by message and goes on as it comes.
func TestAResponseThatMoves(t *testing.T) {
	steps := make(chan struct{})
	s, f := messageSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			io.WriteString(w, strings.Repeat("x", 200_000))
			return
		}
		for i := range 3 {
			fmt.Fprintln(w, "part", i)
			w.(http.Flusher).Flush()
			<-steps
		}
	})
	resp, err := s.client.Do(s.request("GET", "/stream", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for i := range 3 {
		if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintln("part", i) {
			t.Fatalf("%q, %v", line, err)
		}
		s.want(s.get("/large"), 200, strings.Repeat("x", 200_000))
		steps <- struct{}{}
	}
	if _, err := in.ReadByte(); err != io.EOF {
		t.Error(err)
	}
	until(t, "the connection is kept", func() bool { return s.front.table.wiring.kept.Load() == 2 })
	if n := f.connections(); n != 3 {
		t.Errorf("%d connections, want that for messages and two for what moved", n)
	}
	s.wantLog("/stream", map[string]any{"status": 200, "tries": 1, "bytes": 21})
}

// TestAClientLeavesARequestByMessage: its handler hears of it, whether or not
// the response has moved, and the others do not.
func TestAClientLeavesARequestByMessage(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"":              func(http.ResponseWriter) {},
		"/moved":        func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"/writes later": func(http.ResponseWriter) {},
	} {
		t.Run(name, func(t *testing.T) {
			entered, left := make(chan struct{}), make(chan error, 1)
			s, _ := messageSite(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/other" {
					io.WriteString(w, "fine")
					return
				}
				begin(w)
				close(entered)
				<-r.Context().Done()
				if name == "/writes later" {
					io.WriteString(w, "too late")
					_ = http.NewResponseController(w).Flush()
				}
				left <- context.Cause(r.Context())
			})
			ctx, cancel := context.WithCancel(t.Context())
			go s.client.Do(s.request("GET", "/", nil).WithContext(ctx))
			await(t, "request", entered)
			cancel()
			if err := await(t, "end of the context", left); !errors.Is(err, gateway.ErrClientGone) {
				t.Errorf("the context ended because of %v", err)
			}
			s.wantLog("/", map[string]any{"reason": "client gone"})
			s.want(s.get("/other"), 200, "fine")
			if n := s.front.figures.messages.Load(); n != 2 {
				t.Errorf("%d of 2 went by message", n)
			}
		})
	}
}

func TestALateAnswerByMessage(t *testing.T) {
	causes := make(chan error, 1)
	s := newSite(t, func(l *limits) { l.crowd, l.answer = 0, 50*time.Millisecond })
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quick" {
			return
		}
		<-r.Context().Done()
		causes <- context.Cause(r.Context())
	})
	s.openMessages()
	if r := s.get("/slow"); r.StatusCode != 504 {
		t.Errorf("status %d", r.StatusCode)
	}
	var late *gateway.LateError
	if err := await(t, "end of the context", causes); !errors.As(err, &late) {
		t.Errorf("the context ended because of %v", err)
	}
	s.wantLog("/slow", map[string]any{"status": 504, "reason": "worker timed out", "tries": 1})
	s.want(s.get("/quick"), 200, "")
	if n := s.front.figures.messages.Load(); n != 2 {
		t.Errorf("%d of 2 went by message", n)
	}
}

// TestTheEndOfAMessageConnectionLosesNothing: all that were on it are asked
// again elsewhere, and another is opened.
func TestTheEndOfAMessageConnectionLosesNothing(t *testing.T) {
	gate := newGate(t)
	var ended atomic.Bool
	s := newSite(t, always)
	dying := s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && !ended.Load() {
			gate.pass()
		}
		io.WriteString(w, "ok")
	})
	s.openMessages()
	var clients sync.WaitGroup
	for i := range 30 { // at different paths, because the same would wait for the first
		clients.Go(func() { s.want(s.get(fmt.Sprint("/slow/", i)), 200, "ok") })
		await(t, "request", gate.entered)
	}
	ended.Store(true)
	dying.cut()
	clients.Wait()
	gate.release()
	s.wantLog("/slow/0", map[string]any{"tries": 2})
	s.openMessages() // again, after a while
	s.want(s.get("/"), 200, "ok")
}

// TestAWorkerThatEndsRetiresItsMessageConnection: what it still answers says
// so, and the requests after that find no connection to be lost with.
func TestAWorkerThatEndsRetiresItsMessageConnection(t *testing.T) {
	gate := newGate(t)
	s, f := messageSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			gate.pass()
		}
		io.WriteString(w, "ok")
	})
	slow := make(chan reply, 1)
	go func() { slow <- s.get("/slow") }()
	await(t, "request", gate.entered)
	over := make(chan error, 1)
	go func() { over <- f.server.Shutdown(t.Context()) }()
	until(t, "an answer that is the last by message", func() bool {
		before := s.front.figures.messages.Load()
		s.want(s.get("/quick"), 200, "ok")
		return s.front.figures.messages.Load() == before
	})
	gate.release()
	s.want(await(t, "answer", slow), 200, "ok")
	if err := await(t, "end of the worker", over); err != nil {
		t.Error(err)
	}
}

// TestAWorkerOfABuildWithoutMessages is served by connections of its own.
func TestAWorkerOfABuildWithoutMessages(t *testing.T) {
	s := newSite(t, always)
	links := wire.NewListener()
	defer links.Close()
	w := &fake{id: 1, links: links}
	s.table(s.link(w))
	var refused atomic.Int32
	go func() {
		for {
			below, err := links.Accept()
			if err != nil {
				return
			}
			go serveOld(below, &refused)
		}
	}()
	for range 5 {
		s.want(s.get("/"), 200, "old")
	}
	until(t, "the front has asked for messages", func() bool { return refused.Load() == 1 })
	s.want(s.get("/"), 200, "old")
	if n := s.front.figures.messages.Load(); n != 0 {
		t.Errorf("%d requests went by message", n)
	}
}

// serveOld answers requests as a worker did before there were messages.
func serveOld(below io.ReadWriteCloser, refused *atomic.Int32) {
	defer below.Close()
	hello := make([]byte, 12)
	if _, err := io.ReadFull(below, hello); err != nil {
		return
	}
	if hello[11] != 0 {
		refused.Add(1)
	}
	io.WriteString(below, "\x01\x00\x00\x08DGI\n\x02\x01\x01\x00")
	head := make([]byte, 4)
	for {
		if _, err := io.ReadFull(below, head); err != nil {
			return
		}
		request := make([]byte, int(head[1])<<16|int(head[2])<<8|int(head[3]))
		if _, err := io.ReadFull(below, request); err != nil {
			return
		}
		response := []byte{0x03, 0, 0, 7, 0, request[1], request[2], 0, 200, 4, 0, 0x44, 0, 0, 3}
		if _, err := below.Write(append(response, "old"...)); err != nil {
			return
		}
	}
}

// TestABrokenMessageConnectionIsLogged, once, and its requests go elsewhere.
func TestABrokenMessageConnectionIsLogged(t *testing.T) {
	s := newSite(t, always)
	links := wire.NewListener()
	defer links.Close()
	w := &fake{id: 1, links: links}
	s.table(s.link(w))
	go func() {
		for {
			below, err := links.Accept()
			if err != nil {
				return
			}
			go serveGarbage(below)
		}
	}()
	s.openMessages()
	if r := s.get("/"); r.StatusCode != 502 && r.StatusCode != 503 {
		t.Errorf("status %d", r.StatusCode)
	}
	s.logSays("a worker broke the gateway interface; its connection is closed")
}

// serveGarbage offers messages and answers the first with nonsense.
func serveGarbage(below io.ReadWriteCloser) {
	defer below.Close()
	if _, err := io.ReadFull(below, make([]byte, 12)); err != nil {
		return
	}
	io.WriteString(below, "\x01\x00\x00\x08DGI\n\x02\x01\x01\x01")
	if _, err := io.ReadFull(below, make([]byte, 4)); err == nil {
		io.WriteString(below, "\x48\x00\x00\x02\xff\xff")
	}
	_, _ = io.Copy(io.Discard, below)
}

// logSays waits for a line with a message.
func (s *site) logSays(message string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line := <-s.logged:
			if line["msg"] == message {
				return
			}
		case <-deadline:
			s.t.Fatalf("no line %q in the log", message)
		}
	}
}
