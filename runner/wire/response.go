package wire

import (
	"encoding/binary"
	"fmt"
	"net/http"
)

// Response is the head of a response.
type Response struct {
	Exchange uint16 // that of the request; set by Conn
	Status   int
	Length   int64 // of the body in bytes, -1 when it is unknown or not said
	Last     bool  // the worker takes no other request on this connection
	Header   http.Header
	Fields   Fields // what Header is made of; set by ParseResponse and by Conn
}

// The flags of a response.
const responseLast = 1 << 0

// AppendResponse appends the payload of a RESPONSE up to its fields, of which
// r.Header is ignored: the caller appends them and AppendEnd.
func AppendResponse(b []byte, r *Response) []byte {
	var flags byte
	if r.Last {
		flags |= responseLast
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint16(b, r.Exchange)
	b = binary.BigEndian.AppendUint16(b, uint16(r.Status))
	return binary.AppendUvarint(b, uint64(r.Length+1))
}

// ParseResponse decodes the payload of a RESPONSE.
func ParseResponse(payload []byte, r *Response) error {
	if err := parseResponse(payload, r); err != nil {
		return err
	}
	r.Header = r.Fields.Header()
	return nil
}

// parseResponse leaves the fields in their list.
func parseResponse(payload []byte, r *Response) error {
	in := reader{rest: string(payload)}
	r.Last = in.byte("flags")&responseLast != 0
	r.Exchange = in.uint16("exchange")
	r.Status = int(in.uint16("status"))
	r.Length = in.length()
	r.Header, r.Fields = nil, in.list()
	if in.fault == nil && (r.Status < 100 || r.Status > 999) {
		in.fail("status %d", r.Status)
	}
	return in.end()
}

// Abort is why a worker ends a connection in the middle of an exchange.
type Abort struct {
	Code AbortCode
	Text string // for a log
}

// AbortCode says whose doing an abort is.
type AbortCode byte

// The codes of aborts.
const (
	AbortHandler AbortCode = 1 // the handler gave up: the client's connection must be cut
	AbortBroken  AbortCode = 2 // the front broke the protocol
)

func (a *Abort) Error() string { return fmt.Sprintf("wire: aborted by the worker: %s", a.Text) }

// Handler reports that the app wanted the client's connection to be cut.
func (a *Abort) Handler() bool { return a.Code == AbortHandler }

func parseAbort(payload []byte) (*Abort, error) {
	in := reader{rest: string(payload)}
	a := &Abort{Code: AbortCode(in.byte("code")), Text: in.string("text")}
	return a, in.end()
}

// The range of versions of the protocol that this build speaks.
const (
	MinVersion = 1
	MaxVersion = 1
)

// Hello opens each direction of a connection.
type Hello struct {
	Side     Side
	Min, Max byte // versions
	Features uint64
}

// FeatureMessages makes a connection whose both sides have it a message
// connection.
const FeatureMessages = 1 << 0

const magic = "DGI\n"

func appendHello(b []byte, h Hello) []byte {
	b = append(b, magic...)
	b = append(b, byte(h.Side), h.Min, h.Max)
	return binary.AppendUvarint(b, h.Features)
}

// parseHello decodes a HELLO. What follows the features is left to later
// versions.
func parseHello(payload []byte) (Hello, error) {
	if len(payload) < len(magic) || string(payload[:len(magic)]) != magic {
		return Hello{}, violation("HELLO that begins with %.8q", payload)
	}
	in := reader{rest: string(payload[len(magic):])}
	h := Hello{Side: Side(in.byte("side")), Min: in.byte("version"), Max: in.byte("version")}
	h.Features = in.uvarint("features")
	if in.fault == nil && (h.Side != Front && h.Side != Worker || h.Min == 0 || h.Min > h.Max) {
		in.fail("HELLO of side %d for the versions %d to %d", h.Side, h.Min, h.Max)
	}
	return h, in.fault
}

// VersionError means that the two sides have no version in common.
type VersionError struct {
	Side           Side // the other one
	Min, Max       byte // its versions
	OurMin, OurMax byte
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("wire: the %s speaks versions %d to %d of the gateway interface, this %s %d to %d; start both from builds that have one in common",
		e.Side, e.Min, e.Max, e.Side.other(), e.OurMin, e.OurMax)
}
