package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
)

func newPair(t *testing.T) (*Link, *Link) {
	t.Helper()
	f, w, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	front, err := NewLink(f)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := NewLink(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { front.Close(); worker.Close() })
	return front, worker
}

func TestLinkCarriesHTTP(t *testing.T) {
	front, worker := newPair(t)
	l := NewListener()
	l.Add(worker)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello "+r.URL.Path)
	})}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()

	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return front.Dial(ctx) }}
	resp, err := (&http.Client{Transport: tr}).Get("http://worker/x")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(b) != "hello /x" {
		t.Fatalf("body %q", b)
	}
	tr.CloseIdleConnections()
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Fatal(err)
	}
	// The worker's side is closed now: a dial must say so before it sends.
	if _, err := front.Dial(t.Context()); !errors.Is(err, ErrGone) {
		t.Fatalf("dial to a closed worker: %v, want ErrGone", err)
	}
}

func TestListenerSkipsPacketsWithoutAConnection(t *testing.T) {
	front, worker := newPair(t)
	l := NewListener()
	defer l.Close()
	l.Add(worker)
	if _, err := front.unix.Write([]byte("garbage")); err != nil {
		t.Fatal(err)
	}
	ours, err := front.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	if _, err := ours.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(theirs, b); err != nil || b[0] != 'x' {
		t.Fatalf("read %q, %v", b, err)
	}
}

func TestDeathOfTheWorkerEndsItsConnections(t *testing.T) {
	front, worker := newPair(t)
	l := NewListener()
	l.Add(worker)
	conn, err := front.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l.Close() // the connection was never accepted, as when a worker is killed
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Fatal("read from a connection whose worker is gone succeeded")
	}
}

func TestNoLinksTellsWhenTheLastFrontIsGone(t *testing.T) {
	l := NewListener()
	defer l.Close()
	<-l.NoLinks() // none yet
	first, worker := newPair(t)
	l.Add(worker)
	second, worker := newPair(t)
	l.Add(worker)
	first.Close()
	select {
	case <-l.NoLinks():
		t.Fatal("no links, but the second front has not closed its own")
	default:
	}
	second.Close()
	<-l.NoLinks()
}

func TestGoneTellsTheEndOfTheWorkerAtOnce(t *testing.T) {
	front, worker := newPair(t)
	select {
	case <-front.Gone():
		t.Fatal("gone, but the worker lives")
	default:
	}
	if _, err := worker.unix.Write([]byte("a word that means nothing")); err != nil {
		t.Fatal(err)
	}
	worker.Close()
	<-front.Gone()
}

func TestGoneEndsWithTheLink(t *testing.T) {
	front, _ := newPair(t)
	gone := front.Gone()
	front.Close()
	<-gone
}
