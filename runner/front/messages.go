package front

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// messages is the message connection to a worker, for times when many requests
// are under way there. It is opened when it is first wanted, beside the
// requests that want it.
type messages struct {
	pool *pool

	asker   atomic.Pointer[wire.Asker]
	opening atomic.Bool // somebody opens one, or it is not to be had
	closed  atomic.Bool
}

// retryMessages is how long a connection that could not be opened, or has
// ended, is not tried again.
const retryMessages = time.Second

// begin returns a message; nil when the request should go by a connection of
// its own.
func (m *messages) begin() *wire.Message {
	if a := m.asker.Load(); a != nil {
		return a.Begin()
	}
	if !m.opening.Load() && m.opening.CompareAndSwap(false, true) {
		go m.open()
	}
	return nil
}

// open makes the connection and serves it until it ends.
func (m *messages) open() {
	ctx, cancel := context.WithTimeout(context.Background(), m.pool.live.Load().dial)
	conn, err := m.pool.dial(ctx, (*wire.Conn).GreetForMessages)
	cancel()
	if err != nil {
		m.again()
		return
	}
	if !conn.Messages() { // a worker of a build that knows of none
		m.pool.put(conn)
		return
	}
	conn.forget() // whoever reads sees the end
	a := wire.NewAsker(conn.Conn)
	m.asker.Store(a)
	if m.closed.Load() {
		a.Close()
	}
	m.ended(a.Run())
	m.asker.Store(nil)
	if !m.closed.Load() {
		m.pool.died()
	}
	m.again()
}

// again allows another attempt after a while.
func (m *messages) again() {
	time.AfterFunc(retryMessages, func() { m.opening.Store(m.closed.Load()) })
}

// ended logs an end that is not one of the worker's or ours.
func (m *messages) ended(err error) {
	switch {
	case err == nil, err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
	default:
		m.pool.wiring.log.Error("a worker broke the gateway interface; its connection is closed", "worker", m.pool.worker, "err", err)
	}
}

// retire lets no more requests go by this connection.
func (m *messages) retire() {
	if a := m.asker.Load(); a != nil {
		a.Retire()
	}
}

// close ends the connection.
func (m *messages) close() {
	m.closed.Store(true)
	if a := m.asker.Load(); a != nil {
		a.Close()
	}
}
