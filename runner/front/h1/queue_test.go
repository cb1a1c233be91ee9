package h1

import (
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/dram-go/dram/runner/nonblock"
)

// oneProcessor runs the test on one, on which goroutines take turns.
func oneProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// neighbour is a goroutine that waits for octets and counts how often it ran.
type neighbour struct {
	ran  atomic.Int64
	wake func()
}

func newNeighbour(t *testing.T) *neighbour {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	n := &neighbour{wake: func() {
		if err := raw.Control(func(fd uintptr) { nonblock.Write(fd, []byte("x"), nil) }); err != nil {
			t.Error(err)
		}
	}}
	var running sync.WaitGroup
	running.Go(func() {
		for octet := make([]byte, 1); ; n.ran.Add(1) {
			if _, err := r.Read(octet); err != nil {
				return
			}
		}
	})
	n.wake()
	until(t, "the neighbour", func() bool { return n.ran.Load() == 1 })
	t.Cleanup(func() {
		w.Close()
		running.Wait()
		r.Close()
	})
	return n
}

// TestWhoPassesGoesBehindThoseWhoAreReady wants few passes for each turn of
// its neighbours. It is not always one: a neighbour may be kept by the kernel.
// Without the poller it would be thousands.
func TestWhoPassesGoesBehindThoseWhoAreReady(t *testing.T) {
	oneProcessor(t)
	var q queue
	defer q.close()
	all := [3]*neighbour{newNeighbour(t), newNeighbour(t), newNeighbour(t)}
	const turns, most = 100, 100 * 100
	passes := 0
	for turn := int64(2); turn < 2+turns; turn++ {
		for _, n := range all {
			n.wake()
		}
		for ; passes < most && slices.ContainsFunc(all[:], func(n *neighbour) bool { return n.ran.Load() < turn }); passes++ {
			q.pass()
		}
	}
	if passes == most {
		t.Errorf("more than %d passes for %d turns of others", most, turns)
	}
	t.Logf("%d passes for %d turns of others", passes, turns)
}

func TestManyPassAtOnce(t *testing.T) {
	var q queue
	defer q.close()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 200 {
				q.pass()
			}
		})
	}
	all.Wait()
}

func TestPassWithoutDescriptors(t *testing.T) {
	q := queue{err: syscall.EMFILE}
	q.once.Do(func() {})
	q.pass()
	q.close()
}

// TestOthersHaveTheirTurnDuringAFile sends one that fits into the buffers of
// the connection, so that nothing makes the sender wait.
func TestOthersHaveTheirTurnDuringAFile(t *testing.T) {
	f, _ := someFile(t, 64<<10)
	n := newNeighbour(t)
	s := newSite(t, Options{}, func(x *Exchange) {
		x.Begin(http.StatusOK)
		x.Announce(64 << 10)
		x.Ready(true)
		before := n.ran.Load()
		n.wake()
		if _, err := x.SendFile(f, 0, 64<<10); err != nil {
			t.Error(err)
		}
		if n.ran.Load() == before {
			t.Error("the neighbour had to wait for the whole file")
		}
	})
	s.server.piece = 1 << 10
	oneProcessor(t)
	c := s.dial().say("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if _, body := c.response("GET"); len(body) != 64<<10 {
		t.Errorf("%d octets", len(body))
	}
}
