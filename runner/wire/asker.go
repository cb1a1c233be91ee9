package wire

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
)

// Asker is the front's side of a message connection. Its methods may be called
// by many goroutines at once.
type Asker struct {
	conn   *Conn
	in     *inbox
	out    *outbox
	bodies *Buffers

	mu       sync.Mutex
	messages []*Message // by the numbers of their exchanges
	free     []*Message // the one used last is the last
	retired  bool       // nothing can be asked any more
	closed   bool       // nor answered
	fault    error      // the first reason for that, nil for Close
}

// maxMessages is how many exchanges a message connection has at most.
const maxMessages = 1024

// NewAsker takes over a connection for which Messages has reported true. Run
// must be called; Close ends it.
func NewAsker(c *Conn) *Asker {
	return &Asker{conn: c, in: newInbox(c), out: newOutbox(c), bodies: c.buffers}
}

// Run hands out what comes, until the connection ends, and returns why: io.EOF
// when the worker has closed it, and nil after Close.
func (a *Asker) Run() error {
	for {
		f, payload, err := a.in.next()
		if err == nil {
			err = a.take(f, payload)
		}
		if err != nil {
			return a.end(err)
		}
	}
}

// take hands a frame to who waits for it. It neither writes nor blocks: two
// sides of which each waits for the other to read would wait for ever.
func (a *Asker) take(f frame, payload []byte) error {
	if f.kind == KindAbort {
		abort, err := parseAbort(payload)
		if err != nil {
			return err
		}
		return abort
	}
	if len(payload) < 2 {
		return violation("%s frame of %d bytes", f.kind, len(payload))
	}
	id := int(binary.BigEndian.Uint16(payload))
	a.mu.Lock()
	defer a.mu.Unlock()
	if id >= len(a.messages) || !a.messages[id].asked {
		return violation("%s to request %d, which was not asked", f.kind, id)
	}
	return a.messages[id].arrive(f.kind, payload)
}

// rest makes a message free; the lock is held.
func (a *Asker) rest(m *Message) {
	m.left, m.ended, m.ticket, m.err = false, false, 0, nil
	m.release()
	a.free = append(a.free, m)
}

// end wakes all who wait, and returns the first reason for the end.
func (a *Asker) end(why error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.conn.Close() // after the reason is noted, or it would be that of Run
	if a.fault == nil && !a.closed {
		a.fault = why
	}
	a.closed, a.retired = true, true
	for _, m := range a.messages {
		if m.asked && !m.left {
			m.err = unexpected(why)
			m.done <- struct{}{}
		}
		m.asked = false
	}
	return a.fault
}

// Retire lets no more be asked. What was asked goes on.
func (a *Asker) Retire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retired = true
}

// Close ends the connection, and Run with it.
func (a *Asker) Close() {
	a.mu.Lock()
	a.closed, a.retired = true, true
	a.mu.Unlock()
	a.conn.Close()
}

// Begin returns a message, of which End must be called; nil when this
// connection takes no more of them, for now or for ever.
func (a *Asker) Begin() *Message {
	if a.out.crowded() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch n := len(a.free); {
	case a.retired:
		return nil
	case n > 0:
		m := a.free[n-1]
		a.free = a.free[:n-1]
		return m
	case len(a.messages) == maxMessages:
		return nil
	}
	m := &Message{asker: a, id: uint16(len(a.messages)), done: make(chan struct{}, 1)}
	a.messages = append(a.messages, m)
	return m
}

// Message is one exchange on a message connection.
type Message struct {
	Response Response
	Body     []byte // whole, valid until End

	asker   *Asker
	id      uint16
	done    chan struct{} // gets a value when the response is there, or never will be
	payload []byte
	lent    *[bufferSize]byte // what payload is a part of, nil for memory of its own
	asked   bool              // the worker has not answered yet; its number is taken
	left    bool              // nobody waits for that
	ended   bool              // End was called before
	ticket  uint64
	err     error
}

// arrive takes what the worker says of the exchange; the lock of the asker is
// held.
func (m *Message) arrive(kind Kind, payload []byte) error {
	if kind == KindMove {
		_, ticket, err := parseTicket(payload)
		if err != nil {
			return err
		}
		if ticket == 0 {
			return violation("MOVE without a ticket")
		}
		m.ticket = ticket
	}
	m.asked = false
	switch {
	case !m.left:
		if kind == KindAnswer {
			m.keep(payload)
		}
		m.done <- struct{}{}
	case m.ticket != 0:
		go m.asker.refuse(m.id, m.ticket)
	}
	if m.ended {
		m.asker.rest(m)
	}
	return nil
}

// MovedError means that a response comes by a stream connection, for who
// claims it there with this ticket (see [Conn.Claim]), or refuses it.
type MovedError struct {
	Ticket uint64

	asker *Asker
	id    uint16
}

func (e *MovedError) Error() string { return "wire: the response comes by a stream connection" }

// Refuse tells the worker that nobody claims the response.
func (e *MovedError) Refuse() { e.asker.refuse(e.id, e.Ticket) }

// Ask sends a request that has no body, and waits for the response. Its errors
// are *[MovedError], context.Canceled after Abandon, *[ProtocolError] when the
// response is none, and those of a [Conn]. sent says that the worker may have
// got the request.
func (m *Message) Ask(r *Request) (sent bool, err error) {
	r.Exchange = m.id
	a := m.asker
	frames, err := appendAsk(a.out.begin(), r)
	if err != nil {
		a.out.undo()
		return false, err
	}
	a.mu.Lock()
	if a.retired || m.left {
		a.mu.Unlock()
		a.out.undo()
		return false, context.Canceled
	}
	m.asked = true
	a.mu.Unlock()
	if err := a.out.end(frames); err != nil && a.takeBack(m) {
		return false, err
	}
	<-m.done
	switch {
	case m.err != nil:
		return true, m.err
	case m.ticket != 0:
		return true, &MovedError{Ticket: m.ticket, asker: a, id: m.id}
	}
	m.Body, err = parseAnswer(m.payload, &m.Response, r.Method)
	if err != nil {
		a.end(err)
	}
	return true, err
}

// takeBack undoes the asking of a request that was not sent; false when somebody
// has ended it already.
func (a *Asker) takeBack(m *Message) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !m.asked || m.left {
		return false
	}
	m.asked = false
	return true
}

// Abandon makes Ask return, and tells the worker that nobody waits any more.
// It may be called by anybody between Begin and End.
func (m *Message) Abandon() {
	a := m.asker
	a.mu.Lock()
	asked := m.asked && !m.left
	m.left = true
	if asked {
		m.err = context.Canceled
		m.done <- struct{}{}
	}
	a.mu.Unlock()
	if asked {
		a.refuse(m.id, 0)
	}
}

// refuse sends CANCEL.
func (a *Asker) refuse(id uint16, ticket uint64) {
	_ = a.out.end(appendTicket(a.out.begin(), KindCancel, id, ticket)) // who is gone need not be told
}

// End gives the message back, with all that came in it.
func (m *Message) End() {
	a := m.asker
	m.Body, m.Response = nil, Response{}
	a.mu.Lock()
	defer a.mu.Unlock()
	if m.ended = m.asked; !m.ended {
		a.rest(m)
	}
}

// keep copies what came.
func (m *Message) keep(payload []byte) {
	if len(payload) <= bufferSize {
		m.lent = m.asker.bodies.get()
		m.payload = m.lent[:copy(m.lent[:], payload)]
		return
	}
	m.payload = slices.Clone(payload)
}

func (m *Message) release() {
	if m.lent != nil {
		m.asker.bodies.put(m.lent)
	}
	m.lent, m.payload = nil, nil
}

// Claim asks for a response that moved here; it is read as that to a request.
// sent says that the worker may have got the claim.
func (c *Conn) Claim(ticket uint64) (sent bool, err error) {
	c.exchange++
	c.in.phase, c.in.informed, c.in.trailer = atHead, 0, nil
	b := binary.AppendUvarint(make([]byte, headerSize, headerSize+binary.MaxVarintLen64), ticket)
	putHeader(b, KindClaim, true, len(b)-headerSize)
	err = c.write(b)
	return c.out.sent > 0, err
}
