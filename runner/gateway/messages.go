package gateway

import (
	"net"
	"sync"

	"github.com/dram-go/dram/runner/wire"
)

// idleCalls is how many goroutines without an exchange a message connection
// keeps.
const idleCalls = 64

// manyAnswers is what the kernel keeps of answers by message, so that those
// that are ready together leave in one system call.
const manyAnswers = 256 << 10

// messages is a message connection: many exchanges at once, each in a goroutine
// that serves one after the other.
type messages struct {
	server *Server
	base   *conn // below
	wire   *wire.Answerer
	calls  sync.WaitGroup // goroutines

	mu     sync.Mutex
	asked  map[uint16]*call // by number, until the front is told how they go on
	moved  map[*call]uint64 // that wait to be claimed, with their tickets
	idle   []*call          // the one used last is the last
	closed error            // why nothing goes on here; nil as long as it does
}

// newMessages makes one of a connection that is to be one.
func newMessages(c *conn) *messages {
	if u, ok := c.wire.NetConn().(*net.UnixConn); ok {
		_ = u.SetWriteBuffer(manyAnswers) // without it is only smaller
	}
	a := wire.NewAnswerer(c.wire)
	c.answerer.Store(a)
	return &messages{
		server: c.server, base: c, wire: a,
		asked: make(map[uint16]*call), moved: make(map[*call]uint64),
	}
}

// serve serves exchanges until the front closes the connection or breaks the
// rules, and returns when all of them have ended.
func (m *messages) serve() {
	defer m.calls.Wait()
	defer m.close()
	for {
		asked, err := m.wire.Next()
		if err == nil {
			err = m.take(asked)
		}
		if err != nil {
			m.complain(err)
			return
		}
	}
}

func (m *messages) complain(err error) { m.server.complain(err, m.wire.Abort) }

// take begins an exchange or ends one. It neither writes nor blocks: two sides
// of which each waits for the other to read would wait for ever.
func (m *messages) take(asked wire.Asked) error {
	if asked.Ticket != 0 {
		m.server.claims.refuse(asked.Ticket)
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.asked[asked.Exchange]
	switch {
	case asked.Request == "" && c != nil:
		c.conn.end(ErrClientGone)
		return nil
	case asked.Request == "": // it has just been answered
		return nil
	case c != nil:
		return &wire.ProtocolError{Reason: "a request with the number of another that is not answered"}
	}
	c = m.callee()
	c.begin(asked.Exchange)
	m.asked[asked.Exchange] = c
	c.next <- asked.Request
	return nil
}

// callee returns a goroutine without an exchange; the lock is held.
func (m *messages) callee() *call {
	if n := len(m.idle); n > 0 {
		c := m.idle[n-1]
		m.idle = m.idle[:n-1]
		return c
	}
	c := newCall(m)
	m.calls.Go(c.run)
	return c
}

// rest keeps a goroutine for later; false if it shall end.
func (m *messages) rest(c *call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed != nil || len(m.idle) == idleCalls {
		return false
	}
	m.idle = append(m.idle, c)
	return true
}

// answered makes the number of an exchange free.
func (m *messages) answered(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.asked, c.id)
}

// moving notes an exchange that waits to be claimed until movingEnds, unless
// the connection, by which the front could say that it will not be, has ended.
func (m *messages) moving(c *call, ticket uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed != nil {
		c.conn.end(m.closed)
		return m.closed
	}
	m.moved[c] = ticket
	return nil
}

func (m *messages) movingEnds(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.moved, c)
}

// close ends the exchanges, and the goroutines that have none.
func (m *messages) close() {
	why := m.base.left()
	if why == nil {
		why = ErrClientGone
	}
	m.wire.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = why
	for _, c := range m.asked {
		c.conn.end(why)
	}
	for c, ticket := range m.moved {
		c.conn.end(why)
		m.server.claims.refuse(ticket)
	}
	for _, c := range m.idle {
		close(c.next)
	}
	m.idle = nil
}
