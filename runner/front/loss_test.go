package front

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dram-go/dram/runner/control"
)

// ledger counts how often each request was carried out.
type ledger struct {
	next   atomic.Int64
	done   sync.Map // request number to *atomic.Int32
	rounds [clientsOfLoad]atomic.Int64
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	n, _ := l.done.LoadOrStore(r.Header.Get("X-Number"), new(atomic.Int32))
	n.(*atomic.Int32).Add(1)
	io.WriteString(w, "done")
}

const clientsOfLoad = 6

// load makes requests from several clients until stop is closed and returns
// how many it made. Each must be answered 200.
func (s *site) load(l *ledger, method string, stop <-chan struct{}) *sync.WaitGroup {
	clients := new(sync.WaitGroup)
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = clientsOfLoad
	for i := range l.rounds {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var body io.Reader
				if method == "POST" {
					body = strings.NewReader("x")
				}
				r := s.request(method, "/", body)
				r.Header.Set("X-Number", strconv.FormatInt(l.next.Add(1), 10))
				if got := s.do(r); got.StatusCode != 200 || got.body != "done" || got.err != nil {
					s.t.Errorf("%s: %d %q, %v", method, got.StatusCode, got.body, got.err)
					return
				}
				l.rounds[i].Add(1)
			}
		})
	}
	return clients
}

// TestNoRequestIsLostOrDoubledWhileWorkersAreReplaced stops each old worker
// the moment the front has said ACK and IDLE, as the master does.
func TestNoRequestIsLostOrDoubledWhileWorkersAreReplaced(t *testing.T) {
	s := newSite(t, nil)
	book := new(ledger)
	old := []*fake{s.add(book.ServeHTTP), s.add(book.ServeHTTP)}
	stop := make(chan struct{})
	clients := s.load(book, "POST", stop)
	for id := 3; id < 60; id++ {
		fresh := s.newFake(book.ServeHTTP)
		fresh.id = id
		for i := range s.rows {
			if s.rows[i].ID == old[0].id {
				s.rows[i].State = control.WorkerDraining
			}
		}
		s.table(s.link(fresh))
		var idle control.Idle
		if s.hear(control.KindIdle, &idle); idle.Worker != old[0].id {
			t.Fatalf("idle is %d, want %d", idle.Worker, old[0].id)
		}
		old[0].kill()
		old = []*fake{old[1], fresh}
		s.rows = s.rows[1:]
	}
	close(stop)
	clients.Wait()
	for n := range book.next.Load() {
		times, _ := book.done.Load(strconv.FormatInt(n+1, 10))
		if times == nil || times.(*atomic.Int32).Load() != 1 {
			t.Errorf("request %d was not carried out exactly once", n+1)
		}
	}
	t.Logf("%d requests over %d replacements", book.next.Load(), 57)
}

// TestNoSafeRequestIsLostWhileWorkersDie kills workers under load; the master
// notices and starts others.
func TestNoSafeRequestIsLostWhileWorkersDie(t *testing.T) {
	s := newSite(t, nil)
	book := new(ledger)
	old := []*fake{s.add(book.ServeHTTP), s.add(book.ServeHTTP)}
	stop := make(chan struct{})
	clients := s.load(book, "GET", stop)
	for id := 3; id < 60; id++ {
		// One death at a time: no request meets two.
		for i := range book.rounds {
			begun := book.rounds[i].Load()
			until(t, "each client has ended a request since the last death", func() bool { return t.Failed() || book.rounds[i].Load() > begun })
		}
		old[0].kill()
		fresh := s.newFake(book.ServeHTTP)
		fresh.id = id
		s.rows = s.rows[1:]
		s.table(s.link(fresh))
		s.hear(control.KindIdle, nil) // of the dead one
		old = []*fake{old[1], fresh}
	}
	close(stop)
	clients.Wait()
	t.Logf("%d requests over %d deaths", book.next.Load(), 57)
}
