package wire

import (
	"encoding/binary"
	"fmt"
)

// Kind is what a frame carries.
type Kind byte

// The kinds of frames. The numbers are part of the protocol.
const (
	KindHello    Kind = 1 // both, first: Hello
	KindRequest  Kind = 2 // front: Request
	KindResponse Kind = 3 // worker: Response
	KindBody     Kind = 4 // both: bytes of the body
	KindTrailer  Kind = 5 // both: fields after the body
	KindAbort    Kind = 6 // worker: Abort

	// On message connections alone, but for CLAIM.
	KindAsk    Kind = 7  // front: a whole Request
	KindAnswer Kind = 8  // worker: a whole Response
	KindMove   Kind = 9  // worker: the response comes by a stream connection
	KindCancel Kind = 10 // front: nobody waits for the response
	KindClaim  Kind = 11 // front, on a stream connection: for a response that moved
)

func (k Kind) String() string {
	switch k {
	case KindHello:
		return "HELLO"
	case KindRequest:
		return "REQUEST"
	case KindResponse:
		return "RESPONSE"
	case KindBody:
		return "BODY"
	case KindTrailer:
		return "TRAILER"
	case KindAbort:
		return "ABORT"
	case KindAsk:
		return "ASK"
	case KindAnswer:
		return "ANSWER"
	case KindMove:
		return "MOVE"
	case KindCancel:
		return "CANCEL"
	case KindClaim:
		return "CLAIM"
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// known reports a kind that this build has a name for.
func (k Kind) known() bool { return k >= KindHello && k <= KindClaim }

// The first byte of a frame: a kind and two flags.
const (
	flagOptional = 0x80 // a receiver that does not know the kind skips the frame
	flagEnd      = 0x40 // the message ends with this frame
	maskKind     = 0x3f
)

// headerSize is the length of a frame's header in bytes.
const headerSize = 4

// The limits of the protocol, in bytes of payload unless said otherwise. A
// frame beyond its limit is a violation.
const (
	MaxHead   = 256 << 10 // REQUEST, RESPONSE, TRAILER
	MaxBody   = 64 << 10  // BODY
	MaxAsk    = 32 << 10  // ASK
	MaxAnswer = 128 << 10 // ANSWER
	MaxSmall  = 4 << 10   // all others, and kinds that are skipped
	MaxFields = 2048      // fields of one list
	MaxFacts  = 64        // facts of one request
	MaxInform = 64        // informational responses before the final one
)

// frame is the header of a frame.
type frame struct {
	kind     Kind
	end      bool
	optional bool
	length   int
}

// putHeader writes the header of a frame into the first four bytes of b.
func putHeader(b []byte, kind Kind, end bool, length int) {
	first := byte(kind)
	if end {
		first |= flagEnd
	}
	binary.BigEndian.PutUint32(b, uint32(first)<<24|uint32(length))
}

// parseHeader reads a header and checks its length against the limits.
func parseHeader(b []byte) (frame, error) {
	word := binary.BigEndian.Uint32(b)
	f := frame{
		kind:     Kind(b[0] & maskKind),
		end:      b[0]&flagEnd != 0,
		optional: b[0]&flagOptional != 0,
		length:   int(word & 0xffffff),
	}
	if limit := f.kind.limit(); f.length > limit {
		return f, violation("%s frame of %d bytes, at most %d are allowed", f.kind, f.length, limit)
	}
	return f, nil
}

// limit is the most payload that a kind may have.
func (k Kind) limit() int {
	switch k {
	case KindRequest, KindResponse, KindTrailer:
		return MaxHead
	case KindBody:
		return MaxBody
	case KindAsk:
		return MaxAsk
	case KindAnswer:
		return MaxAnswer
	}
	return MaxSmall
}

// ProtocolError is a violation of the gateway interface by the other side. The
// connection on which it happened must be closed; nothing else.
type ProtocolError struct {
	Reason string
}

func (e *ProtocolError) Error() string { return "wire: not the gateway interface: " + e.Reason }

func violation(format string, args ...any) *ProtocolError {
	return &ProtocolError{Reason: fmt.Sprintf(format, args...)}
}
