package logqueue

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
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

func noNotice(Loss) {}

func TestWhatNobodyReadsIsDroppedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		dropped := 0
		q := New(g, PipePiece, func(l Loss) { dropped = l.Dropped })
		defer q.Close(time.Second)
		line := strings.Repeat("x", 99) + "\n"
		q.Write([]byte("first\n"))
		synctest.Wait() // the queue's goroutine is stuck with it
		const lines = 2 * Limit / 100
		for range lines {
			q.Write([]byte(line))
		}
		if q.Flush(time.Second) || !q.Stalled() {
			t.Fatal("flushed what nobody reads")
		}
		close(g.open)
		if !q.Flush(time.Second) || q.Stalled() {
			t.Fatal("not flushed though somebody reads again")
		}
		written := strings.Count(g.text.String(), line)
		if written == 0 || dropped == 0 || written+dropped != lines || !strings.HasPrefix(g.text.String(), "first\n") {
			t.Fatalf("%d lines were written and %d dropped, of %d", written, dropped, lines)
		}
		if q.Lost() != uint64(dropped) {
			t.Fatalf("Lost says %d of %d", q.Lost(), dropped)
		}
	})
}

func TestPiecesEndWithLines(t *testing.T) {
	var sizes []int
	q := &Queue{piece: PipePiece, to: writerFunc(func(b []byte) (int, error) {
		if !bytes.HasSuffix(b, []byte("\n")) {
			t.Errorf("a piece ends within a line: %q", b)
		}
		sizes = append(sizes, len(b))
		return len(b), nil
	})}
	q.write([]byte(strings.Repeat(strings.Repeat("y", 999)+"\n", 10) + strings.Repeat("z", 2*PipePiece) + "\nend\n"))
	want := []int{4000, 4000, 2000, 2*PipePiece + 1, 4}
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

// A disk that is full takes a part of a line. What comes after it, when there
// is room again, must not be glued to that part.
func TestTornLine(t *testing.T) {
	full := errors.New("disk full")
	var text bytes.Buffer
	room := 10
	q := &Queue{to: writerFunc(func(b []byte) (int, error) {
		n := min(room, len(b))
		room -= n
		text.Write(b[:n])
		if n < len(b) {
			return n, full
		}
		return n, nil
	})}
	failed, err := q.write([]byte("first\nsecond\nthird\n"))
	if failed != 2 || !errors.Is(err, full) {
		t.Errorf("%d lines failed with %v, want 2 with %v", failed, err, full)
	}
	if failed, _ := q.write([]byte("fourth\n")); failed != 1 {
		t.Errorf("%d lines failed, want 1", failed)
	}
	room = 1000
	if failed, err := q.write([]byte("fifth\n")); failed != 0 || err != nil {
		t.Errorf("%d lines failed with %v though there is room", failed, err)
	}
	if got, want := text.String(), "first\nseco\nfifth\n"; got != want {
		t.Errorf("written %q, want %q", got, want)
	}
}

func TestRedirectLosesNothing(t *testing.T) {
	var before, after bytes.Buffer
	q := New(&before, 0, noNotice)
	var writers sync.WaitGroup
	const each = 1000
	for range 4 {
		writers.Go(func() {
			for range each {
				io.WriteString(q, "line\n")
			}
		})
	}
	<-q.Redirect(&after)
	size := before.Len() // nobody writes there any more
	writers.Wait()
	q.Close(10 * time.Second)
	if before.Len() != size {
		t.Error("written to the old file after it was given back")
	}
	if n := strings.Count(before.String()+after.String(), "line\n"); n != 4*each {
		t.Errorf("%d lines, want %d", n, 4*each)
	}
	<-q.Redirect(io.Discard) // an ended queue uses nothing
}

func TestCloseWritesTheRest(t *testing.T) {
	var text bytes.Buffer
	q := New(&text, 0, noNotice)
	for range 100 {
		io.WriteString(q, "line\n")
	}
	q.Close(10 * time.Second)
	if n := strings.Count(text.String(), "line\n"); n != 100 {
		t.Errorf("%d lines, want 100", n)
	}
	if !q.Flush(time.Second) {
		t.Error("an ended queue holds something")
	}
}

func TestCloseDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		q := New(g, 0, noNotice)
		io.WriteString(q, "line\n")
		q.Close(time.Second) // returns
		close(g.open)
	})
}

// recorder keeps each write.
type recorder struct {
	mu     sync.Mutex
	writes []string
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, string(b))
	return len(b), nil
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.writes)
}

func TestSoonLinesGoOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes recorder
		q := New(&writes, 0, noNotice)
		defer q.Close(time.Second)
		q.WriteSoon([]byte("a\n"))
		time.Sleep(Pause / 2)
		q.WriteSoon([]byte("b\n"))
		synctest.Wait()
		if got := writes.all(); len(got) != 0 {
			t.Fatalf("written at once: %q", got)
		}
		time.Sleep(Pause)
		synctest.Wait()
		q.WriteSoon([]byte("c\n"))
		io.WriteString(q, "urgent\n")
		synctest.Wait()
		if got, want := writes.all(), []string{"a\nb\n", "c\nurgent\n"}; !slices.Equal(got, want) {
			t.Fatalf("writes %q, want %q", got, want)
		}
	})
}

func TestManySoonLinesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes recorder
		q := New(&writes, 0, noNotice)
		defer q.Close(time.Second)
		line := append(bytes.Repeat([]byte("x"), 4095), '\n')
		for range Limit / len(line) {
			q.WriteSoon(line)
			synctest.Wait()
			if len(writes.all()) > 0 {
				return // before the room was used up
			}
		}
		t.Fatal("lines were dropped while the writer had nothing to do")
	})
}

func TestNoQueue(t *testing.T) {
	var q *Queue
	if n, err := q.Write([]byte("line\n")); n != 5 || err != nil || !q.Flush(0) || q.Lost() != 0 {
		t.Error("a nil queue is not silent")
	}
	q.WriteSoon(nil)
	q.Close(0)
}
