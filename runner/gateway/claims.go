package gateway

import (
	"sync"

	"github.com/dram-go/dram/runner/wire"
)

// claims are the responses that have moved from a message connection and wait
// for the stream connection on which they go on, by ticket.
type claims struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]*claim
}

// claim is one of them.
type claim struct {
	call   *call
	ticket uint64
	given  chan *wire.Conn // gets the connection, or is closed when nobody claims it
	result chan outcome    // what became of the connection
	over   chan struct{}   // closed when who hangs up there is no longer the client
}

// add makes a ticket.
func (s *claims) add(c *call) *claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = make(map[uint64]*claim)
	}
	s.last++
	w := &claim{call: c, ticket: s.last, given: make(chan *wire.Conn, 1), result: make(chan outcome, 1), over: make(chan struct{})}
	s.waiting[w.ticket] = w
	return w
}

// take returns who waits with a ticket and makes it void; nil for nobody.
func (s *claims) take(ticket uint64) *claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waiting[ticket]
	delete(s.waiting, ticket)
	return w
}

// refuse ends the waiting.
func (s *claims) refuse(ticket uint64) {
	if w := s.take(ticket); w != nil {
		close(w.given)
	}
}
