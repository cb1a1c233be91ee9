package logqueue

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Queue holds lines until its goroutine has written them. A nil Queue takes
// everything and writes nothing.
type Queue struct {
	piece  int
	notice func(Loss)
	ended  chan struct{}

	mu       sync.Mutex
	pending  []byte
	dropped  int             // lines that did not fit
	flushers []chan struct{} // closed after what was pending then
	next     io.Writer       // where to write from the next batch on; nil: as before
	moved    []chan struct{} // closed once next is in use
	closed   bool
	wake     chan struct{} // something is to be written now
	soon     chan struct{} // within Pause

	stalled atomic.Bool   // the last wait for it was in vain
	lost    atomic.Uint64 // lines, over all times

	// Of the goroutine alone.
	to   io.Writer
	torn bool // what was written last ended within a line
}

// Loss is what a queue could not write.
type Loss struct {
	Dropped int   // lines that did not fit, because nobody read
	Failed  int   // lines that could not be written
	Err     error // why, for those
}

// Limit is how many bytes may wait. More are dropped by lines.
const Limit = 1 << 20

// Pause is how long lines of WriteSoon may wait for each other.
const Pause = 100 * time.Millisecond

// PipePiece is how much may go to a pipe in one write that is not to be torn
// apart by other writers (pipe(7), PIPE_BUF).
const PipePiece = 4096

// New starts a queue to w. In one write go at most piece bytes, unless a line is
// longer; 0 sets no bound, which is right for files. notice is called by the
// queue's goroutine after lines were lost; it must not write to the queue
// itself if that can wait for it.
func New(w io.Writer, piece int, notice func(Loss)) *Queue {
	q := &Queue{to: w, piece: piece, notice: notice, wake: make(chan struct{}, 1), soon: make(chan struct{}, 1), ended: make(chan struct{})}
	go q.run()
	return q
}

// Write queues b, one line or several whole ones; it never blocks and never
// fails.
func (q *Queue) Write(b []byte) (int, error) {
	if q == nil {
		return len(b), nil
	}
	q.add(b)
	nudge(q.wake)
	return len(b), nil
}

// WriteSoon is Write for lines of which there are many and none is urgent: those
// of a moment go out together, which costs far less than each on its own.
func (q *Queue) WriteSoon(b []byte) {
	if q == nil {
		return
	}
	switch size := q.add(b); {
	case size == len(b): // the first of its moment
		nudge(q.soon)
	case size > Limit/2:
		nudge(q.wake)
	}
}

// add queues b, if there is room, and returns how many bytes wait now.
func (q *Queue) add(b []byte) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.pending)+len(b) > Limit {
		q.dropped += max(1, bytes.Count(b, []byte{'\n'}))
	} else {
		q.pending = append(q.pending, b...)
	}
	return len(q.pending)
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Lost is how many lines were dropped or could not be written so far.
func (q *Queue) Lost() uint64 {
	if q == nil {
		return 0
	}
	return q.lost.Load()
}

// Stalled reports that the last Flush has waited in vain, and nothing was
// written since.
func (q *Queue) Stalled() bool { return q.stalled.Load() }

// Flush waits until everything so far is written, limit at most, and reports
// whether it is. A nil queue has nothing.
func (q *Queue) Flush(limit time.Duration) bool {
	if q == nil {
		return true
	}
	done := make(chan struct{})
	q.mu.Lock()
	q.flushers = append(q.flushers, done)
	q.mu.Unlock()
	nudge(q.wake)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-q.ended:
		return true
	case <-timer.C:
		q.stalled.Store(true)
		return false
	}
}

// Redirect sends the lines from now on to w. The channel is closed when the old
// writer is no longer used: then it may be closed, and every line queued before
// is in it or, if it came too late for that, in w.
func (q *Queue) Redirect(w io.Writer) (moved <-chan struct{}) {
	done := make(chan struct{})
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return q.ended
	}
	q.next = w
	q.moved = append(q.moved, done)
	nudge(q.wake)
	return done
}

// Close ends the queue after what is pending, within limit: a writer that
// blocks keeps its goroutine. Lines that come later are lost.
func (q *Queue) Close(limit time.Duration) {
	if q == nil {
		return
	}
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	nudge(q.wake)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-q.ended:
	case <-timer.C:
	}
}

// run is the queue's goroutine.
func (q *Queue) run() {
	defer close(q.ended)
	var batch []byte
	pause := time.NewTimer(Pause)
	defer pause.Stop()
	for {
		select {
		case <-q.wake:
		case <-q.soon:
			pause.Reset(Pause)
			select {
			case <-q.wake:
			case <-pause.C:
			}
		}
		q.mu.Lock()
		batch, q.pending = q.pending, batch[:0]
		loss := Loss{Dropped: q.dropped}
		flushers, next, moved, closed := q.flushers, q.next, q.moved, q.closed
		q.dropped, q.flushers, q.next, q.moved = 0, nil, nil, nil
		q.mu.Unlock()
		loss.Failed, loss.Err = q.write(batch)
		if next != nil {
			q.to, q.torn = next, false
		}
		q.stalled.Store(false)
		if n := loss.Dropped + loss.Failed; n > 0 {
			q.lost.Add(uint64(n))
			q.notice(loss)
		}
		for _, done := range append(flushers, moved...) {
			close(done)
		}
		if closed {
			return
		}
	}
}

// write writes whole lines, at most piece bytes at a time, and returns how many
// could not be written.
func (q *Queue) write(batch []byte) (failed int, why error) {
	for len(batch) > 0 {
		n := q.cut(batch)
		if q.torn { // the rest of a line is missing; the next one begins anew
			if _, err := q.to.Write([]byte{'\n'}); err != nil {
				return failed + bytes.Count(batch, []byte{'\n'}), err
			}
			q.torn = false
		}
		wrote, err := q.to.Write(batch[:n])
		if err != nil {
			wrote = max(0, min(wrote, n))
			failed += bytes.Count(batch[wrote:n], []byte{'\n'})
			why = err
			q.torn = wrote > 0 && batch[wrote-1] != '\n'
		}
		batch = batch[n:]
	}
	return failed, why
}

// cut is the length of the next write.
func (q *Queue) cut(batch []byte) int {
	if q.piece == 0 || len(batch) <= q.piece {
		return len(batch)
	}
	if n := bytes.LastIndexByte(batch[:q.piece], '\n') + 1; n > 0 {
		return n
	}
	if n := bytes.IndexByte(batch, '\n') + 1; n > 0 { // a line longer than a piece
		return n
	}
	return len(batch)
}
