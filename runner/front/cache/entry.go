package cache

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Entry is a response that is kept. Nobody changes it.
type Entry struct {
	Status int
	Fields []Field // by name; without Content-Length and Age
	Body   []byte

	by       set // what Vary names
	offered  languages
	variant  string // what that says
	asked    time.Duration
	arrived  time.Duration // since the cache began
	age      time.Duration // when it arrived
	lifetime time.Duration
	page     uint32 // what invalidates it
	cost     int64

	resource     *resource
	newer, older *Entry // in the order of use
}

// Field is a field of a response; its name is canonical.
type Field struct{ Name, Value string }

// ageAt is how old the response is (RFC 9111, section 4.2.3).
func (e *Entry) ageAt(now time.Duration) time.Duration { return e.age + now - e.arrived }

// unkept are fields of one message, which no other may have (RFC 9111,
// section 3.1), beside those that the caller has removed already.
var unkept = [...]string{"Age", "Content-Length", "Proxy-Authentication-Info", "Server-Timing", "X-Request-Id"}

// keptFields copies what may be sent again. A response without a date gets that
// of its arrival (RFC 9110, section 6.6.1).
func keptFields(h http.Header, arrived time.Time) []Field {
	kept := make([]Field, 0, len(h)+1)
	for name, values := range h {
		if slices.Contains(unkept[:], name) {
			continue
		}
		for _, value := range values {
			kept = append(kept, Field{name, value})
		}
	}
	if len(h["Date"]) == 0 {
		kept = append(kept, Field{"Date", arrived.UTC().Format(http.TimeFormat)})
	}
	slices.SortStableFunc(kept, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return kept
}

// What an entry costs beside its texts: maps, pointers, slice headers.
const (
	entryCost = 512
	fieldCost = 64
)

func costOf(key, variant string, fields []Field, body int) int64 {
	n := entryCost + len(key) + len(variant) + body
	for _, f := range fields {
		n += fieldCost + len(f.Name) + len(f.Value)
	}
	return int64(n)
}

// resource has the responses for one key. All vary on the same fields, those
// that the last response named, and are in the languages that it offered.
type resource struct {
	key     string
	by      set
	offered languages
	entries []*Entry
}

// maxVariants bounds the responses for one key; beyond it the one that was
// kept first goes.
const maxVariants = 32

// find returns the entry for a request, whether it is fresh or not. b is
// scratch.
func (r *resource) find(b []byte, asked *Request) *Entry {
	if !discerns(r.by, asked) {
		return nil
	}
	variant := appendSelected(b, r.by, asked, r.offered)
	for _, e := range r.entries {
		if e.variant == string(variant) {
			return e
		}
	}
	return nil
}
