package load

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

func contains(have []byte, text string) bool { return bytes.Contains(have, []byte(text)) }

// request is one of the load, from the moment it is due.
type request struct {
	n      int64
	method string
	due    time.Time
}

// client is one HTTP/1.1 client: a connection at a time.
type client struct {
	*Load
	tally   *tally
	conn    *connection
	matcher *matcher
	none    *matcher
	out     []byte
}

func (l *Load) newClient() *client {
	return &client{Load: l, tally: newTally(), matcher: newMatcher(l.plan.Contains), none: newMatcher("")}
}

// run sends requests until the pace says that it is over.
func (c *client) run(ctx context.Context) {
	defer func() { c.total.add(c.tally) }()
	defer c.hangUp()
	var batch []request
	for {
		if batch = c.take(batch[:0]); len(batch) == 0 {
			return
		}
		for left := batch; len(left) > 0; {
			left = c.exchange(ctx, left)
			c.tally.resent += int64(len(left))
		}
		if !c.pause(c.plan.Think) {
			return
		}
	}
}

// take gets the next request, or as many as a pipeline carries.
func (c *client) take(batch []request) []request {
	for range c.plan.Pipeline {
		r, ok := c.pace.next()
		if !ok {
			break
		}
		batch = append(batch, c.describe(r, c.tally))
	}
	return batch
}

// exchange sends a batch and reads the answers. It returns what the server
// did not take because it said goodbye before.
func (c *client) exchange(ctx context.Context, batch []request) (left []request) {
	if err := c.connect(ctx); err != nil {
		for _, r := range batch {
			c.failed(c.tally, r, classify(err, false), err)
		}
		c.pause(refusedPause) // who is refused does not knock a million times
		return nil
	}
	c.conn.SetDeadline(time.Now().Add(c.plan.Timeout))
	c.out = c.out[:0]
	for _, r := range batch {
		c.out = c.appendRequest(c.out, r)
	}
	_, writeErr := c.conn.Write(c.out) // an answer may be there though: 413, 503
	for i, r := range batch {
		a, begun, err := c.conn.read(r.method, c.matcherOf(r))
		if err != nil {
			if writeErr != nil && !begun {
				err = writeErr
			}
			c.hangUp()
			for j, r := range batch[i:] {
				c.failed(c.tally, r, classify(err, begun && j == 0), err)
			}
			return nil
		}
		c.answered(c.tally, r, a)
		if a.goodbye || writeErr != nil {
			if a.goodbye {
				c.tally.connections.Goodbye++
			}
			c.hangUp()
			return batch[i+1:]
		}
	}
	if c.plan.New {
		c.hangUp()
	}
	return nil
}

func (c *client) matcherOf(r request) *matcher {
	if r.method == http.MethodGet {
		return c.matcher
	}
	return c.none
}

// connect makes sure that there is a connection which the server has not
// closed.
func (c *client) connect(ctx context.Context) error {
	if c.conn != nil && c.conn.gone() {
		c.tally.connections.Dropped++
		c.hangUp()
	}
	if c.conn != nil {
		return nil
	}
	conn, err := c.dial(ctx, "http/1.1")
	if err != nil {
		return err
	}
	c.tally.connections.Opened++
	c.conn = newConnection(conn)
	return nil
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// appendRequest writes a request as it goes over HTTP/1.1.
func (c *client) appendRequest(b []byte, r request) []byte {
	target := c.site.target
	if r.method == http.MethodPost {
		target = c.site.post
	}
	id := c.id(r.n)
	b = fmt.Appendf(b, "%s %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\n", r.method, target, c.site.base.Host, IDField, id)
	b = append(b, c.header...)
	if c.plan.New {
		b = append(b, "Connection: close\r\n"...)
	}
	if r.method == http.MethodGet {
		return append(b, "\r\n"...)
	}
	body := form(id, c.plan.PostSize)
	b = append(b, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}
