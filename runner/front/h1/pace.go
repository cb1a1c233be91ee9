package h1

import (
	"errors"
	"os"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// readBy bounds the next reads. A deadline that is a little early is left as
// it is: setting one costs.
func (c *conn) readBy(now time.Time, patience time.Duration) {
	if by := now.Add(patience); stale(c.read, by, patience) {
		c.read = by
		_ = c.net.SetReadDeadline(by) // fails on a closed connection, as Read will
	}
}

// stopReading ends a Read and those to come until readBy.
func (c *conn) stopReading() {
	c.read = time.Time{}
	_ = c.net.SetReadDeadline(time.Unix(1, 0))
}

func (c *conn) writeBy(now time.Time, patience time.Duration) {
	if by := now.Add(patience); stale(c.write, by, patience) {
		c.write = by
		_ = c.net.SetWriteDeadline(by)
	}
}

func stale(set, wanted time.Time, patience time.Duration) bool {
	early := wanted.Sub(set)
	return early < 0 || early > patience/8
}

// send writes everything, as long as the client takes it.
func (c *conn) send(p *strict.Pace, head, body []byte) error {
	for len(head)+len(body) > 0 {
		n, err := c.sendSome(p, head, body)
		if n < len(head) {
			head = head[n:]
		} else {
			body, head = body[n-len(head):], nil
		}
		if err != nil && !c.goesOn(n, err) {
			return err
		}
	}
	return nil
}

// goesOn reports that a client that did not take all in time took something.
// TLS cannot go on in the middle of a record.
func (c *conn) goesOn(n int, err error) bool {
	return n > 0 && c.tls == nil && errors.Is(err, os.ErrDeadlineExceeded)
}

// record is the most that is encrypted at once.
const record = 16 << 10

func (c *conn) piece(b []byte) []byte {
	if c.tls != nil {
		return b[:min(len(b), record)]
	}
	return b
}

func (c *conn) sendSome(p *strict.Pace, head, body []byte) (n int, err error) {
	now, err := c.expectProgress(p)
	if err != nil {
		return 0, err
	}
	switch {
	case c.raw != nil:
		n, err = c.out.write(c.raw, head, body)
	case len(head) > 0:
		n, err = c.net.Write(c.piece(head))
	default:
		n, err = c.net.Write(c.piece(body))
	}
	p.Add(n, time.Since(now))
	return n, err
}

// expectProgress bounds the next write.
func (c *conn) expectProgress(p *strict.Pace) (time.Time, error) {
	now := time.Now()
	patience := p.Patience(c.options.Rate, c.options.RateGrace, c.options.WritePause)
	if patience <= 0 {
		return now, os.ErrDeadlineExceeded
	}
	c.writeBy(now, patience)
	return now, nil
}
