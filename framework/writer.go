package dram

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
)

// responseWriter notes what is sent and does what must be done right before
// the header goes: sealing the session and adding the security headers. What
// it does not do itself, http.ResponseController finds below it.
type responseWriter struct {
	http.ResponseWriter
	commit func() error // called once, before the header is sent; may be nil
	refuse func(error)  // answers through the ResponseWriter below instead, after an error of commit

	before   http.Header // what a net/http middleware around the handler had set
	status   int         // sent, 0 while nothing is
	bytes    int64
	headOnly bool // HEAD: what is written is not sent
	hijacked bool
	refused  bool // the response is that of refuse, and the handler's is dropped
}

var (
	_ http.Flusher  = (*responseWriter)(nil)
	_ http.Hijacker = (*responseWriter)(nil)
	_ io.ReaderFrom = (*responseWriter)(nil)
)

// Unwrap is for http.ResponseController.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the header, or an informational one (1xx).
func (w *responseWriter) WriteHeader(status int) {
	informational := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	if w.status == 0 && !w.hijacked && !informational {
		w.status = status
		if w.commit != nil {
			if err := w.commit(); err != nil {
				w.refused = true
				w.refuse(err)
				return
			}
		}
	}
	if w.refused {
		return
	}
	w.ResponseWriter.WriteHeader(status) // says so itself if that is superfluous
}

// begin sends the header with 200 if none has been sent.
func (w *responseWriter) begin() {
	if w.status == 0 && !w.hijacked {
		w.WriteHeader(http.StatusOK)
	}
}

// Write sends the header with 200 if none has been sent, and p.
func (w *responseWriter) Write(p []byte) (int, error) {
	if w.status == 0 && !w.hijacked {
		w.sniff(p)
		w.begin()
	}
	if w.refused {
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(p)
	w.count(int64(n))
	return n, err
}

// sniff sets the Content-Type as net/http would, but in time for commit.
func (w *responseWriter) sniff(p []byte) {
	header := w.Header()
	_, typed := header["Content-Type"]
	if !typed && header.Get("Content-Encoding") == "" && len(p) > 0 {
		header.Set("Content-Type", http.DetectContentType(p))
	}
}

// ReadFrom lets the connection take a file without copying it through us.
func (w *responseWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		if _, typed := w.Header()["Content-Type"]; !typed {
			return io.Copy(writerOnly{w}, src) // sniffed from the first piece
		}
		w.begin()
	}
	if w.refused {
		return io.Copy(io.Discard, src)
	}
	n, err := io.Copy(w.ResponseWriter, src)
	w.count(n)
	return n, err
}

// writerOnly hides ReadFrom.
type writerOnly struct{ io.Writer }

func (w *responseWriter) count(n int64) {
	if !w.headOnly {
		w.bytes += n
	}
}

// Flush is FlushError for those who ask for a http.Flusher.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError sends what has been written so far.
func (w *responseWriter) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands over the connection. The response is the caller's from then on.
func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = err == nil
	return conn, rw, err
}

// begun reports whether it is too late for another answer.
func (w *responseWriter) begun() bool { return w.status != 0 || w.hijacked }

// complete reports whether all of the body that the header announces has been
// written. Without a Content-Length nobody knows, and the answer is no.
func (w *responseWriter) complete() bool {
	if w.hijacked || w.headOnly || w.refused || w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return true
	}
	announced, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	return err == nil && w.bytes >= announced
}
