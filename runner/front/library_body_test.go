package front

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// clientBody is the body of a request. It ends when it grows over the limit
// and when the client pauses too long. The connection to a worker may read it
// from another goroutine, and even after the exchange is over.
type clientBody struct {
	raw     io.ReadCloser // without the limit
	limited io.ReadCloser
	control *http.ResponseController
	limits  *limits
	expects bool // the client waits for 100 Continue, which a Read sends

	reading sync.Mutex // held while raw is read
	mu      sync.Mutex
	begun   bool
	due     time.Time // when the client must have sent more
	pace    strict.Pace
	over    bool  // the exchange has ended; the deadline is net/http's again
	cut     bool  // no more is wanted; the deadline stays in the past
	err     error // the first of Read; io.EOF when the body was read whole
}

func (b *clientBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	now := time.Now()
	if err := b.expectProgress(now); err != nil {
		return 0, err
	}
	n, err := b.limited.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pace.Add(n, time.Since(now))
	if b.cut && errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(b.due) {
		err = errInterrupted
	}
	if b.err == nil {
		b.err = err
	}
	if err != nil && !b.over && !b.cut {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Close does nothing: net/http closes the body after the exchange.
func (b *clientBody) Close() error { return nil }

func (b *clientBody) expectProgress(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || b.cut {
		return errInterrupted
	}
	b.begun = true
	patience := b.pace.Patience(b.limits.rate, strict.RateGrace, b.limits.bodyPause)
	if patience <= 0 {
		b.err = os.ErrDeadlineExceeded
		return b.err
	}
	b.due = now.Add(patience)
	_ = b.control.SetReadDeadline(b.due) // unsupported: without
	return nil
}

// interrupt makes a Read that waits for the client return, because nobody
// wants its bytes any more.
func (b *clientBody) interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || b.err != nil {
		return
	}
	b.cut = true
	_ = b.control.SetReadDeadline(time.Unix(1, 0))
}

// interrupted reports that a body was not read to its end because of us.
func (b *clientBody) interrupted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cut && (b.err == nil || b.err == errInterrupted)
}

// The rest of a body that nobody wants is read up to these bounds, the same as
// net/http's: a connection that is closed with unread bytes is reset, and the
// client may lose the response that it has not read yet.
const (
	restBytes = 256 << 10
	restTime  = 500 * time.Millisecond
)

// end stops all reading. Unless the body was read whole, net/http must find a
// deadline when it looks for the rest before it closes the connection. With
// rest, end reads on a little first, for the sake of a response sent early.
func (b *clientBody) end(rest bool) {
	b.interrupt()
	b.mu.Lock()
	b.over = true
	whole, unasked := b.err == io.EOF, b.expects && !b.begun
	b.mu.Unlock()
	if whole {
		return
	}
	b.reading.Lock() // until an interrupted Read has returned
	defer b.reading.Unlock()
	_ = b.control.SetReadDeadline(time.Unix(1, 0))
	if !rest || unasked {
		return
	}
	_ = b.control.SetReadDeadline(time.Now().Add(restTime))
	_, _ = io.CopyN(io.Discard, b.raw, restBytes) // what comes comes
}

// ended reports that the body was read to its end.
func (b *clientBody) ended() bool { return b.failure() == io.EOF }

// failure is the error that ended the body: io.EOF after the whole, nil while
// it goes on and when it was interrupted.
func (b *clientBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == errInterrupted {
		return nil
	}
	return b.err
}
