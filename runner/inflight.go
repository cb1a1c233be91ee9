package runner

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/tempo"
)

// inFlight are the requests that run in a worker: what it tells its master of
// each second, and how it finds those that hang.
type inFlight struct {
	tempo *tempo.Tempo // counts them, too

	mu     sync.Mutex
	first  *flight // the oldest; the list is in the order of their begin
	last   *flight
	count  int
	done   uint64
	failed uint64
}

// flight is one request, and the ResponseWriter that its handler gets: so it
// costs one allocation.
type flight struct {
	http.ResponseWriter
	request  *http.Request
	begun    time.Time
	ended    time.Time    // when its context was first seen to have ended; belongs to survey
	named    bool         // in the log, as one that hangs; belongs to survey
	status   atomic.Int32 // of the response; 0: it has not begun
	next     *flight
	previous *flight
}

// counted wraps the app.
func (l *inFlight) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := &flight{ResponseWriter: w, request: r, begun: time.Now()}
		l.enter(f)
		l.tempo.Step()
		whole := false
		defer func() { l.leave(f, whole) }()
		next.ServeHTTP(f, r)
		whole = true
	})
}

func (l *inFlight) enter(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	f.previous = l.last
	if l.last != nil {
		l.last.next = f
	} else {
		l.first = f
	}
	l.last = f
}

// leave counts a request out; one whose handler panicked is not whole.
func (l *inFlight) leave(f *flight, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count--
	l.done++
	if !whole || f.status.Load() >= http.StatusInternalServerError {
		l.failed++
	}
	if f.previous != nil {
		f.previous.next = f.next
	} else {
		l.first = f.next
	}
	if f.next != nil {
		f.next.previous = f.previous
	} else {
		l.last = f.previous
	}
}

const (
	// stuckAfter is how long a request may run on when its context has ended.
	stuckAfter = 10 * time.Second
	// streamAfter is how long a response must have been under way to be called
	// a stream.
	streamAfter = 10 * time.Second
	// maxStreams is how many streams a beat names.
	maxStreams = 100
)

// survey looks at everything that runs. hung are the requests, each named
// once, that have not begun their response and on which the front gives up
// when they are as old as limit: before that, because then they may have gone,
// and nobody would see where they hung.
func (l *inFlight) survey(now time.Time, limit time.Duration) (pulse control.Pulse, hung []control.Busy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit -= min(control.WorkerBeat, limit/2)
	pulse = control.Pulse{InFlight: l.count, Done: l.done, Failed: l.failed}
	for f := l.first; f != nil; f = f.next {
		silent := f.status.Load() == 0
		switch {
		case silent && pulse.Oldest == nil:
			busy := f.busy()
			pulse.Oldest = &busy
		case !silent && now.Sub(f.begun) >= streamAfter && len(pulse.Streams) < maxStreams:
			pulse.Streams = append(pulse.Streams, f.busy())
		}
		if silent && limit > 0 && now.Sub(f.begun) >= limit && !f.named {
			f.named = true
			hung = append(hung, f.busy())
		}
		if f.request.Context().Err() == nil {
			continue
		}
		if f.ended.IsZero() {
			f.ended = now
		}
		if now.Sub(f.ended) >= stuckAfter {
			pulse.Stuck++
		}
	}
	return pulse, slices.Clip(hung)
}

func (f *flight) busy() control.Busy {
	r := f.request
	return control.Busy{
		ID: cut(r.Header.Get("X-Request-Id"), 64), Method: cut(r.Method, 32), Path: cut(r.URL.EscapedPath(), 200), Begun: f.begun,
	}
}

// cut bounds what a beat says of a request. Clients choose these words, and a
// beat too long for a message would never arrive: the worker would seem to
// hang.
func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "") + "…"
}

// note remembers the status. Informational responses are no beginning.
func (f *flight) note(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		f.status.CompareAndSwap(0, int32(status))
	}
}

// Unwrap is for http.ResponseController.
func (f *flight) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func (f *flight) WriteHeader(status int) {
	f.note(status)
	f.ResponseWriter.WriteHeader(status)
}

func (f *flight) Write(b []byte) (int, error) {
	f.note(http.StatusOK)
	return f.ResponseWriter.Write(b)
}

func (f *flight) WriteString(s string) (int, error) {
	f.note(http.StatusOK)
	return io.WriteString(f.ResponseWriter, s)
}

func (f *flight) ReadFrom(r io.Reader) (int64, error) {
	f.note(http.StatusOK)
	return io.Copy(f.ResponseWriter, r) // by its own ReadFrom
}

func (f *flight) Flush() { _ = f.FlushError() } // Flush has no error to return

func (f *flight) FlushError() error {
	f.note(http.StatusOK)
	return http.NewResponseController(f.ResponseWriter).Flush()
}

func (f *flight) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	f.note(http.StatusSwitchingProtocols)
	return http.NewResponseController(f.ResponseWriter).Hijack()
}
