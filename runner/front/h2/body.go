package h2

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// ErrInterrupted ends a Read after Interrupt, and every Read after the
// exchange.
var ErrInterrupted = errors.New("h2: body no longer wanted")

// Body is the body of a request. The first Read sends 100 Continue if the
// client expects it. A Read fails with *http.MaxBytesError beyond
// Options.Body, with an error that is os.ErrDeadlineExceeded when the client
// is too slow, with io.ErrUnexpectedEOF when it goes away or breaks the rules.
// One goroutine may read while another responds, and even after the exchange is
// over. What was read is granted to the client again (RFC 9113, section 5.2.2).
type Body struct {
	x       *Exchange // until over
	c       *conn
	id      uint32
	options *Options
	length  int64 // that the client has announced, -1 without
	expects bool
	pace    strict.Pace
	wake    chan struct{}

	reading sync.Mutex // held by Read
	mu      sync.Mutex
	buf     []byte // what has come: buf[r:] is not read yet
	r       int
	came    int64 // all that has
	got     int64 // all that was read
	window  int   // what the client may send
	owed    int   // what was read and not granted again
	ended   bool  // the client has sent all
	lost    error // why no more comes
	begun   bool
	cut     bool // no more is wanted
	over    bool // the exchange has ended
	err     error
	trailer http.Header
	request *http.Request // whose Trailer is filled in at the end
}

// streamWindow is what a client may send of a body ahead of what is read.
const streamWindow = 256 << 10

func newBody(x *Exchange) *Body {
	return &Body{
		x: x, c: x.c, id: x.id, options: x.state.limits, length: x.length, expects: x.expects,
		wake: make(chan struct{}, 1), window: streamWindow,
	}
}

// Read reads what the client sends.
func (b *Body) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if err := b.begin(); err != nil || len(p) == 0 {
		return 0, err
	}
	for {
		n, err := b.take(p)
		if n > 0 || err != nil {
			return n, err
		}
		if err := b.wait(); err != nil {
			return 0, b.fail(err)
		}
	}
}

// begin reports why there is nothing to read, and asks for the body the first
// time.
func (b *Body) begin() error {
	b.mu.Lock()
	first := !b.begun
	switch {
	case b.err != nil:
	case b.over || b.cut:
		b.mu.Unlock()
		return ErrInterrupted
	default:
		b.begun = true
		if limit := b.options.Body; first && limit > 0 && b.length > limit {
			b.err = &http.MaxBytesError{Limit: limit}
		}
	}
	err, x := b.err, b.x
	b.mu.Unlock()
	if err == nil && first && b.expects {
		x.sendContinue()
	}
	return err
}

// take reads what has come, nothing and no error if more must be waited for.
func (b *Body) take(p []byte) (n int, err error) {
	b.mu.Lock()
	if b.cut || b.over {
		b.mu.Unlock()
		return 0, ErrInterrupted
	}
	if limit := b.options.Body; limit > 0 {
		p = p[:min(int64(len(p)), limit-b.got+1)]
	}
	n = copy(p, b.buf[b.r:])
	b.r += n
	b.got += int64(n)
	b.pace.Add(n, 0)
	if b.r == len(b.buf) {
		b.buf, b.r = b.buf[:0], 0
		switch {
		case b.ended:
			b.finish()
		case b.lost != nil && n == 0:
			b.err = b.lost
		}
	}
	more := 0
	if b.owed += n; b.owed >= streamWindow/2 && !b.ended {
		more, b.owed = b.owed, 0
		b.window += more
	}
	over := b.options.Body > 0 && b.got > b.options.Body
	if over {
		b.err = &http.MaxBytesError{Limit: b.options.Body}
	}
	err = b.err
	b.mu.Unlock()
	b.c.grant(b.id, more, n)
	if over {
		n--
	}
	return n, err
}

// finish is the end of a body that was read whole; the lock is held.
func (b *Body) finish() {
	b.err = io.EOF
	if b.request == nil {
		return
	}
	for name, values := range b.trailer {
		if b.request.Trailer == nil {
			b.request.Trailer = make(http.Header)
		}
		b.request.Trailer[name] = values
	}
}

// fail notes the first error.
func (b *Body) fail(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != ErrInterrupted && b.err == nil {
		b.err = err
	}
	return err
}

// wait waits for the client, as long as it may take.
func (b *Body) wait() error {
	now := time.Now()
	patience := b.pace.Patience(b.options.Rate, b.options.RateGrace, b.options.BodyPause)
	if patience <= 0 {
		return fmt.Errorf("h2: body at less than %d bytes a second: %w", b.options.Rate, os.ErrDeadlineExceeded)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-b.wake:
	case <-timer.C:
		return os.ErrDeadlineExceeded
	}
	b.pace.Add(0, time.Since(now))
	return nil
}

// signal lets a Read look again.
func (b *Body) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Close interrupts reading.
func (b *Body) Close() error {
	b.Interrupt()
	return nil
}

// Interrupt makes a Read that waits for the client return, because nobody
// wants its bytes any more.
func (b *Body) Interrupt() {
	b.mu.Lock()
	left := 0
	if !b.over && !b.cut {
		b.cut = true
		left = b.drop()
	}
	b.mu.Unlock()
	b.c.grant(0, 0, left)
	b.signal()
}

// drop forgets what was not read and returns how much that was.
func (b *Body) drop() int {
	left := len(b.buf) - b.r
	b.buf, b.r = nil, 0
	return left
}

// Failure is the error that ended the body: io.EOF after the whole of it, nil
// while it goes on and when it was interrupted.
func (b *Body) Failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Interrupted reports that the body was not read to its end because of
// Interrupt.
func (b *Body) Interrupted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cut && b.err == nil
}

// end follows the end of the exchange. It waits until nobody reads, because x
// will be another's.
func (b *Body) end() {
	b.mu.Lock()
	b.over = true
	left := b.drop()
	b.mu.Unlock()
	b.c.grant(0, 0, left)
	b.signal()
	b.reading.Lock()
	defer b.reading.Unlock()
	b.mu.Lock()
	b.x = nil
	b.mu.Unlock()
}

// expect takes n octets off what the client may send, and reports false when
// that is less.
func (b *Body) expect(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.window -= n
	return b.window >= 0
}

var (
	errTooLong  = malformed("more body than Content-Length")
	errTooShort = malformed("less body than Content-Length")
)

// deliver takes what has come, and reports whether anybody will read it.
func (b *Body) deliver(p []byte) (wanted bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came += int64(len(p))
	if b.length >= 0 && b.came > b.length {
		return false, errTooLong
	}
	if b.over || b.cut || b.lost != nil {
		return false, nil
	}
	b.buf = append(b.buf, p...)
	b.signal()
	return true, nil
}

// complete is told that the client has sent all.
func (b *Body) complete(trailer http.Header) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.length >= 0 && b.came < b.length {
		return errTooShort
	}
	b.ended, b.trailer = true, trailer
	b.signal()
	return nil
}

// lose is told that no more comes.
func (b *Body) lose(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost == nil && !b.ended {
		b.lost = err
	}
	b.signal()
}

// belongs makes the body that of a request.
func (b *Body) belongs(r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.request = r
	if b.err == io.EOF {
		b.finish()
	}
}
