package trace

import (
	"context"
	"encoding/json"
	"io"
	"sync"
)

// waiting is how many events wait for a reader that is slower than the app.
const waiting = 256

// Writer writes events as lines of JSON. It may be used by many goroutines; a
// nil Writer takes everything and writes nothing.
type Writer struct {
	to   io.WriteCloser
	done chan struct{} // closed when nothing is written any more

	mu      sync.Mutex
	queue   chan Event // nil after Close
	dropped int
}

// NewWriter returns a writer that has a goroutine until Close.
func NewWriter(to io.WriteCloser) *Writer {
	w := &Writer{to: to, done: make(chan struct{}), queue: make(chan Event, waiting)}
	go w.run(w.queue)
	return w
}

// Send passes an event on. It never waits: if the reader is too slow or has
// gone, the event is dropped and counted. What the event points to belongs to
// the writer from now on.
func (w *Writer) Send(e Event) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.Dropped += w.dropped
	select {
	case w.queue <- e: // never ready after Close: the channel is nil then
		w.dropped = 0
	default:
		w.dropped++
	}
}

// Dropped returns how many events were dropped and not told yet.
func (w *Writer) Dropped() int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Close writes what waits, as long as ctx allows, and closes the other end.
// The error is what that closing says.
func (w *Writer) Close(ctx context.Context) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	queue := w.queue
	w.queue = nil
	w.mu.Unlock()
	if queue == nil {
		return nil // closed before
	}
	close(queue)
	select {
	case <-w.done:
		return w.to.Close()
	case <-ctx.Done():
	}
	err := w.to.Close() // ends a write that a reader holds up
	<-w.done
	return err
}

// run writes until the queue is closed. After the first failure it only
// empties the queue: the reader has gone.
func (w *Writer) run(queue <-chan Event) {
	defer close(w.done)
	enc := json.NewEncoder(w.to)
	enc.SetEscapeHTML(false)
	var gone error
	for e := range queue {
		if gone == nil {
			gone = enc.Encode(e)
			continue
		}
		w.mu.Lock()
		w.dropped++
		w.mu.Unlock()
	}
}
