package mail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Memory keeps mails for a test to look at. The zero Memory is an empty
// mailbox and a [Sender] of its own for tests without an app.
type Memory struct {
	mu   sync.Mutex
	sent []Message
	read int           // how many Next has returned
	news chan struct{} // closed at the next mail, made by who waits
}

// Send checks a message as a Mailer does and keeps it. It fills in the sender
// test@localhost where there is none.
func (b *Memory) Send(ctx context.Context, m Message) error {
	wire, err := composer{from: "test@localhost", now: time.Now}.compose(&m)
	if err != nil {
		return err
	}
	return b.send(ctx, &composed{m, wire})
}

func (b *Memory) send(_ context.Context, m *composed) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, m.Message)
	if b.news != nil {
		close(b.news)
		b.news = nil
	}
	return nil
}

// Sent returns all mails, the oldest first.
func (b *Memory) Sent() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sent)
}

// Next returns the oldest mail that Next has not returned yet. It waits for
// one: handlers often send after they have answered. The error is that of ctx.
func (b *Memory) Next(ctx context.Context) (Message, error) {
	for {
		m, news, ok := b.take()
		if ok {
			return m, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// take returns the next mail, or what is closed when there is one.
func (b *Memory) take() (Message, <-chan struct{}, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.read < len(b.sent) {
		b.read++
		return b.sent[b.read-1], nil, true
	}
	if b.news == nil {
		b.news = make(chan struct{})
	}
	return Message{}, b.news, false
}
