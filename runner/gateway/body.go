package gateway

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// restBytes is how much of a body that the handler has left is read, as
// net/http does. A front that has sent a body whole has no more than the
// kernel's buffers hold on the way, which is less.
const restBytes = 256 << 10

// body is the body of a request.
type body struct {
	x       *exchange
	none    bool
	mu      sync.Mutex
	whole   []byte      // the rest of a body that was read before the handler was called
	inHand  bool        // whole is all that is left
	expects atomic.Bool // the first Read asks for the body
	closed  bool
	err     error // that ended it; io.EOF after the whole
}

func (b *body) init(x *exchange, ended bool) {
	b.x, b.none = x, ended
	b.expects.Store(x.conn.head.Expects && !ended)
	if ended {
		b.err = io.EOF
	}
}

// readWhole reads a body that the front has sent at once: only then may the
// handler begin, see the package documentation of wire.
func (b *body) readWhole() error {
	h := &b.x.conn.head
	if b.none || !h.Whole {
		return nil
	}
	all, err := readAll(b.x.conn.wire, h.Length)
	b.whole, b.inHand = all, true
	b.expects.Store(false)
	return err
}

// readAll reads a body of a length, -1 for unknown.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(io.LimitReader(r, restBytes))
	}
	all := make([]byte, min(length, restBytes))
	if _, err := io.ReadFull(r, all); err != nil {
		return nil, err
	}
	// The end of the message is a flag of the frame that was read last.
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errors.Join(errors.New("gateway: a whole request goes on"), err)
	}
	return all, nil
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case len(b.whole) > 0:
		n := copy(p, b.whole)
		b.whole = b.whole[n:]
		return n, nil
	case b.inHand:
		b.end()
		return 0, io.EOF
	case b.err == io.EOF:
		return 0, io.EOF
	}
	if b.expects.Load() {
		if !b.x.response.askForBody() {
			return 0, http.ErrBodyReadAfterClose
		}
		b.expects.Store(false)
	}
	n, err := b.x.conn.wire.Read(p)
	if err == io.EOF {
		b.end()
	}
	b.err = err
	return n, err
}

// end gives the request its trailer.
func (b *body) end() {
	trailer := b.x.conn.wire.Trailer()
	if r := b.x.request; trailer != nil && b.err != io.EOF && r != nil {
		if r.Trailer == nil {
			r.Trailer = trailer
		} else {
			maps.Copy(r.Trailer, trailer) // copies of the request share the map
		}
	}
	b.err = io.EOF
}

// Close ends the reading; what is left is read when the handler has returned.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// finish takes the body from the handler and reads what is left of it. It
// reports whether the connection can be used again.
func (b *body) finish() bool {
	if b.none {
		return true
	}
	if !b.mu.TryLock() { // a goroutine of the handler waits in Read
		_ = b.x.conn.wire.SetReadDeadline(time.Unix(1, 0))
		b.mu.Lock()
		_ = b.x.conn.wire.SetReadDeadline(time.Time{})
	}
	defer b.mu.Unlock()
	b.closed = true
	if b.inHand || b.err == io.EOF {
		return true
	}
	if b.expects.Load() {
		return false // it was never sent, and never will be
	}
	_, err := io.CopyN(io.Discard, b.x.conn.wire, restBytes+1)
	return err == io.EOF
}
