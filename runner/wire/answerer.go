package wire

import (
	"context"
	"encoding/binary"
)

// Answerer is the worker's side of a message connection.
type Answerer struct {
	conn *Conn
	in   *inbox
	out  *outbox
}

// NewAnswerer takes over a connection for which Messages has reported true.
func NewAnswerer(c *Conn) *Answerer {
	return &Answerer{conn: c, in: newInbox(c), out: newOutbox(c)}
}

// Asked is what a front says on a message connection.
type Asked struct {
	Exchange uint16
	Request  string // for ParseAsked; "" when the exchange is cancelled
	Ticket   uint64 // of a response that moved and that nobody claims, with Request ""
}

// Next waits for what the front says next. io.EOF means that it has closed the
// connection.
func (a *Answerer) Next() (Asked, error) {
	f, payload, err := a.in.next()
	if err != nil {
		return Asked{}, err
	}
	if f.kind == KindCancel {
		id, ticket, err := parseTicket(payload)
		return Asked{Exchange: id, Ticket: ticket}, err
	}
	if len(payload) < 3 {
		return Asked{}, violation("ASK frame of %d bytes", len(payload))
	}
	return Asked{Exchange: binary.BigEndian.Uint16(payload[1:]), Request: string(payload)}, nil
}

// ParseAsked decodes a request; one that has a body is a violation.
func ParseAsked(text string, r *Request) error {
	if err := parseRequest(text, r); err != nil {
		return err
	}
	if r.Length > 0 || r.Expects {
		return violation("a request of %d bytes of body by message", r.Length)
	}
	return nil
}

// FitsAnswer reports that a response is not too large for a message. One that
// breaks the rules does not fit: it must break no more than its own connection.
func FitsAnswer(r *Response, fields, body []byte) bool {
	return len(fields)+len(body)+answerFront+32 <= MaxAnswer && // 32 is more than what else a head has
		r.Length < maxLength && fewFields(fields)
}

// Answer sends a whole response that fits, whose fields are a list without its
// end. The error is why nothing can be sent any more.
func (a *Answerer) Answer(exchange uint16, r *Response, fields, body []byte) error {
	return a.out.end(appendAnswer(a.out.begin(), exchange, r, fields, body))
}

// Move says that the response goes by the stream connection on which it is
// claimed with this ticket, which is not 0.
func (a *Answerer) Move(exchange uint16, ticket uint64) error {
	return a.out.end(appendTicket(a.out.begin(), KindMove, exchange, ticket))
}

// Flush waits until all that was to be sent is with the kernel, or never will
// be. Its error is that of ctx, if that ends before.
func (a *Answerer) Flush(ctx context.Context) error {
	rested := a.out.rest()
	if rested == nil {
		return nil
	}
	select {
	case <-rested:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Abort says why the worker closes the connection.
func (a *Answerer) Abort(code AbortCode, text string) error {
	frames := a.out.begin()
	at := len(frames)
	frames = append(frames, 0, 0, 0, 0, byte(code))
	frames = appendString(frames, text[:min(len(text), 1000)])
	putHeader(frames[at:], KindAbort, false, len(frames)-at-headerSize)
	return a.out.end(frames)
}

// Close ends the connection.
func (a *Answerer) Close() { a.conn.Close() }
