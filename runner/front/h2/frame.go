package h2

import (
	"encoding/binary"
	"fmt"
)

// kind is the type of a frame (RFC 9113, section 6).
type kind byte

const (
	dataFrame kind = iota
	headersFrame
	priorityFrame
	resetFrame // RST_STREAM
	settingsFrame
	pushFrame // PUSH_PROMISE
	pingFrame
	goAwayFrame
	windowFrame // WINDOW_UPDATE
	continuationFrame
)

// The flags that mean something to us.
const (
	flagEndStream  = 0x1 // DATA, HEADERS
	flagAck        = 0x1 // SETTINGS, PING
	flagEndHeaders = 0x4 // HEADERS, CONTINUATION
	flagPadded     = 0x8 // DATA, HEADERS
	flagPriority   = 0x20
)

const (
	frameHead = 9       // octets before the payload (RFC 9113, section 4.1)
	maxFrame  = 1 << 14 // octets of a payload, of ours and of the client's: what each must take
	maxWindow = 1<<31 - 1
	maxStream = 1<<31 - 1
)

// code is an error code (RFC 9113, section 7).
type code uint32

const (
	noError code = iota
	protocolError
	internalError
	flowControlError
	settingsTimeout
	streamClosed
	frameSizeError
	refusedStream
	cancel
	compressionError
	_ // CONNECT_ERROR
	enhanceYourCalm
)

// frame is the head of a frame.
type frame struct {
	length int // of the payload
	kind   kind
	flags  byte
	stream uint32
}

func (f frame) has(flag byte) bool { return f.flags&flag != 0 }

// parseFrame reads a head; b has all of it.
func parseFrame(b []byte) frame {
	_ = b[frameHead-1]
	return frame{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   kind(b[3]), flags: b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & maxStream, // the first bit is reserved
	}
}

func (f frame) append(b []byte) []byte {
	return append(b, byte(f.length>>16), byte(f.length>>8), byte(f.length), byte(f.kind), f.flags,
		byte(f.stream>>24), byte(f.stream>>16), byte(f.stream>>8), byte(f.stream))
}

// set writes the head over the first octets of b.
func (f frame) set(b []byte) { f.append(b[:0]) }

func appendReset(b []byte, stream uint32, why code) []byte {
	b = frame{length: 4, kind: resetFrame, stream: stream}.append(b)
	return binary.BigEndian.AppendUint32(b, uint32(why))
}

func appendWindowUpdate(b []byte, stream uint32, n int) []byte {
	b = frame{length: 4, kind: windowFrame, stream: stream}.append(b)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

func appendGoAway(b []byte, last uint32, why code, text string) []byte {
	b = frame{length: 8 + len(text), kind: goAwayFrame}.append(b)
	b = binary.BigEndian.AppendUint32(b, last)
	return append(binary.BigEndian.AppendUint32(b, uint32(why)), text...)
}

func appendPing(b []byte, flags byte, data []byte) []byte {
	return append(frame{length: 8, kind: pingFrame, flags: flags}.append(b), data...)
}

// fault ends a connection (RFC 9113, section 5.4.1), which the client is told
// by GOAWAY.
type fault struct {
	code   code
	reason string
}

func (f *fault) Error() string { return fmt.Sprintf("h2: error %d: %s", f.code, f.reason) }

func broken(why code, reason string) error { return &fault{why, reason} }

// streamFault ends a stream (RFC 9113, section 5.4.2), which the client is told
// by RST_STREAM.
type streamFault struct {
	stream uint32
	code   code
	reason string
}

func (f *streamFault) Error() string {
	return fmt.Sprintf("h2: stream %d: error %d: %s", f.stream, f.code, f.reason)
}

// unpadded takes the padding off a payload of which all is there (RFC 9113,
// section 6.1).
func (f frame) unpadded(payload []byte) ([]byte, error) {
	if !f.has(flagPadded) {
		return payload, nil
	}
	if len(payload) == 0 {
		return nil, broken(frameSizeError, "no room for the length of the padding")
	}
	pad := int(payload[0])
	if pad >= len(payload) {
		return nil, broken(protocolError, "more padding than payload")
	}
	return payload[1 : len(payload)-pad], nil
}
