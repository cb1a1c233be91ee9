package dram

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// patience is how long a client may take to receive one piece of a stream. A
// client that is gone without a word must not hold a worker for ever.
const patience = 30 * time.Second

// Stream answers with what write writes, each piece at once: for what is long,
// or comes slowly. The header is sent with the first piece, so an error before
// it is answered as usual; after it the connection is cut, and the client sees
// that something is missing. Writing fails when the client is gone, and after
// 30 seconds in which it took nothing. HEAD gets the header only.
//
// write should end when [Context.Draining] says so, if it would not end soon.
func (c *Context) Stream(contentType string, write func(w io.Writer) error) error {
	header := c.Writer.Header()
	setDefault(header, "Content-Type", contentType)
	header.Set("X-Accel-Buffering", "no") // for an nginx in front
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeader(c.statusOr(http.StatusOK))
		return nil
	}
	s := c.newStreamWriter()
	return write(s)
}

// streamWriter sends each piece at once.
type streamWriter struct {
	out     http.ResponseWriter
	control *http.ResponseController
	status  int // to send before the first piece, 0 afterwards
}

func (c *Context) newStreamWriter() *streamWriter {
	c.x.mu.Lock()
	c.x.stream = true
	c.x.mu.Unlock()
	return &streamWriter{out: c.Writer, control: http.NewResponseController(c.Writer), status: c.statusOr(http.StatusOK)}
}

func (s *streamWriter) begin() {
	if s.status != 0 {
		s.out.WriteHeader(s.status)
		s.status = 0
	}
}

// Write sends p.
func (s *streamWriter) Write(p []byte) (int, error) {
	s.begin()
	// A connection without deadlines, as in a test, has none here either.
	_ = s.control.SetWriteDeadline(time.Now().Add(patience))
	// Cleared, for HTTP/2 resets a stream at its deadline although nothing is
	// being written.
	defer s.end()
	n, err := s.out.Write(p)
	if err != nil {
		return n, err
	}
	return n, s.flush()
}

// flush sends what is written. A middleware that cannot is no error: it sends
// when it wants to.
func (s *streamWriter) flush() error {
	if err := s.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// end takes the deadline back.
func (s *streamWriter) end() { _ = s.control.SetWriteDeadline(time.Time{}) }

// statusOr returns the status that the handler has chosen, or def.
func (c *Context) statusOr(def int) int {
	if c.status != 0 {
		return c.status
	}
	return def
}
