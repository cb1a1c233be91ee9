package front

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

func TestStopLetsRequestsFinishAndSaysGoodbye(t *testing.T) {
	s := newSite(t, nil)
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			g.pass()
		}
		io.WriteString(w, "done")
	})
	idle := s.dial()
	r := bufio.NewReader(idle)
	get := func() *http.Response {
		t.Helper()
		fmt.Fprintf(idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		return resp
	}
	if get().Close {
		t.Error("a goodbye before the end")
	}
	slow := make(chan reply, 1)
	go func() { slow <- s.get("/slow") }()
	await(t, "request at the worker", g.entered)
	s.send(control.KindStop, control.Stop{Grace: time.Minute})
	until(t, "no new clients", func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	// A connection from before is still served, with a goodbye.
	if resp := get(); resp.StatusCode != 200 || !resp.Close {
		t.Errorf("%d, close %v", resp.StatusCode, resp.Close)
	}
	select {
	case err := <-s.ended:
		t.Fatalf("ended with a request in flight: %v", err)
	default:
	}
	g.release()
	s.want(await(t, "answer", slow), 200, "done")
	if err := await(t, "end", s.ended); err != nil {
		t.Error(err)
	}
	s.ended <- nil // for the cleanup
}

func TestStopCutsWhatTakesTooLong(t *testing.T) {
	s := newSite(t, nil)
	entered, cancelled := make(chan struct{}), make(chan struct{})
	s.add(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(cancelled)
	})
	c := s.dial()
	fmt.Fprintf(c, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
	await(t, "request at the worker", entered)
	s.send(control.KindStop, control.Stop{})
	if err := await(t, "end", s.ended); err != nil {
		t.Error(err)
	}
	s.ended <- nil
	await(t, "end of the request's context", cancelled)
	s.wantLog("/slow", map[string]any{"status": 499, "reason": "front stopped"})
}

func TestTheEndOfTheMasterEndsTheFront(t *testing.T) {
	s := newSite(t, nil)
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		g.pass()
		io.WriteString(w, "done")
	})
	slow := make(chan reply, 1)
	go func() { slow <- s.get("/slow") }()
	await(t, "request at the worker", g.entered)
	s.master.Close()
	until(t, "the front stops", s.front.stopping.Load)
	g.release()
	s.want(await(t, "answer", slow), 200, "done")
	if err := await(t, "end", s.ended); err == nil || !strings.Contains(err.Error(), "master is gone") {
		t.Errorf("got %v", err)
	}
	s.ended <- nil
}

// TestNothingIsLeft has one of everything that could leave a goroutine.
func TestNothingIsLeft(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chat":
			conn, _ := hijacked(t, w, "websocket")
			defer conn.Close()
			io.Copy(io.Discard, conn)
		case "/events":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/upload":
			w.(http.Flusher).Flush()
		}
	})
	s.get("/")
	chat, events, upload, idle := s.dial(), s.dial(), s.dial(), s.dial()
	fmt.Fprintf(chat, "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	fmt.Fprintf(events, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
	fmt.Fprintf(upload, "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nx")
	fmt.Fprintf(idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	for _, c := range []net.Conn{chat, events, idle} {
		head(t, bufio.NewReader(c))
	}
	s.send(control.KindStop, control.Stop{})
	if err := await(t, "end", s.ended); err != nil {
		t.Error(err)
	}
	s.ended <- nil
	for _, c := range []net.Conn{chat, events, upload, idle} {
		io.Copy(io.Discard, c) // until the front's end is closed
		c.Close()
	}
	s.client.CloseIdleConnections()
	var stacks bytes.Buffer
	until(t, "no goroutine of the front", func() bool {
		stacks.Reset()
		pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		ours := strings.ReplaceAll(stacks.String(), "runner/front.(*fake)", "")
		return !strings.Contains(ours, "runner/front.(*")
	})
}

func TestRunWantsToKnowItsMasterAndListener(t *testing.T) {
	for want, o := range map[string]Options{"neither": {}, "listener": {Gateway: "x"}} {
		o.Config = config.Default(t.TempDir())
		if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAFrontThatCannotServeSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		files func() []*os.File
		want  string
	}{
		"no file":       {func() []*os.File { return nil }, "no listener"},
		"no socket":     {func() []*os.File { return []*os.File{nullFile(t)} }, "no listener"},
		"not listening": {func() []*os.File { return []*os.File{linkFile(t)} }, "accept"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			// The front may have ended before Send has.
			_ = s.master.Send(control.KindListen, control.Listen{}, c.files()...)
			m := control.Message{}
			for m.Kind != control.KindFailed {
				var ok bool
				if m, ok = <-s.said; !ok {
					t.Fatal("the front ends without a word")
				}
			}
			var failed control.Failed
			if err := m.Decode(&failed); err != nil || !strings.Contains(failed.Reason, c.want) {
				t.Errorf("it says %+v, %v, want %q", failed, err, c.want)
			}
			if err := await(t, "end", s.ended); err == nil || err.Error() != failed.Reason {
				t.Errorf("it ends with %v, and said %q", err, failed.Reason)
			}
			s.ended <- nil
		})
	}
}

func nullFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestAFrontApart loses its gateway and finds it again.
func TestAFrontApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "control.sock")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, addr: l.Addr().String(), logged: make(chan map[string]any, 1000), ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	defer s.client.CloseIdleConnections()
	conf := config.Default(t.TempDir())
	s.front = makeFront(t, Options{Config: conf, Gateway: path, Open: opened(l), Log: slog.New(slog.NewJSONHandler(lines(s.logged), nil)), Lines: lineQueue(t, s.logged)}, func(l *limits) {
		l.hold, l.lease, l.retry = patience, time.Hour, time.Millisecond
	})
	if err := s.front.open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { s.ended <- s.front.run(ctx) }()

	for _, answer := range []string{"first", "second"} {
		got := make(chan reply, 1)
		go func() { got <- s.get("/") }() // held while there is no gateway
		until(t, "a request waits", func() bool { return s.front.table.waiting.Load() == 1 })
		gateway, err := control.Bind(path)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := gateway.AcceptUnix()
		if err != nil {
			t.Fatal(err)
		}
		s.master, s.said, s.rows, s.revision = control.NewConn(conn), make(chan control.Message, 100), nil, 0
		if _, err := s.master.Hello(control.Hello{Role: control.RoleMaster}); err != nil {
			t.Fatal(err)
		}
		go s.listen()
		s.hear(control.KindReady, nil)
		w := s.add(text(answer)) // number 1 again: a new master counts anew
		s.want(await(t, "answer", got), 200, answer)
		gateway.Close()
		s.master.Close()
		w.kill()
		until(t, "the workers are forgotten", func() bool { return len(s.front.table.current.Load().ready) == 0 })
	}
	cancel()
	if err := await(t, "end", s.ended); err != nil {
		t.Error(err)
	}
}

// TestEveryResponseNamesItsRequest by what the access log calls it.
func TestEveryResponseNamesItsRequest(t *testing.T) {
	s := newSite(t, func(l *limits) { l.hold = time.Millisecond })
	get := func(path string, status int) {
		t.Helper()
		r := s.get(path)
		if id := r.Header.Get("X-Request-Id"); r.StatusCode != status || id == "" || id != s.log(path)["id"] {
			t.Errorf("%s: status %d, id %q", path, r.StatusCode, id)
		}
	}
	get("/none", 503)
	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"site.css": "a{}"})
	s.add(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	get("/static/site.css", 200)
	get("/moved", 303)
}

// TestTargetsThatAreNoPath are answered here, and the connection is used or
// ended as the answer says. OPTIONS * is the gateway's, which answers it as
// net/http's server does.
func TestTargetsThatAreNoPath(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Errorf("a worker was asked for %s %s", r.Method, r.RequestURI)
		}
	})
	for head, want := range map[string]int{
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                      505,
		"GET * HTTP/1.1\r\nHost: h\r\n\r\n":                     400,
		"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n": 501,
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n":                 200,
	} {
		v := s.visitor()
		if _, err := io.WriteString(v.conn, head); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(v.in, nil)
		if err != nil || resp.StatusCode != want || resp.Close != (want != 200) {
			t.Errorf("%q: %+v, %v, want %d", head, resp, err, want)
			continue
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		if resp.Close {
			if _, err := v.in.ReadByte(); err != io.EOF {
				t.Errorf("%q: after the goodbye %v", head, err)
			}
			continue
		}
		v.ask("/")
		v.answered(false)
	}
}

func TestStopWithoutGraceCutsNothingWhenNothingIsInFlight(t *testing.T) {
	logged := make(chan map[string]any, 100)
	conf := config.Default(t.TempDir())
	for range 50 {
		f := makeFront(t, Options{Config: conf, Log: slog.New(slog.NewJSONHandler(lines(logged), nil))}, func(*limits) {})
		f.stop(parting{})
		await(t, "end", f.drained)
	}
	if len(logged) > 0 {
		t.Errorf("logged %v", <-logged)
	}
}
