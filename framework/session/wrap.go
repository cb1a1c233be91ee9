package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
)

type contextKey struct{}

// From returns the session that [Manager.Wrap] put into a request's context,
// or nil where there is none.
func From(ctx context.Context) *Session {
	s, _ := ctx.Value(contextKey{}).(*Session)
	return s
}

// Wrap gives every request a session, found by [From], and commits it right
// before the response header is sent. Where a store cannot end a session that
// the handler has ended, the answer is 503 instead of the handler's.
func (m *Manager) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Load(r)
		sw := &writer{ResponseWriter: w, manager: m, request: r, session: s}
		next.ServeHTTP(sw, r.WithContext(context.WithValue(r.Context(), contextKey{}, s)))
		sw.commit()
	})
}

// writer commits the session at whatever sends the header.
type writer struct {
	http.ResponseWriter
	manager *Manager
	request *http.Request
	session *Session
	warned  bool // of flash messages that had no room
	refused bool // answered with 503, the handler's response is dropped
}

func (w *writer) commit() {
	if n := w.session.Cut(); n > 0 && !w.warned {
		w.warned = true
		slog.WarnContext(w.request.Context(), "flash messages had no room in the session", "cut", n, "path", w.request.URL.Path)
	}
	err := w.manager.Commit(w.Header(), w.request, w.session)
	if err == nil {
		return
	}
	slog.ErrorContext(w.request.Context(), "the session was not written", "error", err)
	if errors.Is(err, ErrNotEnded) {
		w.refused = true
		clear(w.Header())
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w.ResponseWriter, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	}
}

// WriteHeader commits before final statuses; 1xx responses are not the header.
func (w *writer) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.commit()
	}
	if !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.commit()
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// WriteString keeps io.WriteString from copying.
func (w *writer) WriteString(s string) (int, error) {
	w.commit()
	if w.refused {
		return len(s), nil
	}
	return io.WriteString(w.ResponseWriter, s)
}

// ReadFrom keeps the server's way of sending files.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	w.commit()
	if w.refused {
		return io.Copy(io.Discard, r)
	}
	return io.Copy(w.ResponseWriter, r)
}

// Flush sends what was written; where the server cannot, it does nothing.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController looks for.
func (w *writer) FlushError() error {
	w.commit()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack takes over the connection; the session can no longer be written.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.commit()
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the server's writer for deadlines.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
