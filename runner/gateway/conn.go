package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

const (
	// greeting is how long a front may take to say HELLO.
	greeting = 10 * time.Second
	// stall is how long a front may leave a worker waiting within a message. A
	// front has shorter limits for its clients, so it hangs if it takes longer.
	stall = 2 * time.Minute
	// lateGrace is how much later than the front a worker ends a context: the
	// front's answer to the client, 504, comes first.
	lateGrace = 500 * time.Millisecond
	// sendBuffer is what the kernel keeps of a response that nobody reads.
	sendBuffer = 64 << 10
)

// conn is one data connection and the exchange on it, or an exchange on a
// message connection.
type conn struct {
	server *Server
	wire   *wire.Conn // nil: a message, until it has moved
	call   *call      // nil: not by message

	answerer atomic.Pointer[wire.Answerer] // nil: no message connection

	head   wire.Request
	fields []byte // of the response, used anew for each
	begun  time.Time

	due atomic.Int64 // when the response must have begun, nanoseconds since begun; 0 for never

	mu     sync.Mutex
	cancel context.CancelCauseFunc // of the exchange, nil between two
	limit  time.Duration           // that due was made of
	gone   error                   // why there is no client any more
	timer  *time.Timer
	alarm  int64 // when the timer goes off, 0 when it is not set
}

func newConn(s *Server, below net.Conn) *conn {
	if u, ok := below.(*net.UnixConn); ok {
		_ = u.SetWriteBuffer(sendBuffer / 2) // the kernel doubles it; without it is only larger
	}
	return &conn{server: s, wire: wire.NewConn(below, wire.Worker, s.buffers, s.stall), begun: time.Now()}
}

// serve serves exchanges until the front closes the connection or one of them
// ends it.
func (c *conn) serve() {
	owned := true
	defer func() {
		if owned {
			c.wire.Close()
		}
	}()
	if !c.greet() {
		return
	}
	if c.wire.Messages() {
		newMessages(c).serve()
		return
	}
	forget, err := c.server.hangups.Watch(c.wire, func() { c.end(ErrClientGone) })
	if err != nil {
		c.server.log.Warn("requests will not notice when their client leaves", "err", err)
		forget = func() {}
	}
	defer forget()
	defer c.stopTimer()
	for {
		ended, err := c.wire.ReadRequest(&c.head)
		if err != nil {
			c.complain(err)
			return
		}
		made := c.exchange
		if c.head.Claim != 0 {
			made = c.claimed
		}
		switch made(ended) {
		case hijacked:
			owned = false
			return
		case broken:
			return
		}
	}
}

func (c *conn) greet() bool {
	_ = c.wire.NetConn().SetDeadline(time.Now().Add(greeting))
	if err := c.wire.Greet(); err != nil {
		if !errors.Is(err, io.EOF) {
			c.server.log.Warn("a front could not be greeted; its connection is closed", "err", err)
		}
		return false
	}
	_ = c.wire.NetConn().SetDeadline(time.Time{})
	return true
}

func (c *conn) complain(err error) { c.server.complain(err, c.wire.WriteAbort) }

// begin makes cancel the one of the exchange and starts its time.
func (c *conn) begin(cancel context.CancelCauseFunc, limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = cancel
	if c.gone != nil {
		cancel(c.gone)
		return
	}
	if limit <= 0 {
		c.due.Store(0)
		return
	}
	c.limit = limit
	limit += lateGrace
	due := int64(time.Since(c.begun) + limit)
	c.due.Store(due)
	// A timer that goes off too early sets itself anew, so that most exchanges
	// touch none.
	if c.alarm == 0 || due < c.alarm {
		c.setTimer(due, limit)
	}
}

func (c *conn) setTimer(at int64, in time.Duration) {
	c.alarm = at
	if c.timer == nil {
		c.timer = time.AfterFunc(in, c.expire)
	} else {
		c.timer.Reset(in)
	}
}

// expire ends the context of an exchange whose time is over.
func (c *conn) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alarm = 0
	due := c.due.Load()
	if due == 0 || c.cancel == nil {
		return
	}
	if left := time.Duration(due) - time.Since(c.begun); left > 0 {
		c.setTimer(due, left)
		return
	}
	c.cancel(&LateError{Limit: c.limit})
}

func (c *conn) stopTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}

// answered ends the time of an exchange: its response has begun.
func (c *conn) answered() { c.due.Store(0) }

// rest ends an exchange.
func (c *conn) rest() {
	c.due.Store(0)
	c.mu.Lock()
	c.cancel = nil
	c.mu.Unlock()
}

// end ends the context of the exchange, and of one that would follow.
func (c *conn) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = why
	}
	if c.cancel == nil {
		return
	}
	// A front that hangs up when the time is over does so because it is.
	if due := c.due.Load(); why == ErrClientGone && due != 0 && time.Since(c.begun) >= time.Duration(due)-lateGrace-c.limit/50 {
		why = &LateError{Limit: c.limit}
	}
	c.cancel(why)
}

// cut closes the connection under whatever uses it.
func (c *conn) cut(why error) {
	c.end(why)
	c.wire.Close()
}

// left is why there is no client any more, nil while there is one.
func (c *conn) left() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// renew prepares for the client of another exchange.
func (c *conn) renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire, c.gone = nil, nil
}

// stream is the connection for what no message can carry. A response that
// would go by message moves to one.
func (c *conn) stream() (*wire.Conn, error) {
	if c.call == nil {
		return c.wire, nil
	}
	return c.call.stream()
}

// claimed gives this connection to a response that moved here.
func (c *conn) claimed(bool) outcome {
	waiting := c.server.claims.take(c.head.Claim)
	if waiting == nil {
		_ = c.wire.WriteAbort(wire.AbortHandler, "nothing waits for this claim") // it may be gone
		return broken
	}
	c.begin(waiting.call.conn.end, 0) // who hangs up here is the client of that exchange
	waiting.given <- c.wire
	result := <-waiting.result
	c.rest()
	close(waiting.over)
	return result
}
