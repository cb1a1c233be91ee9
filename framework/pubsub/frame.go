package pubsub

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// maxFrame bounds a frame without its length.
	maxFrame = 64 << 10
	// frameHead is kind and length of the topic.
	frameHead = 2
	// frameLength is the number of bytes that hold a frame's length.
	frameLength = 4
)

// The kinds of frames.
const (
	kindHello   = 1
	kindMessage = 2
	kindGap     = 3
)

// version is the highest version of the frames that a hub of this build
// speaks.
const version = 1

// appendFrame appends a frame; topic and data have passed checkMessage.
func appendFrame(b []byte, kind byte, topic string, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(frameHead+len(topic)+len(data)))
	b = append(b, kind, byte(len(topic)))
	b = append(b, topic...)
	return append(b, data...)
}

// appendMessage appends the frame of a message or a gap.
func appendMessage(b []byte, m Message) []byte {
	if m.Gap {
		return appendFrame(b, kindGap, m.Topic, nil)
	}
	return appendFrame(b, kindMessage, m.Topic, m.Data)
}

// frame is one frame as it came, with its length in front.
type frame []byte

func (f frame) kind() byte    { return f[frameLength] }
func (f frame) topic() string { return string(f[frameLength+frameHead:][:f[frameLength+1]]) }
func (f frame) data() []byte  { return f[frameLength+frameHead+int(f[frameLength+1]):] }

// readFrame reads a frame into memory of its own. At the end of the stream the
// error is io.EOF.
func readFrame(r io.Reader) (frame, error) {
	var length [frameLength]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < frameHead || n > maxFrame {
		return nil, fmt.Errorf("pubsub: a frame of %d bytes, expected %d to %d", n, frameHead, maxFrame)
	}
	f := make(frame, frameLength+n)
	copy(f, length[:])
	if _, err := io.ReadFull(r, f[frameLength:]); err != nil {
		return nil, fmt.Errorf("pubsub: a frame was cut off: %w", err)
	}
	if topic := int(f[frameLength+1]); frameHead+topic > int(n) {
		return nil, fmt.Errorf("pubsub: a frame of %d bytes with a topic of %d", n, topic)
	}
	return f, nil
}
