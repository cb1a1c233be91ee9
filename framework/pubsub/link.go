package pubsub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Link is a way to the nodes of other processes. The one through a [Hub] is
// built in.
type Link interface {
	// Dial connects. When it returns, everything that others send from now on
	// reaches the connection.
	Dial(ctx context.Context) (Conn, error)
	// String names the other end in errors: "hub at /run/qna/hub.sock".
	String() string
}

// Conn is a connection of a [Link]. One goroutine sends while another
// receives.
type Conn interface {
	// Send passes a message on to all other processes. A Gap without topic
	// concerns all topics.
	Send(Message) error
	// Receive waits for a message of another process.
	Receive() (Message, error)
	// Close ends Send and Receive with errors. It may be called twice.
	Close() error
}

const (
	// startTimeout bounds how long Start waits for the first connection.
	startTimeout = 2 * time.Second
	// dialTimeout bounds each later attempt.
	dialTimeout = 10 * time.Second
	firstDelay  = 50 * time.Millisecond
	longDelay   = 3 * time.Second
)

// membership is a node's place among those of other processes.
type membership struct {
	node    *Node
	stop    context.Context // ends when the node closes: send what is left
	kill    context.Context // ends when there is no time for that
	stopNow context.CancelFunc
	killNow context.CancelFunc
	done    chan struct{} // closed when nothing of it runs any more

	sent bool // by the last connection, so that something of it may be lost

	mu   sync.Mutex
	conn Conn // nil while there is none
}

// Start connects the node to other processes, if there is a link. A link that
// does not answer within two seconds is no error: the node goes on trying and
// serves its own process until then.
func (n *Node) Start(ctx context.Context) error {
	m, err := n.join(ctx)
	if m == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	defer context.AfterFunc(m.stop, cancel)()
	conn, err := m.dial(ctx)
	go m.run(conn, err)
	return nil
}

// join makes the membership, nil if there is no link.
func (n *Node) join(ctx context.Context) (*membership, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return nil, ErrClosed
	case n.link == nil:
		return nil, nil
	case n.joined != nil:
		return nil, errors.New("pubsub: Start was called twice")
	}
	m := &membership{node: n, done: make(chan struct{})}
	life := context.WithoutCancel(ctx)
	m.stop, m.stopNow = context.WithCancel(life)
	m.kill, m.killNow = context.WithCancel(life)
	n.joined = m
	return m, nil
}

// Close ends all subscriptions and sends what was published to the other
// processes, as long as ctx allows. Only the error of ctx can come back.
func (n *Node) Close(ctx context.Context) error {
	n.mu.Lock()
	n.closed = true
	joined := n.joined
	for _, subscribers := range n.topics {
		for s := range subscribers {
			s.end()
		}
	}
	n.mu.Unlock()
	if joined == nil {
		return nil
	}
	return joined.leave(ctx)
}

func (m *membership) leave(ctx context.Context) error {
	defer m.killNow()
	m.stopNow()
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
	}
	m.killNow()
	<-m.done
	return fmt.Errorf("pubsub: the last messages did not reach the %s: %w", m.node.link, ctx.Err())
}

// Check reports whether other processes can be reached. Without a link there
// is nothing to check.
func (n *Node) Check(ctx context.Context) error {
	if n.link == nil || n.connected() {
		return nil
	}
	conn, err := n.link.Dial(ctx)
	if err != nil {
		return fmt.Errorf("pubsub: other processes do not hear this one: %w", err)
	}
	return conn.Close()
}

func (n *Node) connected() bool {
	n.mu.Lock()
	joined := n.joined
	n.mu.Unlock()
	if joined == nil {
		return false
	}
	joined.mu.Lock()
	defer joined.mu.Unlock()
	return joined.conn != nil
}

// run keeps the node connected until it is closed. conn and err are what the
// first attempt gave.
func (m *membership) run(conn Conn, err error) {
	defer close(m.done)
	log, link := cmp.Or(m.node.log, slog.Default()), m.node.link
	delay, lost := firstDelay, false
	for {
		if err == nil {
			if lost {
				log.Info("pubsub: connected again", "to", link.String())
			}
			delay, lost = firstDelay, false
			err = m.carry(conn)
		}
		if m.stop.Err() != nil {
			return
		}
		if !lost {
			log.Warn("pubsub: other processes do not hear this one until the connection is back", "to", link.String(), "error", err)
			lost = true
		}
		select {
		case <-time.After(delay):
			delay = min(2*delay, longDelay)
		case <-m.stop.Done():
			return
		}
		ctx, cancel := context.WithTimeout(m.stop, dialTimeout)
		conn, err = m.dial(ctx)
		cancel()
	}
}

// dial connects, and tells the subscribers that there are what others said
// before this moment was not heard here.
func (m *membership) dial(ctx context.Context) (Conn, error) {
	conn, err := m.node.link.Dial(ctx)
	if err != nil {
		return nil, err
	}
	m.setConn(conn)
	m.node.receive(Message{Gap: true})
	return conn, nil
}

// carry uses a connection until it is lost, or until the node is closed and
// everything is sent.
func (m *membership) carry(conn Conn) error {
	defer m.setConn(nil)
	broken, stop := context.WithCancelCause(m.kill)
	defer stop(nil)
	unhook := context.AfterFunc(broken, func() { conn.Close() })
	defer unhook()

	var receiver sync.WaitGroup
	receiver.Go(func() {
		for {
			message, err := conn.Receive()
			if err != nil {
				stop(err)
				return
			}
			m.node.receive(message)
		}
	})
	err := m.send(broken, conn)
	conn.Close()
	receiver.Wait()
	return err
}

// send passes on what the node publishes. It returns nil when the node is
// closed and everything was sent.
func (m *membership) send(broken context.Context, conn Conn) error {
	if m.sent {
		// What the last connection was given may have been lost on the way.
		if err := conn.Send(Message{Gap: true}); err != nil {
			return err
		}
	}
	out := m.node.out
	for {
		closed := m.stop.Err() != nil // nothing is put after that
		message, ok := out.take()
		switch {
		case ok:
			m.sent = true
			if err := conn.Send(message); err != nil {
				return err
			}
			continue
		case closed:
			return nil
		}
		select {
		case <-out.wake:
		case <-m.stop.Done():
		case <-broken.Done():
			return context.Cause(broken)
		}
	}
}

func (m *membership) setConn(conn Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = conn
}
