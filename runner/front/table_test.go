package front

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// teller records what a table tells its master.
type teller struct {
	mu   sync.Mutex
	said []any
}

func (m *teller) tell(_ control.Kind, body any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said = append(m.said, body)
}

func (m *teller) take() []any {
	m.mu.Lock()
	defer m.mu.Unlock()
	said := m.said
	m.said = nil
	return said
}

func testTable(t *testing.T) *table {
	var l live
	l.Store(&settings{limits: newLimits(config.Default(t.TempDir()))})
	return newTable(&l, slog.New(slog.DiscardHandler), time.Now)
}

func linkFile(t *testing.T) *os.File {
	t.Helper()
	ours, theirs, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours
}

func row(id int, state control.WorkerState, linked bool) control.TableWorker {
	return control.TableWorker{ID: id, State: state, NewLink: linked}
}

func wantSaid(t *testing.T, m *teller, want ...any) {
	t.Helper()
	got := m.take()
	if len(got) != len(want) {
		t.Fatalf("said %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("said %v, want %v", got, want)
		}
	}
}

func TestAckThenIdle(t *testing.T) {
	table, m := testTable(t), &teller{}
	table.apply(control.Table{Revision: 1, Workers: []control.TableWorker{
		row(1, control.WorkerReady, true), row(2, control.WorkerReady, true), row(3, control.WorkerReady, true),
	}}, []*os.File{linkFile(t), linkFile(t), linkFile(t)}, m.tell)
	wantSaid(t, m, control.Ack{Revision: 1})

	var wait waiting
	busy, err := table.acquire(t.Context(), nil, &wait)
	if err != nil {
		t.Fatal(err)
	}
	// The busy one drains, another is missing, one stays.
	stays := busy.id%3 + 1
	table.apply(control.Table{Revision: 2, Workers: []control.TableWorker{
		row(busy.id, control.WorkerDraining, false), row(stays, control.WorkerReady, false),
	}}, nil, m.tell)
	wantSaid(t, m, control.Ack{Revision: 2}, control.Idle{Worker: 6 - busy.id - stays})
	if busy.acquire() {
		t.Fatal("a draining worker takes a request after the ACK")
	}
	for range 10 {
		w, err := table.acquire(t.Context(), nil, &wait)
		if err != nil || w.id != stays {
			t.Fatalf("picked %+v, %v, want worker %d", w, err, stays)
		}
		w.release()
	}
	// Said once more, it is still the same drain.
	table.apply(control.Table{Revision: 3, Workers: []control.TableWorker{row(stays, control.WorkerReady, false)}}, nil, m.tell)
	wantSaid(t, m, control.Ack{Revision: 3})
	busy.release()
	wantSaid(t, m, control.Idle{Worker: busy.id})
	if _, err := busy.pool.link.Dial(t.Context()); !errors.Is(err, wire.ErrGone) {
		t.Errorf("the link of an idle worker still dials: %v", err)
	}
}

// TestAProbeThatTheFrontEnds says nothing of the worker: a front that ends in
// the middle of it would fail a deployment that has nothing to do with it.
func TestAProbeThatTheFrontEnds(t *testing.T) {
	for _, ended := range []bool{false, true} {
		table, m := testTable(t), &teller{}
		probing := row(1, control.WorkerProbing, true)
		table.apply(control.Table{Revision: 1, Workers: []control.TableWorker{probing}}, []*os.File{linkFile(t)}, m.tell)
		m.take()
		w := table.workers[1]
		probe := table.probes(nil, w, 1, "/", m.tell)[0]
		if ended {
			table.reset()
		} else {
			w.pool.link.Close()
		}
		probe()
		said := m.take()
		if ended && len(said) != 0 {
			t.Errorf("after its end the front said %v", said)
		}
		if !ended && (len(said) != 1 || said[0].(control.Probed).Failure == "") {
			t.Errorf("of a worker without a link the front said %v", said)
		}
	}
}

func TestADrainingWorkerStaysSo(t *testing.T) {
	table, m := testTable(t), &teller{}
	table.apply(control.Table{Revision: 1, Workers: []control.TableWorker{row(1, control.WorkerReady, true)}}, []*os.File{linkFile(t)}, m.tell)
	var wait waiting
	w, err := table.acquire(t.Context(), nil, &wait)
	if err != nil {
		t.Fatal(err)
	}
	table.apply(control.Table{Revision: 2, Workers: []control.TableWorker{row(1, control.WorkerDraining, false)}}, nil, m.tell)
	table.apply(control.Table{Revision: 3, Workers: []control.TableWorker{row(1, control.WorkerReady, false)}}, nil, m.tell)
	m.take()
	if len(table.current.Load().ready) != 0 {
		t.Fatal("a worker came back from draining")
	}
	// A new link is a new worker; the old one ends without a word about it.
	table.apply(control.Table{Revision: 4, Workers: []control.TableWorker{row(1, control.WorkerReady, true)}}, []*os.File{linkFile(t)}, m.tell)
	w.release()
	wantSaid(t, m, control.Ack{Revision: 4})
	if fresh, err := table.acquire(t.Context(), nil, &wait); err != nil || fresh == w {
		t.Fatalf("got the old worker back, %v", err)
	}
}

func TestAFrontThatComesInTheMiddleOfADrain(t *testing.T) {
	table, m := testTable(t), &teller{}
	table.apply(control.Table{Revision: 9, Workers: []control.TableWorker{
		row(1, control.WorkerDraining, true), row(2, control.WorkerDraining, false), row(3, control.WorkerReady, false),
	}}, []*os.File{linkFile(t)}, m.tell)
	wantSaid(t, m, control.Ack{Revision: 9}, control.Idle{Worker: 1}, control.Idle{Worker: 2})
	if n := len(table.current.Load().ready); n != 0 {
		t.Errorf("%d workers ready, but none has a link", n)
	}
}

func TestSurplusFilesAreClosed(t *testing.T) {
	table, m := testTable(t), &teller{}
	f := linkFile(t)
	table.apply(control.Table{Revision: 1}, []*os.File{f}, m.tell)
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open: %v", err)
	}
}

// TestNoRequestAfterTheAck runs requests against drains: what was told idle
// takes no request, and has none.
func TestNoRequestAfterTheAck(t *testing.T) {
	table, m := testTable(t), &teller{}
	var idle sync.Map // of worker ids
	var old *worker
	tell := func(kind control.Kind, body any) {
		if _, ok := body.(control.Ack); ok && old != nil && (old.acquire() || table.choose(table.current.Load().ready, nil) == old) {
			t.Errorf("worker %d takes a request at the ACK", old.id)
		}
		if i, ok := body.(control.Idle); ok {
			if _, twice := idle.LoadOrStore(i.Worker, true); twice {
				t.Errorf("worker %d was told idle twice", i.Worker)
			}
		}
		m.tell(kind, body)
	}
	table.apply(control.Table{Revision: 1, Workers: []control.TableWorker{row(1, control.WorkerReady, true)}}, []*os.File{linkFile(t)}, tell)
	ctx, cancel := context.WithCancel(t.Context())
	var requests sync.WaitGroup
	for range 4 {
		requests.Go(func() {
			for ctx.Err() == nil {
				var wait waiting
				w, err := table.acquire(ctx, nil, &wait)
				if err != nil {
					return
				}
				if _, told := idle.Load(w.id); told {
					t.Errorf("worker %d has a request after it was told idle", w.id)
				}
				w.release()
			}
		})
	}
	const drains = 200
	for id := 1; id <= drains; id++ {
		old = table.current.Load().ready[0]
		table.apply(control.Table{Revision: uint64(id + 1), Workers: []control.TableWorker{
			row(id, control.WorkerDraining, false), row(id+1, control.WorkerReady, true),
		}}, []*os.File{linkFile(t)}, tell)
	}
	cancel()
	requests.Wait()
	for id := 1; id <= drains; id++ {
		if _, told := idle.Load(id); !told {
			t.Errorf("worker %d was not told idle", id)
		}
	}
}

func TestALeaseThatRanOutHoldsRequests(t *testing.T) {
	table, m := testTable(t), &teller{}
	var later atomic.Int64
	table.now = func() time.Time { return table.epoch.Add(time.Duration(later.Load())) }
	table.apply(control.Table{Revision: 1, Workers: []control.TableWorker{row(1, control.WorkerReady, true)}}, []*os.File{linkFile(t)}, m.tell)
	later.Store(int64(control.Lease + 1))
	got := make(chan *worker)
	go func() {
		var wait waiting
		w, err := table.acquire(t.Context(), nil, &wait)
		if err != nil {
			t.Error(err)
		}
		got <- w
	}()
	until(t, "a request waits for the master", func() bool { return table.waiting.Load() == 1 })
	table.renew()
	(<-got).release()
}

func TestHoldIsBoundedInTimeAndNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := testTable(t)
		table.live.Load().holders = 1
		begun := time.Now()
		first := make(chan error)
		go func() {
			var wait waiting
			_, err := table.acquire(t.Context(), nil, &wait)
			first <- err
		}()
		synctest.Wait()
		var wait waiting
		if _, err := table.acquire(t.Context(), nil, &wait); !errors.Is(err, errCrowded) {
			t.Errorf("the second waits too: %v", err)
		}
		// A new table without a worker does not start the time anew.
		time.Sleep(table.live.Load().hold / 2)
		table.apply(control.Table{Revision: 1}, nil, (&teller{}).tell)
		if err := <-first; !errors.Is(err, errNoWorker) {
			t.Error(err)
		}
		if took := time.Since(begun); took != table.live.Load().hold {
			t.Errorf("waited %s, want %s", took, table.live.Load().hold)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wait = waiting{}
		if _, err := table.acquire(ctx, nil, &wait); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that is gone waits: %v", err)
		}
	})
}

func TestSuspectsAndTriedAreAvoidedAndGoneNeverPicked(t *testing.T) {
	table, m := testTable(t), &teller{}
	rows := []control.TableWorker{row(1, control.WorkerReady, true), row(2, control.WorkerReady, true), row(3, control.WorkerReady, true)}
	table.apply(control.Table{Revision: 1, Workers: rows}, []*os.File{linkFile(t), linkFile(t), linkFile(t)}, m.tell)
	ready := table.current.Load().ready
	ready[0].gone.Store(true)
	ready[1].suspect()
	for range 5 {
		if w := table.choose(ready, nil); w != ready[2] {
			t.Fatalf("picked worker %d, want 3", w.id)
		}
		if w := table.choose(ready, []*worker{ready[2]}); w != ready[1] {
			t.Fatalf("picked worker %d again, want 2", w.id)
		}
		if w := table.choose(ready[:1], nil); w != nil {
			t.Fatalf("picked worker %d, whose link is gone", w.id)
		}
	}
	for i := range rows {
		rows[i].NewLink = false
	}
	table.apply(control.Table{Revision: 2, Workers: rows}, nil, m.tell)
	if ready[1].suspected() {
		t.Error("a new table does not clear the suspicion")
	}
}
