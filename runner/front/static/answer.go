package static

import (
	"crypto/rand"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Response is where an answer goes.
type Response interface {
	// StartPrepared begins a response: whole field lines, and the length of
	// the body. It keeps none of them.
	StartPrepared(status int, fields []byte, length int64)
	Write(p []byte) (int, error)
	// SendFile sends n octets of a file from an offset on, and leaves the
	// file's own offset alone.
	SendFile(f *os.File, offset, n int64) (int64, error)
	// Abort makes a response that has begun visibly incomplete.
	Abort()
}

// refused answers a method that files do not know.
func (r *Request) refused(w Response) bool {
	if r.isHead() || r.method == http.MethodGet {
		return false
	}
	const text = "a file answers only GET and HEAD\n"
	b := appendField(nil, "Allow", "GET, HEAD")
	b = appendField(b, "Content-Type", "text/plain; charset=utf-8")
	b = appendField(b, "X-Content-Type-Options", "nosniff")
	w.StartPrepared(http.StatusMethodNotAllowed, b, int64(len(text)))
	_, _ = w.Write([]byte(text)) // a client that is gone needs no answer
	return true
}

func (r *Request) isHead() bool { return r.method == http.MethodHead }

// answer answers a request with the form of a file that the client likes best.
func (f *file) answer(w Response, r *Request, now time.Time) {
	if r.refused(w) {
		return
	}
	form := f.forms[f.choose(r)]
	form.answer(w, r, validators{form.tag, f.modified}, now)
}

func (f *form) answer(w Response, r *Request, v validators, now time.Time) {
	switch r.judge(v) {
	case http.StatusNotModified:
		w.StartPrepared(http.StatusNotModified, f.fields[:f.kept], 0)
		return
	case http.StatusPreconditionFailed:
		w.StartPrepared(http.StatusPreconditionFailed, f.fields[:f.kept], 0)
		return
	}
	if r.wantsPart(v, now) {
		if parts, whole := parseRange(r.span, f.size); !whole {
			f.answerParts(w, parts)
			return
		}
	}
	w.StartPrepared(http.StatusOK, f.fields, f.size)
	if !r.isHead() {
		f.send(w, span{0, f.size})
	}
}

// send sends a part of the content and reports whether all of it was sent.
func (f *form) send(w Response, part span) bool {
	if f.content == nil {
		_, err := w.Write(f.body[part.from : part.from+part.length])
		return err == nil
	}
	if _, err := w.SendFile(f.content, part.from, part.length); err != nil {
		w.Abort() // the client is gone, or the file has become shorter
		return false
	}
	return true
}

// answerParts answers with ranges (RFC 9110, section 15.3.7 and 15.5.17).
func (f *form) answerParts(w Response, parts spans) {
	switch parts.n {
	case 0:
		b := append([]byte(nil), f.fields[:f.kept]...)
		b = append(b, "Content-Range: bytes */"...)
		b = append(strconv.AppendInt(b, f.size, 10), "\r\n"...)
		w.StartPrepared(http.StatusRequestedRangeNotSatisfiable, b, 0)
	case 1:
		b := make([]byte, 0, len(f.fields)+64)
		b = f.appendRange(append(b, f.fields...), parts.list[0])
		w.StartPrepared(http.StatusPartialContent, b, parts.list[0].length)
		f.send(w, parts.list[0])
	default:
		f.answerMultipart(w, parts)
	}
}

func (f *form) appendRange(b []byte, part span) []byte {
	b = append(b, "Content-Range: bytes "...)
	b = strconv.AppendInt(b, part.from, 10)
	b = strconv.AppendInt(append(b, '-'), part.from+part.length-1, 10)
	b = strconv.AppendInt(append(b, '/'), f.size, 10)
	return append(b, "\r\n"...)
}

// answerMultipart answers with several ranges (RFC 9110, section 14.6).
func (f *form) answerMultipart(w Response, parts spans) {
	boundary := rand.Text()
	var heads [maxSpans][]byte
	end := []byte("\r\n--" + boundary + "--\r\n")
	length := int64(len(end))
	for i, part := range parts.list[:parts.n] {
		head := append([]byte("\r\n--"+boundary+"\r\n"), f.fields[f.typed:]...)
		heads[i] = append(f.appendRange(head, part), "\r\n"...)
		length += int64(len(heads[i])) + part.length
	}
	b := append([]byte(nil), f.fields[:f.typed]...)
	b = appendField(b, "Content-Type", "multipart/byteranges; boundary="+boundary)
	w.StartPrepared(http.StatusPartialContent, b, length)
	for i, part := range parts.list[:parts.n] {
		if _, err := w.Write(heads[i]); err != nil || !f.send(w, part) {
			return
		}
	}
	_, _ = w.Write(end)
}
