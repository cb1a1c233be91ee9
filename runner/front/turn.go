package front

import (
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/forwarded"
)

// turn is one exchange on its way through the front, with what the log will
// say of it.
type turn struct {
	exchange
	settings *settings   // as the turn began
	app      *app        // that answers
	mount    string      // the name of the mount, "" for none
	outer    string      // what a trusted proxy took off the path, escaped; "" for nothing
	prefix   string      // of the path that the app does not see, escaped, with outer; "" for none
	shorter  string      // the target without the prefix; "" without one
	bounded  requestBody // the body, if its limit is lower than the engine's
	pages    *errorPages
	id       string
	begun    time.Time

	// Who asks for what, which a trusted proxy may have told: see forwarded.
	client string // ADDRESS:PORT
	host   string
	tls    *tls.ConnectionState // nil in clear

	started    bool // the client has got a status
	status     int
	bytes      int64         // of the response's body
	worker     int           // the one used last, 0 for none
	tries      int           // attempts at workers
	byMessage  bool          // one of them by message
	upstream   time.Duration // that these took until they answered or failed
	cache      string        // what the cache did: hit, collapsed, stored, or nothing
	reason     string        // why the response is ours or incomplete
	ours       bool          // the front answers by itself
	origin     string        // the upstream used last, "" for none
	retryAfter time.Duration // when it is worth coming again; 0: soon
}

func newTurn(x exchange, now time.Time, s *settings) *turn {
	t := &turn{exchange: x, settings: s, id: newID(), begun: now, client: x.Remote(), host: x.Host(), tls: x.TLS()}
	if len(s.trusted) > 0 {
		r := x.Head()
		t.outer = forwarded.Prefix(r, s.trusted)
		t.prefix = t.outer
		forwarded.Apply(r, s.trusted)
		t.client, t.host, t.tls = r.RemoteAddr, r.Host, r.TLS
	}
	return t
}

// newID returns 60 random bits as 12 letters and digits: what a person can
// read out from an error page.
func newID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	var id [12]byte
	for i, bits := 0, rand.Uint64(); i < len(id); i, bits = i+1, bits>>5 {
		id[i] = letters[bits&31]
	}
	return string(id[:])
}

// Start names the request in every response, so that a person can ask for the
// log line of whatever they got.
func (t *turn) Start(status int, h http.Header) {
	t.started, t.status = true, status
	h["X-Request-Id"] = []string{t.id}
	if hsts := t.hsts(); hsts != "" && h[strictTransport] == nil {
		h[strictTransport] = []string{hsts}
	}
	t.exchange.Start(status, h)
}

// Begin is Start without a map.
func (t *turn) Begin(status int) bool {
	t.started, t.status = true, status
	if !t.exchange.Begin(status) {
		return false
	}
	t.Add("X-Request-Id", t.id)
	return true
}

func (t *turn) Upgrade(h http.Header) (stream, error) {
	t.started, t.status = true, http.StatusSwitchingProtocols
	h["X-Request-Id"] = []string{t.id}
	return t.exchange.Upgrade(h)
}

func (t *turn) Write(b []byte) (int, error) {
	n, err := t.exchange.Write(b)
	t.bytes += int64(n)
	return n, err
}

func (t *turn) ReadFrom(r io.Reader) (int64, error) {
	n, err := t.exchange.ReadFrom(r)
	t.bytes += n
	return n, err
}

// statusClientGone is what nginx logs for a client that did not wait.
const statusClientGone = 499

// errStopped is the cause of a request's context when the front's grace ended.
var errStopped = errors.New("front stopped")

// leave ends a turn whose context has ended.
func (t *turn) leave() {
	reason := "client gone"
	if errors.Is(t.Gone(), errStopped) {
		reason = "front stopped"
	}
	t.cut(reason)
}

// cut ends a turn without a (whole) response.
func (t *turn) cut(reason string) {
	t.reason = reason
	if !t.started {
		t.status = statusClientGone
	}
	t.Abort()
}
