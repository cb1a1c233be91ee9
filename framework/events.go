package dram

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// heartbeat is how often an event stream says something, so that proxies do
// not think it dead and a client that is gone is noticed.
const heartbeat = 15 * time.Second

// Event is one message of an event stream (server-sent events, HTML standard
// section 9.2). Only its data is needed.
type Event struct {
	// Name is what the browser listens for: addEventListener("changed", …).
	// Empty is the event "message".
	Name string
	// Data is text of any number of lines.
	Data string
	// ID is what the browser says when it connects again, see
	// [Events.LastID].
	ID string
	// Retry tells the browser how long to wait before it connects again.
	Retry time.Duration
}

// Events is an event stream to one browser. It is a context that ends when the
// browser leaves or the process is about to end; wait for whatever is to be
// told with it:
//
//	return c.Events(func(e *dram.Events) error {
//		for m := range bus.Subscribe(e, "board") {
//			if err := e.Send(dram.Event{Name: "changed", Data: string(m.Data)}); err != nil {
//				return err
//			}
//		}
//		return nil
//	})
type Events struct {
	context.Context
	lastID string

	mu  sync.Mutex // of the heart and who sends
	out *streamWriter
}

// Events answers with an event stream, which the browser reads by
// new EventSource(url). The stream lasts as long as run, which should return
// when the context that it was given ends. A comment every 15 seconds keeps
// the connection alive. When the process drains, the stream ends in good order
// and the browser connects again by itself; to make it stop, answer its next
// request with [Context.NoContent].
//
// An error of run is logged; it cannot be answered any more. One that only
// says that the stream is over counts as none.
func (c *Context) Events(run func(e *Events) error) error {
	header := c.Writer.Header()
	header.Set("Content-Type", "text/event-stream")
	setDefault(header, "Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // for an nginx in front
	out := c.newStreamWriter()
	out.begin()
	if c.Request.Method == http.MethodHead {
		return nil
	}
	if err := out.flush(); err != nil {
		return nil // nobody is there
	}
	ctx, cancel := context.WithCancel(c)
	e := &Events{Context: ctx, lastID: c.Request.Header.Get("Last-Event-ID"), out: out}
	var heart sync.WaitGroup
	heart.Go(func() { e.beat(cancel, c.Draining()) })
	defer heart.Wait() // nothing may write after the handler
	defer cancel()
	if err := run(e); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// beat keeps the connection alive until the stream ends, and ends it when the
// client is gone or the process drains.
func (e *Events) beat(cancel func(), draining <-chan struct{}) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	defer cancel()
	for {
		select {
		case <-e.Done():
			return
		case <-draining:
			return
		case <-ticker.C:
			if e.write(":\n\n") != nil {
				return
			}
		}
	}
}

// LastID returns the id of the last event that the browser got before it
// connected again, or "" at its first time.
func (e *Events) LastID() string { return e.lastID }

// Send sends an event at once. The error says that the browser is gone, that
// the stream is over, or that the event has a line end where none can be.
func (e *Events) Send(event Event) error {
	text, err := event.encode()
	if err != nil {
		return err
	}
	if err := e.Err(); err != nil {
		return err
	}
	return e.write(text)
}

func (e *Events) write(text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, err := e.out.Write([]byte(text))
	return err
}

// lineEnds are those of the format.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// encode writes the event as the standard wants it.
func (event Event) encode() (string, error) {
	if strings.ContainsAny(event.Name, "\r\n") {
		return "", fmt.Errorf("dram: event name %q has more than one line", event.Name)
	}
	if strings.ContainsAny(event.ID, "\r\n\x00") {
		return "", fmt.Errorf("dram: event id %q has more than one line or a NUL", event.ID)
	}
	var b strings.Builder
	if event.Retry > 0 {
		fmt.Fprintf(&b, "retry: %d\n", event.Retry.Milliseconds())
	}
	if event.ID != "" {
		fmt.Fprintf(&b, "id: %s\n", event.ID)
	}
	if event.Name != "" {
		fmt.Fprintf(&b, "event: %s\n", event.Name)
	}
	// An event without a data line is not dispatched: right for an id or a
	// retry alone, wrong for a name.
	if event.Data != "" || event.Name != "" {
		for line := range strings.SplitSeq(lineEnds.Replace(event.Data), "\n") {
			fmt.Fprintf(&b, "data: %s\n", line)
		}
	}
	if b.Len() == 0 {
		return ":\n\n", nil
	}
	return b.String() + "\n", nil
}
