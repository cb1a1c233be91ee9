package gateway

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// call is a goroutine that serves exchanges by message, one after the other,
// and the exchange that it serves.
type call struct {
	messages *messages
	conn     *conn
	next     chan string // requests

	id uint16 // of the exchange

	mu    sync.Mutex
	told  bool   // the front knows how the exchange goes on; the number is its again
	claim *claim // of a response that moves; nil when it does not
	fault error  // why it could not
	ended bool   // the exchange is over
}

func newCall(m *messages) *call {
	c := &call{messages: m, next: make(chan string, 1)}
	c.conn = &conn{server: m.server, call: c, begun: time.Now()}
	return c
}

// begin makes the call that of another exchange, before anybody can end that.
func (c *call) begin(id uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.id, c.told, c.claim, c.fault, c.ended = id, false, nil, nil, false
	c.conn.renew()
}

// run serves exchanges until there are no more.
func (c *call) run() {
	defer c.conn.stopTimer()
	for text := range c.next {
		if !c.serve(text) || !c.messages.rest(c) {
			return
		}
	}
}

// serve serves one exchange. It reports false when a handler has kept the
// connection.
func (c *call) serve(text string) (again bool) {
	result := broken
	defer func() { c.end(result) }() // a handler may end the goroutine
	if err := wire.ParseAsked(text, &c.conn.head); err != nil {
		c.messages.complain(err)
		c.messages.wire.Close()
		return true
	}
	result = c.conn.exchange(true)
	return result != hijacked
}

// answer sends a whole response; false when it has to move.
func (c *call) answer(r *wire.Response, fields, body []byte) (fits bool, err error) {
	if !wire.FitsAnswer(r, fields, body) {
		return false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claim != nil || c.fault != nil {
		return false, nil
	}
	c.tell()
	return true, c.messages.wire.Answer(c.id, r, fields, body)
}

// tell gives the number back, which must be done before the front hears of it;
// the lock is held.
func (c *call) tell() {
	c.told = true
	c.messages.answered(c)
}

// claimTime is how long a response waits to be claimed. A front does so at
// once, or says that it will not.
const claimTime = 10 * time.Second

// errUnclaimed is what a handler gets when nobody claims its response.
var errUnclaimed = errors.New("gateway: the front does not take the response")

// stream returns the connection on which a response goes on that does not fit
// a message: the front is told, and opens one.
func (c *call) stream() (*wire.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.fault != nil:
		return nil, c.fault
	case c.claim != nil:
		return c.conn.wire, nil
	case c.told, c.ended:
		return nil, errEnded
	}
	c.conn.wire, c.fault = c.move()
	if c.fault != nil {
		c.conn.end(ErrClientGone) // a handler may wait for that alone
	}
	return c.conn.wire, c.fault
}

// move waits until the front has claimed the response; the lock is held.
func (c *call) move() (*wire.Conn, error) {
	if err := c.conn.left(); err != nil {
		return nil, err
	}
	claim := c.conn.server.claims.add(c)
	c.tell()
	if err := c.messages.moving(c, claim.ticket); err != nil {
		c.conn.server.claims.refuse(claim.ticket)
		return nil, err
	}
	defer c.messages.movingEnds(c)
	if err := c.messages.wire.Move(c.id, claim.ticket); err != nil {
		c.conn.server.claims.refuse(claim.ticket)
		return nil, err
	}
	timer := time.AfterFunc(c.conn.server.claimTime, func() { c.conn.server.claims.refuse(claim.ticket) })
	defer timer.Stop()
	conn, claimed := <-claim.given
	if !claimed {
		return nil, errUnclaimed
	}
	c.claim = claim
	return conn, nil
}

// end ends the exchange. The front hears of one that nobody has answered,
// because its client has left, so that it can use the number again.
func (c *call) end(result outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	switch {
	case c.claim != nil:
		c.claim.result <- result
		<-c.claim.over // or a hangup there would end the exchange that comes next here
	case !c.told:
		c.tell()
		_ = c.messages.wire.Answer(c.id, &wire.Response{Status: http.StatusServiceUnavailable}, nil, nil) // nobody reads it
	}
}
