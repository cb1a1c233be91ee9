package pubsub

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"log/slog"
	"os"
	"sync"
)

// HubVariable names the environment variable with the path of the hub's
// socket. The runner sets it for its workers.
const HubVariable = "DRAM_HUB"

const (
	defaultBuffer = 256
	// outgoing is how many messages wait for the connection to other processes.
	outgoing = 4096
)

// Options of a [Node]. The zero Options suit an app.
type Options struct {
	// Hub is the path of a hub's unix socket. Empty means the variable
	// DRAM_HUB; without that too the Node stays in its process.
	Hub string
	// Link is another way to other processes, used instead of a hub.
	Link Link
	// Buffer is how many messages a subscriber may be behind before it gets
	// the mark of a gap; 0 means 256.
	Buffer int
	// Log hears of connections that are lost and found; nil is the log that
	// [Node.SetLog] gives, or slog.Default() at [Node.Start].
	Log *slog.Logger
}

// Node is the part of the bus that lives in one process, and a [Bus]. It is a
// component of an app: Start connects it to other processes, Close ends all
// subscriptions. It may be used by many goroutines, and before Start.
type Node struct {
	buffer int
	log    *slog.Logger
	ownLog bool   // the options named it
	link   Link   // nil: this process alone
	out    *queue // for the link

	mu     sync.Mutex
	topics map[string]map[*subscription]struct{}
	closed bool
	joined *membership // from Start on, if there is a link
}

// subscription is one subscriber's place at the node.
type subscription struct {
	*queue
	end context.CancelFunc
}

// New returns a node. It opens nothing.
func New(o Options) *Node {
	n := &Node{
		buffer: o.Buffer,
		log:    o.Log,
		ownLog: o.Log != nil,
		link:   o.Link,
		out:    newQueue("", outgoing),
		topics: map[string]map[*subscription]struct{}{},
	}
	if n.buffer <= 0 {
		n.buffer = defaultBuffer
	}
	if hub := cmp.Or(o.Hub, os.Getenv(HubVariable)); n.link == nil && hub != "" {
		n.link = hubLink{path: hub}
	}
	return n
}

// SetLog sets the log where the options named none, before Start: app.SetLog
// calls it.
func (n *Node) SetLog(log *slog.Logger) {
	if !n.ownLog {
		n.log = log
	}
}

// Publish tells all subscribers of topic, those of this process before it
// returns. It never waits, so it does not mind that ctx has ended: what was
// committed is told even when the client has gone meanwhile. Whether other
// processes could be reached is no error but a gap for them.
//
// Errors are an empty topic, sizes above [MaxTopic] and [MaxData], and
// [ErrClosed]. data may be changed afterwards.
func (n *Node) Publish(_ context.Context, topic string, data []byte) error {
	if err := checkMessage(topic, data); err != nil {
		return err
	}
	m := Message{Topic: topic, Data: bytes.Clone(data)}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	n.deliver(m)
	if n.link != nil {
		n.out.put(m)
	}
	return nil
}

// deliver puts a message into the queues of this process. The lock is held, so
// all subscribers see one order.
func (n *Node) deliver(m Message) {
	for s := range n.topics[m.Topic] {
		s.put(m)
	}
}

// receive takes what another process published.
func (n *Node) receive(m Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m.Gap && m.Topic == "" {
		for topic := range n.topics {
			n.deliver(Message{Topic: topic, Gap: true})
		}
		return
	}
	n.deliver(m)
}

// Subscribe begins a subscription with this very call: what is published while
// the caller reads the present state, before it ranges over the sequence, is
// not lost. The sequence ends with ctx, with a break, or when the node is
// closed; then it is over, a second range yields nothing. A subscription that
// is never ranged over lasts as long as ctx.
//
// A topic that nobody can publish on, empty or too long, is never heard of.
func (n *Node) Subscribe(ctx context.Context, topic string) iter.Seq[Message] {
	ctx, cancel := context.WithCancel(ctx)
	s := &subscription{queue: newQueue(topic, n.buffer), end: cancel}
	if !n.add(s) {
		cancel()
	}
	forget := context.AfterFunc(ctx, func() { n.remove(s) })
	return func(yield func(Message) bool) {
		defer n.remove(s)
		defer cancel()
		defer forget()
		for {
			m, ok := s.next(ctx)
			if !ok || !yield(m) {
				return
			}
		}
	}
}

func (n *Node) add(s *subscription) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	topic := s.mark.Topic
	if n.topics[topic] == nil {
		n.topics[topic] = map[*subscription]struct{}{}
	}
	n.topics[topic][s] = struct{}{}
	return true
}

func (n *Node) remove(s *subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	topic := s.mark.Topic
	delete(n.topics[topic], s)
	if len(n.topics[topic]) == 0 {
		delete(n.topics, topic)
	}
}
