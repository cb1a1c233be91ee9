package pubsub

import (
	"context"
	"sync"
)

// queue holds messages for one reader and never makes a writer wait: when it
// is full, everything in it gives way to the mark of a gap.
type queue struct {
	mark  Message
	limit int
	wake  chan struct{} // holds one signal after a put

	mu    sync.Mutex
	items []Message
}

// newQueue makes a queue for messages on topic, "" for any.
func newQueue(topic string, limit int) *queue {
	return &queue{mark: Message{Topic: topic, Gap: true}, limit: limit, wake: make(chan struct{}, 1)}
}

// put appends a message. If that makes the queue overflow, the mark stands for
// this message too: who reads it reads the state as it is then. A mark after a
// mark says nothing new and is left out.
func (q *queue) put(m Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := len(q.items) - 1
	switch {
	case m.Gap && last >= 0 && q.items[last].Gap:
		return
	case last+1 < q.limit:
		q.items = append(q.items, m)
	default:
		clear(q.items)
		q.items = append(q.items[:0], q.mark)
	}
	select {
	case q.wake <- struct{}{}:
	default: // the reader has been told already
	}
}

// take removes the first message.
func (q *queue) take() (Message, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return Message{}, false
	}
	m := q.items[0]
	q.items[0] = Message{} // lets go of the data
	q.items = q.items[1:]
	return m, true
}

// next waits for a message, false when ctx ends.
func (q *queue) next(ctx context.Context) (Message, bool) {
	for {
		if ctx.Err() != nil {
			return Message{}, false
		}
		if m, ok := q.take(); ok {
			return m, true
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
		}
	}
}
