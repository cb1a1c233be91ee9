package wire

import (
	"errors"
	"net/http"
)

// Headroom is how many bytes a caller of WriteHead leaves free before the
// first bytes of a body, so that both go out in one write without a copy.
const Headroom = 1 << 10

// WriteRequest sends the head of a request and body. With end this is the whole
// message. body may have up to MaxBody bytes. sent says that some of it may
// have reached the worker although it failed.
func (c *Conn) WriteRequest(r *Request, body []byte, end bool) (sent bool, err error) {
	return c.writeRequest(r, body, end, c.writeTwo)
}

// Ask is WriteRequest for a whole request, and a wait for the first bytes of
// the response, or the end of waiting for them: ReadHead tells which. Both in
// one go save the first read, which would find nothing.
func (c *Conn) Ask(r *Request, body []byte) (sent bool, err error) {
	return c.writeRequest(r, body, true, c.writeAndWait)
}

func (c *Conn) writeRequest(r *Request, body []byte, end bool, write func(a, b []byte) error) (sent bool, err error) {
	c.exchange++
	r.Exchange = c.exchange
	c.in.phase, c.in.informed, c.in.trailer = atHead, 0, nil
	buffer := c.buffers.get()
	defer c.buffers.put(buffer)
	b := AppendRequest(buffer[:headerSize], r)
	if n := len(b) - headerSize; n > MaxHead {
		return false, violation("request head of %d bytes, at most %d are allowed", n, MaxHead)
	}
	putHeader(b, KindRequest, end && len(body) == 0, len(b)-headerSize)
	if len(body) > 0 {
		at := len(b)
		b = append(b, 0, 0, 0, 0)
		putHeader(b[at:], KindBody, end, len(body))
		if len(b)+len(body) <= cap(b) {
			b, body = append(b, body...), nil
		}
	}
	err = write(b, body)
	return c.out.sent > 0, err
}

// WriteBody sends bytes of a body, as many frames as it takes. With end they
// are the last.
func (c *Conn) WriteBody(p []byte, end bool) error {
	for {
		part := p[:min(len(p), MaxBody)]
		p = p[len(part):]
		var head [headerSize]byte
		putHeader(head[:], KindBody, end && len(p) == 0, len(part))
		if err := c.writeTwo(head[:], part); err != nil || len(p) == 0 {
			return err
		}
	}
}

// WriteTrailer ends a message with fields.
func (c *Conn) WriteTrailer(h http.Header) error {
	b := AppendEnd(AppendFields(make([]byte, headerSize, 256), h))
	if n := len(b) - headerSize; n > MaxHead {
		return violation("trailer of %d bytes, at most %d are allowed", n, MaxHead)
	}
	putHeader(b, KindTrailer, true, len(b)-headerSize)
	return c.write(b)
}

// WriteResponse sends the head of a response, whose fields are a list without
// its end. With end there is no body.
func (c *Conn) WriteResponse(r *Response, fields []byte, end bool) error {
	return c.WriteHead(r, fields, nil, 0, end)
}

// WriteHead sends the head of a response and in the same write the first bytes
// of its body: those of buffer from at on, before which Headroom bytes are free
// to be used. With end this is the whole message.
func (c *Conn) WriteHead(r *Response, fields, buffer []byte, at int, end bool) error {
	r.Exchange = c.exchange
	size := len(fields) + 2*headerSize + 20 // what AppendResponse and AppendEnd add at most
	var head, body []byte
	if len(buffer) > 0 {
		body = buffer[at:]
	}
	inPlace := len(body) > 0 && at >= size
	if inPlace {
		head = buffer[at-size : at-size : at]
	} else {
		head = make([]byte, 0, size)
	}
	head = append(head, 0, 0, 0, 0)
	head = AppendEnd(append(AppendResponse(head, r), fields...))
	if n := len(head) - headerSize; n > MaxHead {
		return violation("response head of %d bytes, at most %d are allowed", n, MaxHead)
	}
	putHeader(head, KindResponse, end && len(body) == 0, len(head)-headerSize)
	if len(body) == 0 {
		return c.write(head)
	}
	n := len(head)
	head = head[:n+headerSize]
	first := body[:min(len(body), MaxBody)]
	putHeader(head[n:], KindBody, end && len(first) == len(body), len(first))
	if inPlace { // move the head up to the body
		start := at - len(head)
		copy(buffer[start:at], head)
		if err := c.write(buffer[start : at+len(first)]); err != nil {
			return err
		}
	} else if err := c.writeTwo(head, first); err != nil {
		return err
	}
	if rest := body[len(first):]; len(rest) > 0 {
		return c.WriteBody(rest, end)
	}
	return nil
}

// WriteAbort gives an exchange up; Close should follow. It fails when a frame
// was sent in part: nothing can be said after that.
func (c *Conn) WriteAbort(code AbortCode, text string) error {
	if c.out.torn {
		return errors.New("wire: a frame was sent in part")
	}
	text = text[:min(len(text), 1000)]
	b := appendString(append(make([]byte, headerSize, headerSize+len(text)+4), byte(code)), text)
	putHeader(b, KindAbort, false, len(b)-headerSize)
	return c.write(b)
}

// Upgrade makes the connection a pipe for raw bytes: the worker calls it after
// it has sent RESPONSE 101, the front's side changes by itself when it reads
// that.
func (c *Conn) Upgrade() {
	c.in.phase = atRaw
	c.stall = 0 // the app has deadlines of its own
}

// Write sends raw bytes on an upgraded connection.
func (c *Conn) Write(p []byte) (int, error) {
	err := c.write(p)
	return c.out.sent, err
}

// WriteBuffered sends the bytes of buffer from at on as part of a body; the
// bytes before them are free to be used.
func (c *Conn) WriteBuffered(buffer []byte, at int, end bool) error {
	body := buffer[at:]
	if at < headerSize || len(body) > MaxBody {
		return c.WriteBody(body, end)
	}
	putHeader(buffer[at-headerSize:at], KindBody, end, len(body))
	return c.write(buffer[at-headerSize:])
}
