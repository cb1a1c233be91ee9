package control

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newPair(t *testing.T) (*Conn, *Conn) {
	t.Helper()
	a, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func TestMessagesAndFilesArriveTogether(t *testing.T) {
	a, b := newPair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := Table{Revision: 7, Workers: []TableWorker{{ID: 3, State: WorkerReady, NewLink: true}}}
	if err := a.Send(KindBeat, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Send(KindTable, want, w); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if m, files, err := b.Receive(); err != nil || m.Kind != KindBeat || len(files) != 0 {
		t.Fatalf("first message %+v with %d files, %v", m, len(files), err)
	}
	m, files, err := b.Receive()
	if err != nil || len(files) != 1 {
		t.Fatalf("second message with %d files, %v", len(files), err)
	}
	var got Table
	if err := m.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if _, err := files[0].WriteString("through"); err != nil {
		t.Fatal(err)
	}
	files[0].Close()
	if text, err := io.ReadAll(r); err != nil || string(text) != "through" {
		t.Fatalf("pipe carried %q, %v", text, err)
	}
}

func TestLargeMessage(t *testing.T) {
	a, b := newPair(t)
	text := strings.Repeat("가", 300_000) // larger than a socket buffer
	var sender sync.WaitGroup
	sender.Go(func() {
		if err := a.Send(KindProgress, Progress{Text: text}); err != nil {
			t.Error(err)
		}
	})
	m, _, err := b.Receive()
	if err != nil {
		t.Fatal(err)
	}
	sender.Wait()
	var got Progress
	if err := m.Decode(&got); err != nil || got.Text != text {
		t.Fatalf("got %d bytes, %v", len(got.Text), err)
	}
}

func TestReceiveAfterClose(t *testing.T) {
	a, b := newPair(t)
	a.Close()
	if _, _, err := b.Receive(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want io.EOF", err)
	}
}

func TestReceiveRefuses(t *testing.T) {
	size := func(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }
	for name, c := range map[string]struct{ bytes, want string }{
		"oversized frame": {size(maxFrame + 1), "limit"},
		"cut frame":       {size(10) + "{", "cut short"},
		"cut head":        {"\x00\x00", "cut short"},
		"no JSON":         {size(3) + "abc", "no message"},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newPair(t)
			if _, err := a.unix.Write([]byte(c.bytes)); err != nil {
				t.Fatal(err)
			}
			a.Close()
			if _, _, err := b.Receive(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestHello(t *testing.T) {
	a, b := newPair(t)
	var other sync.WaitGroup
	other.Go(func() {
		if them, err := b.Hello(Hello{Role: RoleMaster, Build: "m"}); err != nil || them.Worker != 4 {
			t.Errorf("master heard %+v, %v", them, err)
		}
	})
	them, err := a.Hello(Hello{Role: RoleWorker, Build: "w", Worker: 4})
	other.Wait()
	if err != nil || them.Role != RoleMaster || them.PID != os.Getpid() {
		t.Fatalf("worker heard %+v, %v", them, err)
	}
}

func TestHelloRefusesAForeignVersion(t *testing.T) {
	a, b := newPair(t)
	if err := b.Send(KindHello, Hello{Role: RoleMaster, Min: MaxVersion + 1, Max: MaxVersion + 2}); err != nil {
		t.Fatal(err)
	}
	_, err := a.Hello(Hello{Role: RoleWorker})
	if err == nil || !strings.Contains(err.Error(), "speaks control") {
		t.Fatalf("got %v, want a refusal that names both versions", err)
	}
}

// FuzzReceive feeds arbitrary bytes to the frame reader: it may refuse them,
// never panic or allocate by their word.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0f{\"kind\":\"beat\"}"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 4096 {
			return
		}
		a, b := newPair(t)
		if _, err := a.unix.Write(in); err != nil {
			t.Fatal(err)
		}
		a.Close()
		for range len(in) + 1 {
			m, files, err := b.Receive()
			closeAll(files)
			if err != nil {
				return
			}
			var h Hello
			_ = m.Decode(&h)
		}
		t.Fatal("more messages than bytes")
	})
}
