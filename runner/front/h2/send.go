package h2

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/front/strict"
)

// dead is why nothing more can be sent on a stream; the connection's lock is
// held.
func (x *Exchange) dead() error {
	switch {
	case x.c.out.failed != nil:
		return x.c.out.failed
	case x.gone:
		return ErrGone
	}
	return nil
}

// Write sends octets of the body, though not at once unless they are many, or
// the last. It fails with http.ErrBodyNotAllowed if the status has no body, and
// with http.ErrContentLength beyond the length that was announced.
func (x *Exchange) Write(p []byte) (int, error) {
	if !x.started.Load() {
		x.Start(http.StatusOK, nil)
	}
	switch {
	case x.failed != nil:
		return 0, x.failed
	case x.bodiless && x.isHead():
		return len(p), nil
	case x.bodiless:
		return 0, http.ErrBodyNotAllowed
	}
	var over error
	if x.left >= 0 {
		if int64(len(p)) > x.left {
			p, over = p[:x.left], http.ErrContentLength
		}
		x.left -= int64(len(p))
	}
	if len(p) == 0 {
		return 0, over
	}
	whole := x.left == 0 && !x.trailing
	if !whole && len(x.out)+len(p) <= outSize {
		x.out = append(x.out, p...)
		return len(p), over
	}
	if err := x.send(p, whole); err != nil {
		return 0, err
	}
	return len(p), over
}

// Flush sends what was written so far.
func (x *Exchange) Flush() error {
	if !x.started.Load() {
		x.Start(http.StatusOK, nil)
	}
	if x.failed != nil {
		return x.failed
	}
	if x.committed && len(x.out) == 0 {
		return nil
	}
	return x.send(nil, false)
}

// send sends what was collected, and p; end: that was all.
func (x *Exchange) send(p []byte, end bool) error {
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	err := x.appendBody(x.out, p, end)
	x.out = x.out[:0]
	if err != nil {
		x.failed = err
		return err
	}
	c.flush()
	return nil
}

// appendBody appends the head, if it is not on its way, and the body in frames
// of DATA, as the client's windows allow. The lock is held, but not while it
// waits.
func (x *Exchange) appendBody(first, second []byte, end bool) error {
	c := x.c
	left := len(first) + len(second)
	for {
		if err := x.dead(); err != nil {
			return err
		}
		if !x.committed {
			x.appendHead(end && left == 0)
			if left == 0 {
				break
			}
		} else if left == 0 {
			if end {
				b := c.buffer()
				*b = frame{kind: dataFrame, flags: flagEndStream, stream: x.id}.append(*b)
			}
			break
		}
		n := min(left, x.window, c.window, maxFrame)
		if n <= 0 || c.pending() >= maxPending {
			if err := x.await(); err != nil {
				return err
			}
			continue
		}
		f := frame{length: n, kind: dataFrame, stream: x.id}
		if end && n == left {
			f.flags = flagEndStream
		}
		b := c.buffer()
		*b = f.append(*b)
		from := min(n, len(first))
		*b = append(append(*b, first[:from]...), second[:n-from]...)
		first, second = first[from:], second[n-from:]
		x.window -= n
		c.window -= n
		left -= n
		x.pace.Add(n, 0)
		if end && left == 0 {
			break
		}
	}
	if end {
		x.told()
	}
	return nil
}

// await waits until the client grants more, or has taken what is pending. The
// lock is held, but not while it waits.
func (x *Exchange) await() error {
	c := x.c
	if !c.out.writing && c.pending() > 0 {
		now := time.Now()
		c.flush()
		x.pace.Add(0, time.Since(now))
		return nil // look again
	}
	o := c.server.options.Load()
	patience := x.pace.Patience(o.Rate, o.RateGrace, o.WritePause)
	if patience <= 0 {
		return os.ErrDeadlineExceeded
	}
	if !x.waits {
		x.waits = true
		c.waiting = append(c.waiting, x)
	}
	c.mu.Unlock()
	defer c.mu.Lock()
	now := time.Now()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-x.wake:
	case <-timer.C:
		return os.ErrDeadlineExceeded
	}
	x.pace.Add(0, time.Since(now))
	return nil
}

// signal lets await look again; the lock is held.
func (x *Exchange) signal() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// wakeAll lets all look again who wait; the lock is held.
func (c *conn) wakeAll() {
	for i, x := range c.waiting {
		x.waits = false
		x.signal()
		c.waiting[i] = nil
	}
	c.waiting = c.waiting[:0]
}

// conclude sends what is left of the response.
func (x *Exchange) conclude() {
	if !x.aborted && !x.started.Load() && x.failed == nil {
		x.Start(http.StatusOK, nil)
	}
	c := x.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case x.gone || x.local:
		return
	case x.aborted:
		x.cutShort(internalError)
	case x.failed != nil:
		x.cutShort(cancel)
	case x.left > 0 && !x.bodiless:
		c.server.options.Load().Log.Warn("h2: response is shorter than its Content-Length", "missing", x.left)
		if x.appendBody(x.out, nil, false) == nil {
			x.cutShort(internalError)
		}
	default:
		if err := x.complete(); err != nil && !x.gone {
			x.cutShort(cancel)
		}
	}
	c.flush()
}

// complete sends the end of a response that is whole; the lock is held.
func (x *Exchange) complete() error {
	if !x.committed && x.announced < 0 && !x.bodiless && !x.trailing && x.after == nil {
		x.announced = int64(len(x.out))
	}
	trailer := x.trailerNames()
	if trailer == nil {
		return x.appendBody(x.out, nil, true)
	}
	if err := x.appendBody(x.out, nil, false); err != nil {
		return err
	}
	c := x.c
	b := c.buffer()
	at := len(*b)
	*b = append(*b, noHead[:]...)
	*b = c.pack.begin(*b)
	var name []byte
	for _, n := range trailer {
		name = appendLower(name[:0], n)
		for _, value := range x.after[n] {
			if strict.IsText(value) {
				*b = c.pack.field(*b, name, []byte(value))
			}
		}
	}
	*b = closeBlock(*b, at, x.id, true)
	x.told()
	return nil
}

// trailer has the names of the fields that are sent after the body.
func (x *Exchange) trailerNames() []string {
	if x.bodiless || x.after == nil {
		return nil
	}
	var names []string
	for _, name := range x.sorted(x.after) {
		if httpguts.ValidTrailerHeader(name) && strict.IsName(name) {
			names = append(names, name)
		}
	}
	return names
}

// cutShort resets the stream, so that the client knows that the response is
// incomplete; the lock is held.
func (x *Exchange) cutShort(why code) {
	if x.gone {
		return
	}
	b := x.c.buffer()
	*b = appendReset(*b, x.id, why)
	x.vanish()
	x.ours = true
	if x.body != nil {
		x.body.lose(ErrInterrupted)
	}
}

// ReadFrom sends octets of the body from r.
func (x *Exchange) ReadFrom(r io.Reader) (total int64, err error) {
	buffer := x.c.server.copies.Get().(*[copySize]byte)
	defer x.c.server.copies.Put(buffer)
	for {
		n, err := r.Read(buffer[:])
		if n > 0 {
			m, err := x.Write(buffer[:n])
			if total += int64(m); err != nil {
				return total, err
			}
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// copySize is how much of a file is read at once.
const copySize = 64 << 10

var errUpgrade = errors.New("h2: HTTP/2 knows no upgrade")

// Upgrade always fails: who wants another protocol connects by HTTP/1.1 (RFC
// 9113, section 8.6).
func (x *Exchange) Upgrade(http.Header) error { return errUpgrade }
