package wire

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// fill dials until the worker's queue is full and returns the connections.
func fill(t *testing.T, l *Link) (all []net.Conn) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		conn, err := l.Dial(ctx)
		if errors.Is(err, context.Canceled) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		all = append(all, conn)
	}
}

// wait starts n dialers and returns when all of them wait.
func wait(t *testing.T, l *Link, n int) (ended chan error) {
	t.Helper()
	ended = make(chan error, n)
	for range n {
		go func() {
			conn, err := l.Dial(t.Context())
			if err == nil {
				conn.Close()
			}
			ended <- err
		}()
	}
	for deadline := time.Now().Add(20 * time.Second); int(l.waiting.Load()) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d dialers wait, want %d", l.waiting.Load(), n)
		}
	}
	return ended
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestWaitingDialersCostNeitherThreadsNorDescriptors(t *testing.T) {
	front, worker := newPair(t)
	queued := len(fill(t, front))
	files, threads := entries(t, "/proc/self/fd"), entries(t, "/proc/self/task")
	const dialers = 200
	ended := wait(t, front, dialers)
	if n := entries(t, "/proc/self/fd") - files; n > 8 {
		t.Errorf("%d more descriptors for %d waiting dialers", n, dialers)
	}
	if n := entries(t, "/proc/self/task") - threads; n > dialers/2 {
		t.Errorf("%d more threads for %d waiting dialers", n, dialers)
	}
	// Then the worker accepts, and everybody gets a connection.
	for range queued + dialers {
		conn, err := worker.accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	for range dialers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestADialerTooManyIsRefusedAtOnce(t *testing.T) {
	front, _ := newPair(t)
	fill(t, front)
	front.limit = 3
	ended := wait(t, front, 3)
	if _, err := front.Dial(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("the fourth dialer got %v, want ErrBusy", err)
	}
	front.Close()
	for range 3 {
		if err := <-ended; !errors.Is(err, ErrGone) {
			t.Errorf("a dialer over a closed link got %v, want ErrGone", err)
		}
	}
}

func TestWaitingDialersLearnOfTheEndOfTheWorker(t *testing.T) {
	front, worker := newPair(t)
	fill(t, front)
	ended := wait(t, front, 5)
	worker.Close()
	for range 5 {
		if err := <-ended; !errors.Is(err, ErrGone) {
			t.Errorf("got %v, want ErrGone", err)
		}
	}
}

// TestOneDialerGivesUpForItself: the deadline by which the one that waits is
// woken must not reach the next.
func TestOneDialerGivesUpForItself(t *testing.T) {
	front, worker := newPair(t)
	queued := len(fill(t, front))
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := front.Dial(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}
	}
	for range queued {
		if conn, err := worker.accept(); err == nil {
			conn.Close()
		}
	}
	conn, err := front.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
