package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// Hijack gives the handler the client's connection. What it writes there must
// be a response as HTTP/1.1 has it; with status 101 both directions are raw
// after its head, every other ends when the handler closes the connection.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.done:
		panic("gateway: Hijack called after ServeHTTP finished")
	case w.taken != nil:
		return nil, nil, http.ErrHijacked
	}
	if _, err := w.x.conn.stream(); err != nil {
		return nil, nil, err
	}
	t := &takenConn{x: w.x, mode: takingHead}
	if w.status != 0 { // its head was the handler's first word
		t.begin(w.status)
		w.last = true
		if w.send(t.mode == takingRaw); w.failed != nil {
			return nil, nil, w.failed
		}
		if t.mode == takingRaw {
			w.x.conn.wire.Upgrade()
		}
	}
	w.taken = t
	w.x.conn.rest() // its end is no longer ours to tell
	return t, bufio.NewReadWriter(bufio.NewReader(t), bufio.NewWriter(t)), nil
}

func (w *response) isHijacked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken != nil
}

// mode is what the handler's next bytes on a hijacked connection are.
type mode int

const (
	takingHead   mode = iota // the head of a response
	takingRaw                // of an upgraded connection
	takingBody               // of a response whose head net/http's writer has sent
	takingParsed             // of a response that a goroutine reads as a client does
)

// takenConn is a hijacked connection.
type takenConn struct {
	x *exchange

	mu     sync.Mutex
	mode   mode
	head   []byte
	pipe   *io.PipeWriter // to the goroutine of takingParsed
	relay  sync.WaitGroup
	closed bool
}

// longestHead is how much of a response head a handler may write by hand.
const longestHead = 64 << 10

func (t *takenConn) begin(status int) {
	t.mode = takingBody
	if status == http.StatusSwitchingProtocols {
		t.mode = takingRaw
	}
}

func (t *takenConn) Write(p []byte) (int, error) {
	t.mu.Lock()
	mode, closed := t.mode, t.closed
	t.mu.Unlock()
	switch {
	case closed:
		return 0, net.ErrClosed
	case mode == takingRaw:
		return t.x.conn.wire.Write(p)
	case mode == takingBody:
		if err := t.x.conn.wire.WriteBody(p, false); err != nil {
			return 0, err
		}
		return len(p), nil
	case mode == takingParsed:
		return t.pipe.Write(p)
	}
	t.head = append(t.head, p...)
	end := bytes.Index(t.head, []byte("\r\n\r\n"))
	if end < 0 {
		if len(t.head) > longestHead {
			return 0, errors.New("gateway: the head of a hijacked response is too long")
		}
		return len(p), nil
	}
	if err := t.start(end + 4); err != nil {
		return 0, err
	}
	return len(p), nil
}

// start sends the head that the handler has written, of which n bytes are
// there, and what follows it.
func (t *takenConn) start(n int) error {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(t.head[:n])), t.x.request)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.parse()
		return nil
	}
	fields := wire.AppendFields(nil, resp.Header)
	if err := t.x.conn.wire.WriteResponse(&wire.Response{Status: resp.StatusCode, Length: -1}, fields, true); err != nil {
		return err
	}
	t.x.conn.wire.Upgrade()
	t.setMode(takingRaw)
	if rest := t.head[n:]; len(rest) > 0 {
		_, err = t.x.conn.wire.Write(rest)
	}
	t.head = nil
	return err
}

func (t *takenConn) setMode(m mode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mode = m
}

// parse reads the response as a client would and sends it in frames.
func (t *takenConn) parse() {
	head := t.head
	t.head = nil
	r, w := io.Pipe()
	t.pipe = w
	t.setMode(takingParsed)
	t.relay.Go(func() {
		r.CloseWithError(t.relayResponse(io.MultiReader(bytes.NewReader(head), r)))
	})
}

func (t *takenConn) relayResponse(text io.Reader) error {
	resp, err := http.ReadResponse(bufio.NewReader(text), t.x.request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	resp.Header.Set("Connection", "close")
	c := t.x.conn.wire
	if resp.Body == http.NoBody || t.x.response.isHead() {
		return c.WriteResponse(&wire.Response{Status: resp.StatusCode, Length: resp.ContentLength, Last: true}, wire.AppendFields(nil, resp.Header), true)
	}
	if err := c.WriteResponse(&wire.Response{Status: resp.StatusCode, Length: resp.ContentLength, Last: true}, wire.AppendFields(nil, resp.Header), false); err != nil {
		return err
	}
	if _, err := io.Copy(bodyWriter{c}, resp.Body); err != nil {
		return err
	}
	return c.WriteBody(nil, true)
}

// bodyWriter writes BODY frames.
type bodyWriter struct{ conn *wire.Conn }

func (w bodyWriter) Write(p []byte) (int, error) {
	if err := w.conn.WriteBody(p, false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read reads what the client sends: the rest of the request's body, then what
// comes after 101.
func (t *takenConn) Read(p []byte) (int, error) {
	if n, err := t.x.body.Read(p); err != io.EOF {
		return n, err
	}
	t.mu.Lock()
	mode := t.mode
	t.mu.Unlock()
	if mode != takingRaw {
		return 0, io.EOF // nothing comes before 101
	}
	return t.x.conn.wire.Read(p)
}

// Close ends the response; a front that got none cuts its client.
func (t *takenConn) Close() error {
	t.mu.Lock()
	mode, closed := t.mode, t.closed
	t.closed = true
	t.mu.Unlock()
	if closed {
		return net.ErrClosed
	}
	c := t.x.conn.wire
	switch mode {
	case takingHead:
		_ = c.WriteAbort(wire.AbortHandler, "hijacked and closed without a response")
	case takingBody:
		_ = c.WriteBody(nil, true)
	case takingParsed:
		t.pipe.Close()
		t.relay.Wait()
	}
	return c.Close()
}

// CloseWrite ends the direction to the client of an upgraded connection.
func (t *takenConn) CloseWrite() error { return t.x.conn.wire.CloseWrite() }

func (t *takenConn) LocalAddr() net.Addr  { return address(t.x.scope.local) }
func (t *takenConn) RemoteAddr() net.Addr { return address(t.x.request.RemoteAddr) }

func (t *takenConn) SetDeadline(d time.Time) error {
	return errors.Join(t.SetReadDeadline(d), t.SetWriteDeadline(d))
}
func (t *takenConn) SetReadDeadline(d time.Time) error  { return t.x.conn.wire.SetReadDeadline(d) }
func (t *takenConn) SetWriteDeadline(d time.Time) error { return t.x.conn.wire.SetWriteDeadline(d) }
