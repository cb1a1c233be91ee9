package load

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Load is one that runs.
type Load struct {
	plan   Plan
	site   *site
	run    string // begins every id
	header []byte // the plan's own fields, as HTTP/1.1 has them
	dialer net.Dialer
	pace   *pace
	book   book
	total  total

	begun    time.Time
	right    atomic.Int64 // requests with a whole answer
	failures atomic.Int64
	slowEnds atomic.Int64 // slow requests that were answered or cut

	done   chan struct{}
	report *Report
	err    error
}

// Progress is what a load has done so far.
type Progress struct {
	Elapsed  time.Duration
	Answered int64 // requests with a whole answer, whatever its status
	Failed   int64 // requests without
}

// Start checks a plan and begins with it. The end of ctx is as [Load.Stop].
// The error names what is wrong with the plan, and a certificate that proves
// nothing counts as that: every request would fail by it.
func Start(ctx context.Context, p Plan) (*Load, error) {
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	s, err := p.locate(ctx)
	if err != nil {
		return nil, err
	}
	watched, err := watch(p.PIDs)
	if err != nil {
		return nil, err
	}
	var id [4]byte
	rand.Read(id[:])
	l := &Load{
		plan: p, site: s, run: hex.EncodeToString(id[:]), pace: newPace(p.Requests),
		begun: time.Now(), done: make(chan struct{}), total: total{tally: *newTally()},
	}
	var fields bytes.Buffer
	p.Header.Write(&fields)
	l.header = fields.Bytes()
	if err := l.distrust(ctx); err != nil {
		return nil, err
	}
	go l.manage(ctx, watched)
	return l, nil
}

// manage is the life of a load.
func (l *Load) manage(ctx context.Context, watched *watcher) {
	defer close(l.done)
	defer context.AfterFunc(ctx, l.pace.stop)()
	if d := l.plan.Duration; d > 0 {
		defer time.AfterFunc(d, l.pace.stop).Stop()
	}
	var beside sync.WaitGroup
	if l.plan.Rate > 0 {
		l.pace.due = make(chan time.Time, backlog)
		beside.Go(func() { l.pace.open(l.plan.Rate) })
	}
	beside.Go(func() { watched.run(l.pace.over.Done()) })
	l.startSlow(&beside)
	var clients sync.WaitGroup
	// The clients' own context: whoever stops a load wants the answers of
	// what was sent.
	ctx = context.WithoutCancel(ctx)
	for range l.plan.Connections {
		clients.Go(func() {
			if l.plan.HTTP2 {
				l.runHTTP2(ctx)
			} else {
				l.newClient().run(ctx)
			}
		})
	}
	clients.Wait()
	elapsed := time.Since(l.begun)
	l.pace.stop()
	beside.Wait()
	l.report = l.makeReport(elapsed, watched)
	if l.site.ledger != nil {
		l.report.Ledger, l.err = l.fetchLedger(ctx)
		l.report.judge()
	}
}

// Stop lets no further request begin. Those that were sent are waited for.
func (l *Load) Stop() { l.pace.stop() }

// Done is closed when the load has ended.
func (l *Load) Done() <-chan struct{} { return l.done }

// Wait waits for the end. With an error (the ledger could not be read) the
// report says everything but what the ledger would have.
func (l *Load) Wait() (*Report, error) {
	<-l.done
	return l.report, l.err
}

// Progress says what was done so far. It may be called at any time.
func (l *Load) Progress() Progress {
	return Progress{time.Since(l.begun), l.right.Load(), l.failures.Load()}
}

func (l *Load) pause(d time.Duration) bool { return l.pace.wait(d) }

func (l *Load) id(n int64) string { return l.run + "-" + strconv.FormatInt(n, 10) }

// describe makes a request of a slot and writes down that it is sent.
func (l *Load) describe(s slot, t *tally) request {
	r := request{n: s.n, method: http.MethodGet, due: s.due}
	t.sent++
	if share := int64(l.plan.PostShare); s.n*share%100 < share { // evenly spread
		r.method = http.MethodPost
		t.posts++
		l.book.set(s.n, unknown)
	} else {
		t.gets++
	}
	if l.plan.Rate > 0 {
		t.late = max(t.late, time.Since(s.due))
	}
	return r
}

// answered judges a whole answer.
func (l *Load) answered(t *tally, r request, a answer) {
	t.latency.Add(time.Since(r.due))
	t.statuses[a.status]++
	l.right.Add(1)
	if r.method == http.MethodPost {
		f := refused
		if a.status/100 == 2 {
			f = confirmed
		}
		l.book.set(r.n, f)
	}
	switch {
	case a.id != "" && a.id != l.id(r.n):
		t.fail(Wrong, fmt.Sprintf("request %s got the answer to %s", l.id(r.n), a.id))
	case a.status/100 == 2 && !a.right:
		t.fail(Wrong, fmt.Sprintf("an answer without %q", l.plan.Contains))
	}
}

// failed writes down a request without a whole answer.
func (l *Load) failed(t *tally, r request, f Failure, err error) {
	t.fail(f, err.Error())
	l.failures.Add(1)
}
