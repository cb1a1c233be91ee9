package cache

import (
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// keeps reports whether a response of this status may be kept when it says so
// itself. A failure is never kept: the next request may fare better.
func keeps(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusMultipleChoices,
		http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
		http.StatusNotFound, http.StatusGone:
		return true
	}
	return false
}

// bypasses says why a request is not for the cache, "" if it is: nothing that
// is kept may answer it, and its response is not kept.
func bypasses(r *Request, cookies []string) string {
	switch {
	case !r.safe():
		return "of its method"
	case r.Bodied:
		return "it has a body"
	case r.has.contains(authorization):
		return "it has Authorization"
	case r.Host == "":
		return "it names no host"
	case r.ambiguous():
		return "it repeats a field that pages vary on"
	case r.has.contains(connection) && namesFields(r.values[connection]):
		return "its Connection takes fields away" // or asks for an upgrade
	case r.has.contains(cookie) && hasCookie(r.values[cookie], cookies):
		return "it has a session"
	}
	return ""
}

// namesFields reports a Connection field with more than close and keep-alive.
// The app does not see the fields that it names, so its response cannot be
// told by them.
func namesFields(value string) bool {
	for option := range strings.SplitSeq(value, ",") {
		option = textproto.TrimString(option)
		if option != "" && !strings.EqualFold(option, "close") && !strings.EqualFold(option, "keep-alive") {
			return true
		}
	}
	return false
}

// storable says why a response may not be kept, "" if it may (RFC 9111,
// section 3, and what the package documentation adds to it). Whether the
// request is one that may be answered from a cache was asked before.
func storable(r *Request, status int, h http.Header, d control) (why string) {
	switch {
	case !d.public && d.sMaxAge < 0:
		return "it is not public"
	case d.private:
		return "it is private"
	case d.noStore:
		return "it says no-store"
	case d.noCache:
		return "it says no-cache"
	case !keeps(status):
		return "of its status"
	case r.Method != http.MethodGet:
		return "the method is not GET"
	case len(h["Set-Cookie"]) > 0:
		return "it sets a cookie"
	case len(h["Content-Range"]) > 0:
		return "it is a part"
	case len(h["Trailer"]) > 0:
		return "it has a trailer"
	case r.control().noStore:
		return "the request says no-store"
	}
	if by, ok := varies(h["Vary"]); !ok || !discerns(by, r) {
		return "of what it varies on"
	}
	return ""
}

// lifetime is how long a response is fresh after the app made it (section
// 4.2.1); 0 where it does not say so.
func lifetime(d control, h http.Header) time.Duration {
	switch {
	case d.sMaxAge >= 0:
		return d.sMaxAge
	case d.maxAge >= 0:
		return d.maxAge
	}
	expires := h["Expires"]
	if len(expires) == 0 {
		return 0
	}
	until, err := http.ParseTime(expires[0])
	if err != nil || len(expires) > 1 {
		return 0 // "0" and other malformed dates mean the past (section 5.3)
	}
	made, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(made))
}

// initialAge is how old a response was when it arrived (section 4.2.3).
func initialAge(h http.Header, asked, arrived time.Time) time.Duration {
	said := time.Duration(0)
	if a := h["Age"]; len(a) > 0 {
		said = seconds(a[0])
	}
	age := said + arrived.Sub(asked)
	if made, err := http.ParseTime(h.Get("Date")); err == nil {
		// Dates have whole seconds: one that is younger than that says nothing.
		age = max(age, arrived.Sub(made).Truncate(time.Second))
	}
	return age
}
