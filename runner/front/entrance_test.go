package front

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDivideLeavesRoomForTheMaster(t *testing.T) {
	for files, want := range map[uint64][2]int{
		0:       {1, 0},
		64:      {14, 4},
		1024:    {336, 96},
		1 << 20: {522112, 4096},
		1 << 63: {1<<30 - 2177, 4096}, // "unlimited"
	} {
		clients, idle := divide(files)
		if clients != want[0] || idle != want[1] {
			t.Errorf("of %d files %d clients and %d idle connections, want %d", files, clients, idle, want)
		}
		if files > 1 && 2*clients+idle > int(min(files, 1<<31)-min(files/2, reservedFiles)) {
			t.Errorf("of %d files too few are left: %d clients, %d idle connections", files, clients, idle)
		}
	}
}

func TestAClientTooManyWaitsForItsPlace(t *testing.T) {
	s := newSite(t, func(l *limits) { l.clients, l.rested = 2, patience })
	s.add(text("served"))
	get := func(c net.Conn) error {
		if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			return err
		}
		b := make([]byte, 12)
		if _, err := io.ReadFull(c, b); err != nil || string(b) != "HTTP/1.1 200" {
			return fmt.Errorf("got %q, %w", b, err)
		}
		return nil
	}
	first, second := s.dial(), s.dial()
	for _, c := range []net.Conn{first, second} {
		if err := get(c); err != nil {
			t.Fatal(err)
		}
	}
	third := s.dial()
	served := make(chan error, 1)
	go func() { served <- get(third) }()
	s.logLine("no place for more clients")
	s.table() // the master is heard
	select {
	case err := <-served:
		t.Fatalf("the third was served beside the others, %v", err)
	default:
	}
	first.Close()
	if err := await(t, "answer", served); err != nil {
		t.Error(err)
	}
}

// TestIdleClientsMakeRoom: who opens all the connections that there are, and
// says nothing more, keeps nobody out. Who waits for an answer stays.
func TestIdleClientsMakeRoom(t *testing.T) {
	s := newSite(t, func(l *limits) { l.clients, l.rested = 3, time.Millisecond })
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			g.pass()
		}
		io.WriteString(w, "served")
	})
	busy := s.visitor()
	busy.ask("/busy")
	await(t, "the busy request", g.entered)
	for range 10 {
		idle := s.visitor()
		idle.ask("/")
		idle.answered(false)
		s.visitor() // says nothing
	}
	g.release()
	busy.answered(false)
}

// TestStalledClientsMakeRoom: neither do those keep anybody out who begin a
// handshake or a request and stop there.
func TestStalledClientsMakeRoom(t *testing.T) {
	s := newSite(t, func(l *limits) {
		l.clients, l.rested, l.handshakeTime, l.headTime = 3, time.Millisecond, time.Hour, time.Hour
	})
	s.secure(certify(t, time.Hour, "example.org"))
	for range 5 {
		c, err := net.Dial("tcp", s.https)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "\x16\x03\x01\x01\x00\x01")
		io.WriteString(s.dial(), "GET / HTTP/1.1\r\nHost: h")
	}
	v := s.visitor()
	v.ask("/livez")
	v.answered(false)
}

// logLine waits for a line that begins so.
func (s *site) logLine(begin string) map[string]any {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line := <-s.logged:
			if text, ok := line["msg"].(string); ok && strings.HasPrefix(text, begin) {
				return line
			}
		case <-deadline:
			s.t.Fatalf("no line in the log that begins with %q", begin)
		}
	}
}

func TestAFullEntranceCanBeClosed(t *testing.T) {
	l, err := net.Listen("unix", t.TempDir()+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	g := newEntrance(1, func(net.Conn) (func(), bool) { return func() {}, true }, slog.New(slog.DiscardHandler)).guard(l)
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	inside, err := g.Accept()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := g.Accept()
		ended <- err
	}()
	g.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
	if err := inside.(halfCloser).CloseWrite(); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(c); len(rest) != 0 || err != nil {
		t.Errorf("the client reads %q, %v after CloseWrite", rest, err)
	}
	inside.Close()
	inside.Close() // leaves once
	if n := len(g.entrance.places); n != 0 {
		t.Errorf("%d places are taken by nobody", n)
	}
}

// TestFilesAreStillSentByTheKernel: net/http looks for these methods.
func TestFilesAreStillSentByTheKernel(t *testing.T) {
	var c any = &tcpGuest{}
	if _, ok := c.(io.ReaderFrom); !ok {
		t.Error("a client connection has no ReadFrom")
	}
	if _, ok := c.(halfCloser); !ok {
		t.Error("a client connection has no CloseWrite")
	}
}
