package front

import (
	"crypto/tls"
	"strings"
	"sync/atomic"
	"time"
)

// entry is what the access log says of one request. A field that is empty is
// left out, or is "-" in the combined form.
type entry struct {
	at       time.Time // when the request had ended
	took     time.Duration
	client   string // address without port
	user     string // of Basic authentication
	method   string
	target   string // path as sent, with the query if the log keeps queries
	proto    string
	tls      string // version
	host     string
	status   int
	bytes    int64 // of the response's body
	mount    string
	origin   string // the upstream
	worker   int
	tries    int
	upstream time.Duration // that workers took until they answered
	cache    string
	id       string
	reason   string // why the response is ours or incomplete
	referer  string
	agent    string
}

// entryOf describes a finished turn. What an address has behind "?" is left
// out unless the rules say otherwise: it may be what belongs in no log.
func entryOf(t *turn, took time.Duration, rules accessRules) entry {
	e := entry{
		at: t.begun.Add(took), took: took, client: t.clientIP(), method: t.Method(), target: t.logTarget(rules.queries),
		proto: t.protocol(), host: t.host, status: t.status, bytes: t.bytes, worker: t.worker, tries: t.tries, upstream: t.upstream,
		mount: t.mount, origin: t.origin,
		cache: t.cache, id: t.id, reason: t.reason,
	}
	if t.tls != nil {
		e.tls = tls.VersionName(t.tls.Version)
	}
	if rules.form == formText { // which has no more
		return e
	}
	e.agent, e.referer = t.Lookup("User-Agent"), t.Lookup("Referer")
	if !rules.queries {
		e.referer, _, _ = strings.Cut(e.referer, "?")
	}
	if t.Lookup("Authorization") != "" {
		e.user, _, _ = t.Head().BasicAuth()
	}
	return e
}

// logTarget is what was asked for, as it was sent.
func (t *turn) logTarget(query bool) string {
	path, rest, _ := strings.Cut(t.Target(), "?")
	if !strings.HasPrefix(path, "/") {
		path = t.logPath()
	}
	if query && rest != "" {
		return path + "?" + rest
	}
	return path
}

func (t *turn) protocol() string {
	switch major, minor := t.Version(); {
	case major == 1 && minor == 1:
		return "HTTP/1.1"
	case major == 1:
		return "HTTP/1.0"
	}
	return "HTTP/2.0"
}

// stamps writes times. What changes once a second is kept.
type stamps struct{ last atomic.Pointer[stamp] }

type stamp struct {
	second   int64
	iso      string // up to the second
	zone     string // what follows the fraction
	combined string
}

func (s *stamps) of(at time.Time) *stamp {
	last := s.last.Load()
	if last == nil || last.second != at.Unix() {
		last = &stamp{
			second: at.Unix(), iso: at.Format("2006-01-02T15:04:05"), zone: at.Format("Z07:00"),
			combined: at.Format("02/Jan/2006:15:04:05 -0700"),
		}
		s.last.Store(last)
	}
	return last
}
