package h1

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
var ErrInterrupted = errors.New("h1: body no longer wanted")

// Body is the body of a request. The first Read sends 100 Continue if the
// client expects it. A Read fails with *http.MaxBytesError beyond
// Options.Body, with an error that is os.ErrDeadlineExceeded when the client
// is too slow, with io.ErrUnexpectedEOF when it goes away. One goroutine may
// read while another responds, and even after the exchange is over.
type Body struct {
	x      *Exchange
	c      *conn
	left   int64    // of a body of known length
	chunks *chunked // nil when the length is known
	got    int64
	pace   strict.Pace

	reading sync.Mutex // held while the connection is read
	mu      sync.Mutex
	begun   bool
	cut     bool // no more is wanted
	over    bool // the exchange has ended, the input is the connection's again
	err     error
}

func newBody(x *Exchange) *Body {
	b := &Body{x: x, c: x.c, left: x.head.length}
	if b.left < 0 {
		b.chunks = new(chunked)
	}
	return b
}

// Read reads what the client sends.
func (b *Body) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if err := b.begin(); err != nil || len(p) == 0 {
		return 0, err
	}
	n, err := b.limited(p)
	if err != nil {
		err = b.fail(err)
	}
	return n, err
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
	defer b.mu.Unlock()
	if b.over || b.cut {
		return
	}
	b.cut = true
	if b.err == nil {
		b.c.stopReading()
	}
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

// begin reports why there is nothing to read, and asks for the body the first
// time.
func (b *Body) begin() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return b.err
	case b.over || b.cut:
		return ErrInterrupted
	case b.begun:
		return nil
	}
	b.begun = true
	if limit := b.c.options.Body; limit > 0 && b.left > limit {
		b.err = &http.MaxBytesError{Limit: limit}
		return b.err
	}
	if b.x.head.expects {
		b.x.sendContinue()
	}
	return nil
}

// fail notes the first error.
func (b *Body) fail(err error) error {
	b.mu.Lock()
	if b.cut && errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrInterrupted
	}
	if err != ErrInterrupted {
		b.err = err
	}
	b.mu.Unlock()
	if err == io.EOF {
		b.x.complete()
	}
	return err
}

// limited reads no more than is allowed.
func (b *Body) limited(p []byte) (int, error) {
	limit := b.c.options.Body
	if limit <= 0 || b.chunks == nil {
		return b.decode(p)
	}
	p = p[:min(int64(len(p)), limit-b.got+1)]
	n, err := b.decode(p)
	if b.got > limit {
		return n - 1, &http.MaxBytesError{Limit: limit}
	}
	return n, err
}

// decode reads the next octets of the content.
func (b *Body) decode(p []byte) (n int, err error) {
	if b.chunks == nil {
		n, err = b.counted(p)
	} else {
		n, err = b.chunked(p)
	}
	b.got += int64(n)
	return n, err
}

func (b *Body) counted(p []byte) (n int, err error) {
	p = p[:min(int64(len(p)), b.left)]
	if n = b.c.in.take(p); n == 0 {
		if n, err = b.wait(p); err != nil {
			return n, err
		}
	}
	if b.left -= int64(n); b.left == 0 {
		err = io.EOF
	}
	return n, err
}

// directRead is the least that is worth reading past the buffer.
const directRead = 1 << 10

func (b *Body) chunked(p []byte) (int, error) {
	in := &b.c.in
	for {
		n, taken, err := b.chunks.step(p, in.rest())
		in.skip(taken)
		if n > 0 || err != nil {
			return n, err
		}
		if b.chunks.state == chunkData && in.empty() && min(int64(len(p)), b.chunks.left) >= directRead {
			n, err = b.wait(p[:min(int64(len(p)), b.chunks.left)])
			b.chunks.took(n)
			return n, err
		}
		room := in.room()
		n, err = b.wait(room)
		in.grown(n)
		if err != nil {
			return 0, err
		}
	}
}

// wait reads from the client, for as long as it may take.
func (b *Body) wait(p []byte) (int, error) {
	o := b.c.options
	now := time.Now()
	patience := b.pace.Patience(o.Rate, o.RateGrace, o.BodyPause)
	if patience <= 0 {
		return 0, fmt.Errorf("h1: body at less than %d bytes a second: %w", o.Rate, os.ErrDeadlineExceeded)
	}
	b.mu.Lock()
	if b.cut && !b.over {
		b.mu.Unlock()
		return 0, ErrInterrupted
	}
	b.c.readBy(now, patience)
	b.mu.Unlock()
	n, err := b.c.net.Read(p)
	b.pace.Add(n, time.Since(now))
	switch {
	case n > 0 || err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, err
	}
	return 0, io.ErrUnexpectedEOF // closed or reset
}

// end takes the input back from whoever reads.
func (b *Body) end() {
	b.Interrupt()
	b.reading.Lock()
	defer b.reading.Unlock()
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
}

// maxDiscard is how much of an unread body is read to keep a connection, as
// much as net/http reads.
const maxDiscard = 256 << 10

// discardable reports that the rest of the body may be read away after the
// response, so that the connection stays of use.
func (b *Body) discardable() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err == io.EOF:
		return true
	case b.err != nil, b.x.head.expects && !b.begun:
		return false
	}
	return b.chunks == nil && b.x.head.length-b.received() <= maxDiscard
}

// received is at most what was read so far: nothing while a Read may go on.
func (b *Body) received() int64 {
	if !b.reading.TryLock() {
		return 0
	}
	defer b.reading.Unlock()
	return b.got
}

// discard reads the rest of the body after end and reports whether that was
// all.
func (b *Body) discard() bool {
	if b.err == io.EOF {
		return true
	}
	if b.err != nil || b.chunks != nil {
		return false
	}
	in := &b.c.in
	for b.left > 0 {
		n := int(min(b.left, int64(len(in.rest()))))
		in.skip(n)
		if b.left -= int64(n); b.left == 0 {
			return true
		}
		n, err := b.wait(in.room())
		in.grown(n)
		if err != nil {
			return false
		}
	}
	return true
}
