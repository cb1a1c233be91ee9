package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
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
}

func get(t *testing.T, w *worker) string {
	t.Helper()
	_, body, err := ask(dialed(t, w.link), getRequest("/"), "")
	if err != nil {
		t.Error(err)
	}
	return body
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
	conn := dialed(t, w.link)
	go func() {
		_, _, err := ask(conn, getRequest("/"), "")
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
	if err := <-w.ended; err != nil {
		t.Fatal(err)
	}
}

func TestDrainTellsStreams(t *testing.T) {
	begun := make(chan struct{})
	w := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		registered := make(chan struct{})
		r.Context().Value(http.ServerContextKey).(*http.Server).RegisterOnShutdown(func() { close(registered) })
		w.(http.Flusher).Flush()
		close(begun)
		<-Draining(r.Context())
		<-registered
		io.WriteString(w, "bye")
	}))
	body := make(chan string, 1)
	go func() { body <- get(t, w) }()
	<-begun
	if err := w.master.Send(control.KindDrain, nil); err != nil {
		t.Fatal(err)
	}
	if got := <-body; got != "bye" {
		t.Fatalf("body %q", got)
	}
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
