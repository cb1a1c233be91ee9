package gateway

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
)

// recovered answers 500 when the app's handler panics and has sent nothing,
// and otherwise cuts the response. Either way the stack is logged.
// http.ErrAbortHandler passes: the handler wants its response cut.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := &sentWriter{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			log.Error("the app panicked", "panic", fault, "method", r.Method, "path", r.URL.EscapedPath(),
				"id", r.Header.Get("X-Request-Id"), "stack", string(debug.Stack()))
			if sent.sent {
				panic(http.ErrAbortHandler)
			}
			clear(w.Header())
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}()
		next.ServeHTTP(sent, r)
	})
}

// sentWriter knows whether a response has begun. It can do what the writer of
// net/http's server can, which apps may rely on.
type sentWriter struct {
	http.ResponseWriter
	sent bool
}

// Unwrap is for http.ResponseController.
func (w *sentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *sentWriter) WriteHeader(status int) {
	w.sent = w.sent || status >= 200 || status == http.StatusSwitchingProtocols
	w.ResponseWriter.WriteHeader(status)
}

func (w *sentWriter) Write(b []byte) (int, error) {
	w.sent = true
	return w.ResponseWriter.Write(b)
}

func (w *sentWriter) WriteString(s string) (int, error) {
	w.sent = true
	return io.WriteString(w.ResponseWriter, s)
}

func (w *sentWriter) ReadFrom(r io.Reader) (int64, error) {
	w.sent = true
	return io.Copy(w.ResponseWriter, r) // by its own ReadFrom
}

func (w *sentWriter) Flush() { _ = w.FlushError() } // Flush has no error to return

func (w *sentWriter) FlushError() error {
	w.sent = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *sentWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.sent = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}
