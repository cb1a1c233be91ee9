package load

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Failure is a way in which a request gets no whole and right answer.
type Failure string

// The failures. After all but Wrong, Local and Refused the server may have
// done what was asked.
const (
	Refused   Failure = "refused"   // nobody accepts connections
	Reset     Failure = "reset"     // the connection was reset before the answer was whole
	EOF       Failure = "eof"       // the connection ended before the answer began
	Cut       Failure = "cut"       // the connection ended within the answer
	Timeout   Failure = "timeout"   // no whole answer within Plan.Timeout
	Malformed Failure = "malformed" // what came was no HTTP
	Wrong     Failure = "wrong"     // whole, but not what was asked for
	Local     Failure = "local"     // this client could not even try: no descriptors, no ports
)

// Lost reports whether a request that failed so was lost.
func (f Failure) Lost() bool { return f != Wrong && f != Local }

// classify says how an exchange failed; begun: its answer had begun.
func classify(err error, begun bool) Failure {
	var netErr net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE),
		errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.ENOBUFS):
		return Local
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return Timeout
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, errMalformed):
		return Malformed
	case begun:
		return Cut
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return EOF
	}
	return Malformed
}

// Connections counts those of the load itself; of HTTP/2 only Opened.
type Connections struct {
	Opened int64 `json:"opened"`
	// Goodbye are those the server announced to close: "Connection: close".
	Goodbye int64 `json:"goodbye"`
	// Dropped are those it closed between two requests without a word.
	Dropped int64 `json:"dropped"`
}

// Slow says what became of slow clients' requests.
type Slow struct {
	Begun    int64 `json:"begun"`
	Answered int64 `json:"answered"`
	Refused  int64 `json:"refused"` // answered with 4xx or 5xx
	Cut      int64 `json:"cut"`     // the connection ended
}

// tally is what one client has seen.
type tally struct {
	sent        int64
	gets, posts int64
	resent      int64 // after a goodbye, not taken: once more
	statuses    map[int]int64
	failures    map[Failure]int64
	reasons     map[Failure]string // the first one, in words
	latency     Histogram
	late        time.Duration // open model: longest wait for a free connection
	connections Connections
	slow        Slow
}

func newTally() *tally {
	return &tally{statuses: map[int]int64{}, failures: map[Failure]int64{}, reasons: map[Failure]string{}}
}

func (t *tally) fail(f Failure, why string) {
	t.failures[f]++
	if t.reasons[f] == "" {
		t.reasons[f] = why
	}
}

// total collects the tallies of clients that have ended.
type total struct {
	mu sync.Mutex
	tally
}

func (t *total) add(o *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent += o.sent
	t.gets += o.gets
	t.posts += o.posts
	t.resent += o.resent
	for status, n := range o.statuses {
		t.statuses[status] += n
	}
	for f, n := range o.failures {
		t.failures[f] += n
		if t.reasons[f] == "" {
			t.reasons[f] = o.reasons[f]
		}
	}
	t.latency.Merge(&o.latency)
	t.late = max(t.late, o.late)
	t.connections.Opened += o.connections.Opened
	t.connections.Goodbye += o.connections.Goodbye
	t.connections.Dropped += o.connections.Dropped
	t.slow.Begun += o.slow.Begun
	t.slow.Answered += o.slow.Answered
	t.slow.Refused += o.slow.Refused
	t.slow.Cut += o.slow.Cut
}
