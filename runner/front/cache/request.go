package cache

import (
	"net/http"
	"strings"
)

// Request is what caches care about of a request: its first fields, and what
// Field was told.
type Request struct {
	Method string
	Host   string // authority, "" if the client named none
	Target string // path and query as they were sent
	Base   string // what a proxy took off the path before, which may be in links
	Secure bool   // by TLS
	Bodied bool   // it has a body

	has      set
	repeated set
	values   [kinds]string
}

// kind is a field that caches care about.
type kind int

// The kinds up to requestedWith are those that Vary may name.
const (
	accept kind = iota
	acceptEncoding
	acceptLanguage
	origin
	saveData
	hxBoosted
	hxRequest
	requestedWith

	authorization
	cacheControl
	connection
	cookie
	ifMatch
	ifModifiedSince
	ifNoneMatch
	ifUnmodifiedSince
	byteRange
	kinds

	selecting = requestedWith + 1
)

var names = [kinds]string{
	accept: "Accept", acceptEncoding: "Accept-Encoding", acceptLanguage: "Accept-Language", origin: "Origin",
	saveData: "Save-Data", hxBoosted: "Hx-Boosted", hxRequest: "Hx-Request", requestedWith: "X-Requested-With",
	authorization: "Authorization", cacheControl: "Cache-Control", connection: "Connection", cookie: "Cookie",
	ifMatch: "If-Match", ifModifiedSince: "If-Modified-Since", ifNoneMatch: "If-None-Match",
	ifUnmodifiedSince: "If-Unmodified-Since", byteRange: "Range",
}

// kindOf finds a field by its name, in whichever case.
func kindOf(name string) (kind, bool) {
	for k, known := range names {
		if len(name) == len(known) && strings.EqualFold(name, known) {
			return kind(k), true
		}
	}
	return 0, false
}

// set is a set of kinds.
type set uint32

func (s set) with(k kind) set      { return s | 1<<k }
func (s set) contains(k kind) bool { return s&(1<<k) != 0 }
func (s set) meets(other set) bool { return s&other != 0 }
func setOf(list ...kind) (all set) {
	for _, k := range list {
		all = all.with(k)
	}
	return all
}

// conditions are the fields that say what the client has already.
var conditions = setOf(ifMatch, ifModifiedSince, ifNoneMatch, ifUnmodifiedSince)

// IsCondition reports a field that says what the client has already.
func IsCondition(name string) bool {
	k, ok := kindOf(name)
	return ok && conditions.contains(k)
}

// Field adds a field of the request.
func (r *Request) Field(name, value string) {
	k, ok := kindOf(name)
	switch {
	case !ok:
	case r.has.contains(k) && k == cookie: // HTTP/2 has one for each (RFC 9113, section 8.2.3)
		r.values[k] += "; " + value
	case r.has.contains(k):
		r.values[k] += ", " + value
		r.repeated = r.repeated.with(k)
	default:
		r.has = r.has.with(k)
		r.values[k] = value
	}
}

// ambiguous reports a field that pages may vary on in several lines. They mean
// the same as one line does, but many an app reads the first line alone, and
// its answer would be kept for those who sent the one.
func (r *Request) ambiguous() bool { return r.repeated.meets(1<<selecting - 1) }

// Selective reports that a request does not simply want the whole, if that is
// there: it has conditions, or wants a part.
func (r *Request) Selective() bool { return r.has.meets(conditions.with(byteRange)) }

func (r *Request) conditional() bool { return r.has.meets(conditions) }

// control reads Cache-Control.
func (r *Request) control() control {
	if !r.has.contains(cacheControl) {
		return control{maxAge: -1, sMaxAge: -1}
	}
	return parseControl(r.values[cacheControl])
}

func (r *Request) safe() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
