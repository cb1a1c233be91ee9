package runner

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// logQueue writes logs in a goroutine of its own. Whoever reads our standard
// error may stop doing so (a stopped terminal, a pager, a log collector that
// hangs), and then a write blocks; it must not block a request or the
// supervisor. What does not fit into the queue is dropped and counted.
type logQueue struct {
	to     io.Writer
	notice func(dropped int) // says in the log what was dropped; set before use

	mu       sync.Mutex
	pending  []byte
	dropped  int             // writes that did not fit
	flushers []chan struct{} // closed after what was pending then
	wake     chan struct{}

	stalled atomic.Bool // the last wait for it was in vain
}

const (
	logLimit = 1 << 20 // bytes that may wait
	// logPiece is how much goes out in one write: the processes of a tree
	// share the pipe, and what is longer can be torn apart (pipe(7)).
	logPiece = 4096
	// logPatience is how long a serious line waits to be written.
	logPatience = 100 * time.Millisecond
	// logFarewell bounds the wait for the queue at the end of a process.
	logFarewell = time.Second
)

func newLogQueue(to io.Writer) *logQueue {
	q := &logQueue{to: to, wake: make(chan struct{}, 1), notice: func(int) {}}
	go q.run()
	return q
}

// Write queues b; it never blocks and never fails.
func (q *logQueue) Write(b []byte) (int, error) {
	q.mu.Lock()
	if len(q.pending)+len(b) > logLimit {
		q.dropped++
	} else {
		q.pending = append(q.pending, b...)
	}
	q.mu.Unlock()
	q.nudge()
	return len(b), nil
}

func (q *logQueue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// flush waits until everything so far is written, limit at most, and reports
// whether it is. A nil queue has nothing.
func (q *logQueue) flush(limit time.Duration) bool {
	if q == nil {
		return true
	}
	done := make(chan struct{})
	q.mu.Lock()
	q.flushers = append(q.flushers, done)
	q.mu.Unlock()
	q.nudge()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		q.stalled.Store(true)
		return false
	}
}

// run is the queue's goroutine; it lasts as long as the process.
func (q *logQueue) run() {
	var batch []byte
	for range q.wake {
		q.mu.Lock()
		batch, q.pending = q.pending, batch[:0]
		dropped, flushers := q.dropped, q.flushers
		q.dropped, q.flushers = 0, nil
		q.mu.Unlock()
		q.write(batch)
		if dropped > 0 {
			q.notice(dropped)
		}
		q.stalled.Store(false)
		for _, done := range flushers {
			close(done)
		}
	}
}

// write writes whole lines, as many at a time as a pipe takes in one piece.
// An error has nobody to be told to.
func (q *logQueue) write(batch []byte) {
	for len(batch) > 0 {
		n := len(batch)
		if n > logPiece {
			n = bytes.LastIndexByte(batch[:logPiece], '\n') + 1
		}
		if n == 0 { // a line longer than a piece
			if n = bytes.IndexByte(batch, '\n') + 1; n == 0 {
				n = len(batch)
			}
		}
		q.to.Write(batch[:n])
		batch = batch[n:]
	}
}

// patient makes a serious line wait for its writing, for a moment: an app may
// log why it ends and then call os.Exit.
type patient struct {
	slog.Handler
	queue *logQueue
}

func (p patient) Handle(ctx context.Context, r slog.Record) error {
	err := p.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelError && !p.queue.stalled.Load() {
		p.queue.flush(logPatience)
	}
	return err
}

func (p patient) WithAttrs(attrs []slog.Attr) slog.Handler {
	return patient{p.Handler.WithAttrs(attrs), p.queue}
}

func (p patient) WithGroup(name string) slog.Handler {
	return patient{p.Handler.WithGroup(name), p.queue}
}
