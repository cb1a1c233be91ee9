package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// worker is a Serve in this process and the master's end of its control.
type worker struct {
	master *control.Conn
	link   *wire.Link
	client *http.Client
	ended  chan error
}

// start runs Serve, greets it as its master does and gives it a link.
func start(t *testing.T, h http.Handler) *worker {
	t.Helper()
	master, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := control.FromFile(theirs)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{master: master, ended: make(chan error, 1)}
	t.Cleanup(func() { master.Close(); conn.Close() })
	go func() {
		w.ended <- Serve(context.Background(), Options{
			Handler: h, Control: conn, Config: config.Default(t.TempDir()),
			Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Hello: control.Hello{Worker: 4},
		})
	}()
	if them, err := master.Hello(control.Hello{Role: control.RoleMaster}); err != nil || them.Worker != 4 {
		t.Fatalf("hello of the worker %+v, %v", them, err)
	}
	if m, _, err := master.Receive(); err != nil || m.Kind != control.KindReady {
		t.Fatalf("%s, %v, want ready", m.Kind, err)
	}
	w.addLink(t)
	return w
}

func (w *worker) addLink(t *testing.T) {
	t.Helper()
	ours, theirs, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.master.Send(control.KindLink, control.Link{Front: 1}, theirs); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	if w.link, err = wire.NewLink(ours); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.link.Close() })
	link := w.link
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return link.Dial(ctx) }}
	t.Cleanup(tr.CloseIdleConnections)
	w.client = &http.Client{Transport: tr}
}

func get(t *testing.T, w *worker) string {
	t.Helper()
	resp, err := w.client.Get("http://app/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) })
}

func TestServeStopsInOrder(t *testing.T) {
	w := start(t, text("hello"))
	if got := get(t, w); got != "hello" {
		t.Fatalf("body %q", got)
	}
	if err := w.master.Send(control.KindStop, control.Stop{Grace: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if err := <-w.ended; err != nil {
		t.Fatal(err)
	}
	if _, err := w.link.Dial(t.Context()); !errors.Is(err, wire.ErrGone) {
		t.Fatalf("dial after the end: %v, want ErrGone", err)
	}
}

func TestStopLetsARequestFinish(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	w := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		io.WriteString(w, "done")
	}))
	body := make(chan string, 1)
	go func() { body <- get(t, w) }()
	<-begun
	if err := w.master.Send(control.KindStop, control.Stop{Grace: time.Minute}); err != nil {
		t.Fatal(err)
	}
	close(finish)
	if got := <-body; got != "done" {
		t.Fatalf("body %q", got)
	}
	if err := <-w.ended; err != nil {
		t.Fatal(err)
	}
}

func TestStopWithoutGraceCutsRequests(t *testing.T) {
	begun := make(chan struct{})
	w := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}))
	failed := make(chan error, 1)
	go func() {
		resp, err := w.client.Get("http://app/")
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-begun
	if err := w.master.Send(control.KindStop, control.Stop{}); err != nil {
		t.Fatal(err)
	}
	if err := <-w.ended; err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Fatal("the request was answered, want it cut")
	}
}

// A front that outlives the master still gets its requests answered; the
// worker ends when the last front has closed its link.
func TestDeathOfTheMaster(t *testing.T) {
	w := start(t, text("still here"))
	w.master.Close()
	if got := get(t, w); got != "still here" {
		t.Fatalf("body %q", got)
	}
	select {
	case err := <-w.ended:
		t.Fatalf("ended (%v) while a front holds a link", err)
	default:
	}
	w.link.Close()
	w.client.CloseIdleConnections()
	if err := <-w.ended; err != nil {
		t.Fatal(err)
	}
}

func TestClientGoneEndsTheRequest(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	w := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(ended)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://app/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.Do(req); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	<-ended
}

func TestServeRefusesAForeignMaster(t *testing.T) {
	master, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	conn, err := control.FromFile(theirs)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := master.Send(control.KindHello, control.Hello{Role: control.RoleMaster, Min: 99, Max: 99}); err != nil {
		t.Fatal(err)
	}
	err = Serve(t.Context(), Options{
		Handler: text(""), Control: conn, Config: config.Default(t.TempDir()),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err == nil {
		t.Fatal("served a master of a version it does not speak")
	}
}

func TestFromFront(t *testing.T) {
	var addr string
	var secure bool
	h := FromFront(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		addr, secure = r.RemoteAddr, r.TLS != nil
	}))
	for _, c := range []struct {
		forwarded, proto, addr string
		secure                 bool
	}{
		{"", "", "192.0.2.1:1234", false}, // httptest's own
		{"203.0.113.9", "http", "203.0.113.9:0", false},
		{"10.0.0.1, 2001:db8::1", "https", "[2001:db8::1]:0", true},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if addr != c.addr || secure != c.secure {
			t.Errorf("forwarded %q %q: address %q secure %v, want %q %v", c.forwarded, c.proto, addr, secure, c.addr, c.secure)
		}
	}
}
