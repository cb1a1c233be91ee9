package runner

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a writer that blocks until it is opened.
type gate struct {
	open chan struct{}
	text bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	return g.text.Write(b)
}

func TestLogQueueDropsAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		q := newLogQueue(g)
		defer close(q.wake)
		dropped := 0
		q.notice = func(n int) { dropped = n }
		line := strings.Repeat("x", 99) + "\n"
		q.Write([]byte("first\n"))
		synctest.Wait() // the queue's goroutine is stuck with it
		const lines = 2 * logLimit / 100
		for range lines {
			q.Write([]byte(line))
		}
		if q.flush(time.Second) {
			t.Fatal("flushed what nobody reads")
		}
		close(g.open)
		if !q.flush(time.Second) {
			t.Fatal("not flushed though somebody reads again")
		}
		written := strings.Count(g.text.String(), line)
		if written == 0 || dropped == 0 || written+dropped != lines || !strings.HasPrefix(g.text.String(), "first\n") {
			t.Fatalf("%d lines were written and %d dropped, of %d", written, dropped, lines)
		}
	})
}

func TestLogQueueWritesWholeLines(t *testing.T) {
	var sizes []int
	q := &logQueue{to: writerFunc(func(b []byte) (int, error) {
		if !bytes.HasSuffix(b, []byte("\n")) {
			t.Errorf("a piece ends within a line: %q", b)
		}
		sizes = append(sizes, len(b))
		return len(b), nil
	})}
	q.write([]byte(strings.Repeat(strings.Repeat("y", 999)+"\n", 10) + strings.Repeat("z", 2*logPiece) + "\nend\n"))
	want := []int{4000, 4000, 2000, 2*logPiece + 1, 4}
	if len(sizes) != len(want) {
		t.Fatalf("pieces %v, want %v", sizes, want)
	}
	for i := range want {
		if sizes[i] != want[i] {
			t.Fatalf("pieces %v, want %v", sizes, want)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// An app may log an error and call os.Exit: the line must be out by then.
func TestSeriousLinesAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		q := newLogQueue(g)
		defer close(q.wake)
		log := slog.New(patient{slog.NewTextHandler(q, nil), q}).With("process", "worker 1").WithGroup("g")
		close(g.open)
		log.Error("why it ends")
		if !strings.Contains(g.text.String(), "why it ends") {
			t.Fatal("not written yet")
		}
	})
}

// Nobody reads standard error: requests and commands go on, and stop ends it.
func TestStalledStandardError(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := s.command("serve", "--listen", "127.0.0.1:0")
	cmd.Stderr = w
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	first := make([]byte, 200)
	n, err := out.Read(first)
	m := listening.FindStringSubmatch(strings.TrimSpace(string(first[:n])))
	if m == nil {
		t.Fatalf("printed %q, %v", first[:n], err)
	}
	// Far more lines than the pipe holds.
	path := "/" + strings.Repeat("long", 500)
	for range 200 {
		resp, err := http.Get(m[1] + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	s.status()
	s.must("stop")
	cmd.Wait()
	if left := s.processes(); len(left) > 0 {
		t.Fatalf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(s.dir, ".dram", "run", "control.sock")); err == nil {
		t.Fatal("the control socket is still there")
	}
}
