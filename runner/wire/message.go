package wire

import (
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"syscall"
)

// appendAsk appends a whole request as a frame.
func appendAsk(b []byte, r *Request) ([]byte, error) {
	at := len(b)
	b = AppendRequest(append(b, 0, 0, 0, 0), r)
	n := len(b) - at - headerSize
	if n > MaxAsk {
		return b[:at], violation("request of %d bytes, at most %d go by message", n, MaxAsk)
	}
	if !fewFields(r.Fields) { // it would end the connection for all
		return b[:at], violation("request of more than %d fields", MaxFields)
	}
	putHeader(b[at:], KindAsk, true, n)
	return b, nil
}

// answerFront is what an ANSWER has before its head: the number of the
// exchange, and the length of the head.
const answerFront = 2 + 4

// appendAnswer appends a whole response as a frame. fields are a list without
// its end.
func appendAnswer(b []byte, id uint16, r *Response, fields, body []byte) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0, 0, 0, 0)
	head := len(b)
	r.Exchange = id
	b = AppendEnd(append(AppendResponse(b, r), fields...))
	binary.BigEndian.PutUint32(b[head-4:], uint32(len(b)-head))
	b = append(b, body...)
	putHeader(b[at:], KindAnswer, true, len(b)-at-headerSize)
	return b
}

// splitAnswer decodes the head of an ANSWER and returns the body, a part of the
// payload.
func splitAnswer(payload []byte, r *Response) (body []byte, err error) {
	if len(payload) < answerFront {
		return nil, violation("ANSWER of %d bytes", len(payload))
	}
	id, n := binary.BigEndian.Uint16(payload), binary.BigEndian.Uint32(payload[2:])
	payload = payload[answerFront:]
	if uint64(n) > uint64(len(payload)) {
		return nil, violation("ANSWER with a head of %d bytes, %d are left", n, len(payload))
	}
	if err := parseResponse(payload[:n], r); err != nil {
		return nil, err
	}
	switch {
	case r.Exchange != id:
		return nil, violation("ANSWER to request %d whose head says %d", id, r.Exchange)
	case r.Status < 200:
		return nil, violation("ANSWER with status %d", r.Status)
	}
	return payload[n:], nil
}

// parseAnswer decodes an ANSWER to a request by this method.
func parseAnswer(payload []byte, r *Response, method string) (body []byte, err error) {
	body, err = splitAnswer(payload, r)
	if err != nil {
		return nil, err
	}
	switch bodiless := withoutBody(method, r.Status); {
	case bodiless && len(body) > 0:
		return nil, violation("response %d to %s with a body", r.Status, method)
	case !bodiless && r.Length != int64(len(body)):
		return nil, violation("body of %d bytes, its head says %d", len(body), r.Length)
	}
	return body, nil
}

// appendTicket appends a frame with the number of an exchange and a ticket.
func appendTicket(b []byte, kind Kind, id uint16, ticket uint64) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint16(append(b, 0, 0, 0, 0), id)
	b = binary.AppendUvarint(b, ticket)
	putHeader(b[at:], kind, true, len(b)-at-headerSize)
	return b
}

func parseTicket(payload []byte) (id uint16, ticket uint64, err error) {
	in := reader{rest: string(payload)}
	id, ticket = in.uint16("exchange"), in.uvarint("ticket")
	return id, ticket, in.end()
}

func parseClaim(payload []byte, r *Request) error {
	in := reader{rest: string(payload)}
	ticket := in.uvarint("ticket")
	if in.fault == nil && ticket == 0 {
		in.fail("claim without a ticket")
	}
	*r = Request{Claim: ticket}
	return in.end()
}

// withoutBody reports a response that has no body whatever its length says
// (RFC 9110, section 6.4.1).
func withoutBody(method string, status int) bool {
	return method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}

// byMessage checks that this side may send a frame on a message connection.
func (f frame) byMessage(from Side) error {
	switch {
	case f.kind == KindAbort && from == Worker:
		return nil
	case !f.end:
	case from == Worker && (f.kind == KindAnswer || f.kind == KindMove):
		return nil
	case from == Front && (f.kind == KindAsk || f.kind == KindCancel):
		return nil
	}
	return violation("%s frame of the %s (END %t) on a message connection", f.kind, from, f.end)
}

// inbox reads the frames of a message connection, as many at once as there are.
type inbox struct {
	c          *Conn
	buffer     []byte
	start, end int

	try func(fd uintptr) bool // tryRead
	n   int
	err error
}

// inboxSize is how much is read at once.
const inboxSize = 64 << 10

// newInbox goes on where the HELLO has ended.
func newInbox(c *Conn) *inbox {
	in := &inbox{c: c, buffer: make([]byte, inboxSize)}
	if c.in.buffered() > 0 {
		in.end = copy(in.buffer, c.in.buffer[c.in.start:c.in.end])
		c.consume(in.end)
	}
	in.try = in.tryRead
	return in
}

// next returns the next frame, whose payload is valid until the call after.
func (in *inbox) next() (frame, []byte, error) {
	for {
		if err := in.fill(headerSize); err != nil {
			return frame{}, nil, err
		}
		f, err := parseHeader(in.buffer[in.start:])
		if err != nil {
			return f, nil, err
		}
		if err := in.fill(headerSize + f.length); err != nil {
			return f, nil, unexpected(err)
		}
		payload := in.buffer[in.start+headerSize : in.start+headerSize+f.length]
		in.start += headerSize + f.length
		switch {
		case f.kind.known():
			return f, payload, f.byMessage(in.c.side.other())
		case !f.optional:
			return f, nil, violation("%s frame, which is unknown here and not optional", f.kind)
		}
	}
}

// fill waits until n bytes are there.
func (in *inbox) fill(n int) error {
	if in.end-in.start >= n {
		return nil
	}
	if in.start > 0 {
		in.end = copy(in.buffer, in.buffer[in.start:in.end])
		in.start = 0
	}
	if n > len(in.buffer) {
		in.buffer = append(in.buffer, make([]byte, n-len(in.buffer))...)
	}
	for in.end < n {
		if err := in.read(); err != nil {
			if err == io.EOF && in.end > 0 {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (in *inbox) read() error {
	in.n, in.err = 0, nil
	if in.c.raw == nil {
		if in.n, in.err = in.c.conn.Read(in.buffer[in.end:]); in.n > 0 {
			in.err = nil // it comes again
		}
	} else if err := in.c.raw.Read(in.try); err != nil {
		return err
	} else if in.n == 0 && in.err == nil {
		in.err = io.EOF
	}
	in.end += in.n
	return in.err
}

// tryRead is called by the runtime when there may be something to read.
func (in *inbox) tryRead(fd uintptr) bool {
	for {
		n, err := in.c.read(fd, in.buffer[in.end:])
		switch err {
		case nil:
			in.n = n
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			in.err = os.NewSyscallError("read", err)
			return true
		}
	}
}
