package postgres

import (
	"encoding/base64"
	"strings"

	"github.com/dram-go/dram/framework/pubsub"
)

// maxPayload is the longest payload of a notification, in bytes.
const maxPayload = 7999

// A payload is text, so topic and data are written in base64:
//
//	m:TOPIC:DATA  message
//	g:TOPIC       gap, on any topic if TOPIC is empty
const (
	messagePrefix = "m:"
	gapPrefix     = "g:"
)

var encoding = base64.RawStdEncoding

// encode writes a message, or a gap in place of one that is too long.
func encode(m pubsub.Message) string {
	topic := encoding.EncodeToString([]byte(m.Topic))
	size := len(messagePrefix) + len(topic) + len(":") + encoding.EncodedLen(len(m.Data))
	if m.Gap || size > maxPayload {
		return gapPrefix + topic
	}
	return messagePrefix + topic + ":" + encoding.EncodeToString(m.Data)
}

// decode reads a payload; false for what encode would not write, which
// anybody with access to the database can send.
func decode(payload string) (pubsub.Message, bool) {
	if text, ok := strings.CutPrefix(payload, gapPrefix); ok {
		topic, err := encoding.DecodeString(text)
		return pubsub.Message{Topic: string(topic), Gap: true}, err == nil
	}
	text, ok := strings.CutPrefix(payload, messagePrefix)
	head, tail, both := strings.Cut(text, ":")
	topic, err := encoding.DecodeString(head)
	data, err2 := encoding.DecodeString(tail)
	return pubsub.Message{Topic: string(topic), Data: data}, ok && both && err == nil && err2 == nil && len(topic) > 0
}
