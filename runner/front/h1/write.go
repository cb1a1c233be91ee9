package h1

import (
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Inform sends an informational response, 102 to 199 but 101, unless the final
// one has started or the client speaks HTTP/1.0.
func (x *Exchange) Inform(status int, h http.Header) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.started || x.head.minor == 0 || status < 102 || status > 199 {
		return
	}
	b := appendStatus(nil, 1, status)
	for _, name := range x.sorted(h) {
		if name != "Content-Length" && name != "Transfer-Encoding" && name != "Connection" {
			b = x.appendFields(b, name, h[name])
		}
	}
	x.note(x.c.send(&x.pace, append(b, "\r\n"...), nil))
}

// sendContinue asks the client for the body.
func (x *Exchange) sendContinue() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.started || x.continued {
		return
	}
	x.continued = true
	x.note(x.c.send(&x.pace, []byte("HTTP/1.1 100 Continue\r\n\r\n"), nil))
}

// note keeps the first failure of a write, after which nothing is sent.
func (x *Exchange) note(err error) error {
	if x.failed == nil {
		x.failed = err
	}
	return err
}

// Write sends octets of the body, though not at once unless they are many. It
// fails with http.ErrBodyNotAllowed if the status has no body, and with
// http.ErrContentLength beyond the length that was announced.
func (x *Exchange) Write(p []byte) (int, error) {
	if !x.started {
		x.Start(http.StatusOK, nil)
	}
	switch {
	case x.failed != nil:
		return 0, x.failed
	case x.bodiless && x.isHead():
		return len(p), nil
	case x.bodiless:
		return 0, http.ErrBodyNotAllowed
	}
	var over error
	if x.left >= 0 {
		if int64(len(p)) > x.left {
			p, over = p[:x.left], http.ErrContentLength
		}
	}
	if err := x.push(p); err != nil {
		return 0, x.note(err)
	}
	return len(p), over
}

func (x *Exchange) push(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	fits := len(x.out)+len(p)+gapSize <= outSize
	if !x.committed && !fits {
		x.commit(false)
	}
	if x.left >= 0 {
		x.left -= int64(len(p))
	}
	if x.committed && x.framing == chunks {
		x.out = append(strconv.AppendInt(x.out, int64(len(p)), 16), "\r\n"...)
	}
	if fits {
		x.out = append(x.out, p...)
	} else if err := x.release(p); err != nil {
		return err
	}
	if x.committed && x.framing == chunks {
		x.out = append(x.out, "\r\n"...)
	}
	return nil
}

// release sends what was collected, and p.
func (x *Exchange) release(p []byte) error {
	err := x.c.send(&x.pace, x.out, p)
	x.out = x.out[:0]
	return err
}

// Flush sends what was written so far.
func (x *Exchange) Flush() error {
	if !x.started {
		x.Start(http.StatusOK, nil)
	}
	if x.failed != nil {
		return x.failed
	}
	if !x.committed {
		x.commit(false)
	}
	if len(x.out) == 0 {
		return nil
	}
	return x.note(x.release(nil))
}

// ReadFrom sends octets of the body from r. The kernel sends those of an
// *os.File, also under one *io.LimitedReader, when the length was announced
// and the connection is in clear.
func (x *Exchange) ReadFrom(r io.Reader) (int64, error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	to, direct := x.c.net.(io.ReaderFrom)
	if _, ok := limited.R.(*os.File); !ok || !direct || x.c.tls != nil || x.bodiless || x.left < 0 {
		return io.Copy(struct{ io.Writer }{x}, r)
	}
	if err := x.Flush(); err != nil {
		return 0, err
	}
	var total int64
	for {
		want := min(limited.N, x.left, filePiece)
		n, err := x.sendFile(to, limited.R, want)
		total, x.left, limited.N = total+n, x.left-n, limited.N-n
		switch {
		case err != nil && !x.c.goesOn(int(n), err):
			return total, x.note(err)
		case err == nil && n < want, limited.N == 0: // the end of the file, or of what is wanted
			return total, nil
		case x.left == 0:
			return total, x.excess(limited)
		}
	}
}

// filePiece is how much the kernel is given at once, and how much of a file is
// sent before others have their turn.
const filePiece = 4 << 20

func (x *Exchange) sendFile(to io.ReaderFrom, file io.Reader, n int64) (int64, error) {
	now, err := x.c.expectProgress(&x.pace)
	if err != nil {
		return 0, err
	}
	sent, err := to.ReadFrom(&io.LimitedReader{R: file, N: n})
	x.pace.Add(int(sent), time.Since(now))
	return sent, err
}

// excess reports a reader with more than the announced length.
func (x *Exchange) excess(r *io.LimitedReader) error {
	if n, _ := r.Read(make([]byte, 1)); n > 0 {
		return http.ErrContentLength
	}
	return nil
}

// Trailer sets fields to send after the body. A body whose length was
// announced, and one for HTTP/1.0, has none.
func (x *Exchange) Trailer(h http.Header) { x.fields = h }

// Last makes this the last exchange on its connection, which the head of the
// response says if it is not on its way yet.
func (x *Exchange) Last() { x.last = true }

// Abort ends the connection after the handler such that the client knows that
// the response is incomplete.
func (x *Exchange) Abort() { x.aborted = true }

// Upgrade sends a 101 response with these fields and hands the connection
// over. The handler owns it then and must close it.
func (x *Exchange) Upgrade(h http.Header) (*Stream, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.started:
		return nil, errors.New("h1: upgrade after the start of a response")
	case x.head.minor == 0:
		return nil, errors.New("h1: HTTP/1.0 knows no upgrade")
	case x.body != nil && x.body.Failure() != io.EOF:
		return nil, errors.New("h1: upgrade before the end of the request's body")
	}
	x.started = true
	b := appendStatus(x.out[:0], 1, http.StatusSwitchingProtocols)
	for _, name := range x.sorted(h) {
		if name != "Content-Length" && name != "Transfer-Encoding" {
			b = x.appendFields(b, name, h[name])
		}
	}
	if err := x.note(x.c.send(&x.pace, append(b, "\r\n"...), nil)); err != nil {
		return nil, err
	}
	return x.c.take(), nil
}
