package h1

import (
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// request makes of a head what net/http's server would have made of it.
// The strings are parts of one copy of the head.
func (h *head) request(ctx context.Context) *http.Request {
	text := h.string
	r := &http.Request{
		Method:        intern(text(h.method)),
		RequestURI:    text(h.target),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    int(h.minor),
		Host:          text(h.host),
		Header:        make(http.Header, len(h.fields)),
		Body:          http.NoBody,
		ContentLength: h.length,
		Close:         h.closing,
	}
	if h.minor == 0 {
		r.Proto = "HTTP/1.0"
	}
	if h.length < 0 {
		r.TransferEncoding = []string{"chunked"}
	}
	r.URL = h.url(r.RequestURI)
	values := make([]string, len(h.fields))
	for i, f := range h.fields {
		name := textproto.CanonicalMIMEHeaderKey(text(f.name))
		switch {
		case name == "Host", name == "Transfer-Encoding":
		case name == "Trailer" && h.length < 0:
			announce(r, text(f.value))
		default:
			values[i] = text(f.value)
			if there := r.Header[name]; there != nil {
				r.Header[name] = append(there, values[i])
			} else {
				r.Header[name] = values[i : i+1 : i+1]
			}
		}
	}
	// An old client's way to say no-cache (RFC 9111, section 5.4).
	if p := r.Header["Pragma"]; len(p) > 0 && p[0] == "no-cache" && r.Header["Cache-Control"] == nil {
		r.Header["Cache-Control"] = []string{"no-cache"}
	}
	return r.WithContext(ctx)
}

// url parses the target. What parseTarget accepts, net/url accepts: fuzzed.
func (h *head) url(target string) *url.URL {
	if u, err := url.ParseRequestURI(target); err == nil {
		return u
	}
	return &url.URL{Opaque: target} // no path, so nothing is served for it
}

// announce notes the names of the fields that will follow the body.
func announce(r *http.Request, list string) {
	for name := range strings.SplitSeq(list, ",") {
		if name = textproto.TrimString(name); name != "" {
			if r.Trailer == nil {
				r.Trailer = make(http.Header)
			}
			r.Trailer[http.CanonicalHeaderKey(name)] = nil
		}
	}
}

// intern saves the copy of a head when nothing but the method of it is kept.
func intern(method string) string {
	switch method {
	case http.MethodGet:
		return http.MethodGet
	case http.MethodHead:
		return http.MethodHead
	case http.MethodPost:
		return http.MethodPost
	}
	return method
}
