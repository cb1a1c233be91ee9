package runner

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// A table whose links could not be made goes out as soon as they can be.
func TestTableThatCouldNotBeSentIsSentLater(t *testing.T) {
	m := &master{
		masterOptions: masterOptions{log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		state:         newState(testLimits, false), workers: map[int]*worker{}, peers: map[int]*peer{},
		generations: map[int]generation{}, serving: config.Default("/"),
	}
	begun := time.Now()
	m.state.generation, m.state.target = 1, 2
	for id := 1; id <= 2; id++ {
		m.state.workers[id] = &process{ID: id, Slot: id, Generation: 1, Phase: ready}
		conn, _ := peerPair(t)
		m.workers[id] = &worker{peer: conn}
	}
	front, theirs := peerPair(t)
	m.peers[1] = front
	m.state.peerConnected(1)
	made := 0
	m.pair = func() (*os.File, *os.File, error) {
		if made++; made == 2 {
			return nil, nil, errors.New("too many open files")
		}
		return wire.Pair()
	}
	m.publish(begun)
	if len(m.state.peers[1].links) > 0 {
		t.Fatalf("links %v are taken for made", m.state.peers[1].links)
	}
	due := func(a action) bool { return a.Do == doResend && a.Front == 1 }
	if p := m.state.decide(begun); slices.ContainsFunc(p.actions, due) || p.wake.IsZero() {
		t.Fatalf("at once: %+v, want another try later", p)
	}
	if p := m.state.decide(begun.Add(linkRetry)); !slices.ContainsFunc(p.actions, due) {
		t.Fatalf("later: %+v, want another try", p.actions)
	}
	m.apply(action{Do: doResend, Front: 1})
	msg, files, err := theirs.Receive()
	closeFiles(files)
	var table control.Table
	if err != nil || msg.Decode(&table) != nil || len(table.Workers) != 2 || len(files) != 2 {
		t.Fatalf("table %+v with %d links, %v", table, len(files), err)
	}
	if p := m.state.decide(begun.Add(time.Hour)); slices.ContainsFunc(p.actions, due) {
		t.Fatalf("sent, and once more: %+v", p.actions)
	}
}

// peerPair is a peer of the master and the connection at its other end.
func peerPair(t *testing.T) (*peer, *control.Conn) {
	t.Helper()
	ours, file, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := control.FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(ours)
	t.Cleanup(func() { p.close(); theirs.Close() })
	return p, theirs
}

func TestGenerationWithoutLinksDoesNotTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		w.poor = true
		w.deploy(2, 2)
		if !strings.Contains(w.verdict, "no descriptors") || !slices.Equal(w.serving(), []int{1, 2}) {
			t.Fatalf("%s, serving %v", w.verdict, w.serving())
		}
		w.poor = false
		w.deploy(3, 2)
		if w.verdict != "committed" || len(w.s.workers) != 2 {
			t.Fatalf("then %s with %d workers", w.verdict, len(w.s.workers))
		}
	})
}

func TestGenerationWaitsForLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 2)
		w.poor = true
		time.AfterFunc(linkPatience/2, func() { w.events <- func() { w.poor = false } })
		w.deploy(2, 2)
		if w.verdict != "committed" || !slices.Equal(w.serving(), []int{3, 4}) {
			t.Fatalf("%s, serving %v", w.verdict, w.serving())
		}
	})
}

// A front that we owe a table still uses the old one, however long ago the
// worker was removed.
func TestWorkerOfAnOwedFrontStays(t *testing.T) {
	begun := time.Unix(1_000_000, 0)
	s := newState(testLimits, false)
	s.generation, s.revision = 2, 7
	s.peers[1] = peerOf(6, false)
	s.peers[1].owed, s.peers[1].retryAt = begun, begun
	s.workers[1] = &process{ID: 1, Slot: 1, Generation: 1, Phase: draining, Until: begun, removed: 7, removedAt: begun}
	s.table = s.wantTable()
	p := s.decide(begun.Add(2 * control.Lease))
	if slices.ContainsFunc(p.actions, func(a action) bool { return a.Do == doStop }) {
		t.Fatalf("stops it: %+v", p.actions)
	}
}

func TestFrontNeverPausesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 1)
		w.boot = func(p process) (time.Duration, time.Duration) { return 0, time.Millisecond }
		w.die(*w.s.front(), "killed", time.Second)
		w.pass(time.Minute)
		for i := 2; i < len(w.starts[0]); i++ {
			if pause := w.starts[0][i].Sub(w.starts[0][i-1]); pause > longestFront+10*time.Millisecond {
				t.Fatalf("pause %d is %v", i, pause)
			}
		}
	})
}

// A front that stops answering is found although nothing changes, and replaced.
// What it is slow to answer within its patience is forgiven.
func TestHungFrontIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, true)
		w.deploy(1, 1)
		w.pass(10 * republishAfter)
		first := w.s.front()
		if first == nil || first.ID != 1 {
			t.Fatalf("a front that answers was replaced by %+v", first)
		}
		w.ack = false
		w.pass(republishAfter + frontPatience/2)
		if w.s.front() != first {
			t.Fatal("it was not waited for")
		}
		w.s.peerAcked(1, w.s.revision, time.Now())
		w.pass(frontPatience - time.Second)
		if w.s.front() != first {
			t.Fatal("it has answered, and was cut off")
		}
		w.pass(republishAfter)
		w.ack = true
		w.pass(2 * time.Second)
		if now := w.s.front(); now == nil || now.ID == first.ID || now.Phase != ready || len(w.s.fronts) != 1 {
			t.Fatalf("the front is %+v of %d", now, len(w.s.fronts))
		}
	})
}

// One that runs apart is cut off as soon as its lease is over, and a rollout
// goes on without it.
func TestHungFrontThatRunsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTree(t, false)
		w.deploy(1, 1)
		w.s.peerConnected(7)
		w.tell(7)
		w.ack = false
		begun := time.Now()
		w.deploy(2, 1)
		if took := time.Since(begun); w.verdict != "gave up: no front could probe worker 2 within 10s" && w.verdict != "committed" || took > 2*control.Lease+5*time.Second {
			t.Fatalf("%s after %v", w.verdict, took)
		}
		w.pass(control.Lease)
		if len(w.s.peers) != 0 {
			t.Fatalf("it is still connected: %+v", w.s.peers[7])
		}
	})
}
