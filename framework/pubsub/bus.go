package pubsub

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Limits of a message, in bytes.
const (
	MaxTopic = 255
	MaxData  = maxFrame - frameHead - MaxTopic // 65,279
)

// ErrClosed is what Publish returns after Close.
var ErrClosed = errors.New("pubsub: the bus is closed")

// Bus is what an app publishes to and subscribes at: a [Node], or something
// else in a test.
type Bus interface {
	// Publish tells the subscribers of topic, in this process and in others.
	Publish(ctx context.Context, topic string, data []byte) error
	// Subscribe returns what is published on topic from this call on. The
	// sequence ends with ctx; it can be ranged over once.
	Subscribe(ctx context.Context, topic string) iter.Seq[Message]
}

// Message is one event, or the mark of a gap.
type Message struct {
	Topic string
	// Data is shared by all subscribers: read it, do not change it.
	Data []byte
	// Gap says that messages may be missing at this place. Data is nil then.
	Gap bool
}

// checkMessage says what is wrong with a message that somebody publishes.
func checkMessage(topic string, data []byte) error {
	switch {
	case topic == "":
		return errors.New("pubsub: publish: the topic is empty")
	case len(topic) > MaxTopic:
		return fmt.Errorf("pubsub: publish: the topic has %d bytes, at most %d are possible", len(topic), MaxTopic)
	case len(data) > MaxData:
		return fmt.Errorf("pubsub: publish on %q: %d bytes, at most %d are possible: publish an id and let subscribers read the rest", topic, len(data), MaxData)
	}
	return nil
}
