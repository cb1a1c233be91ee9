package h2

import (
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// request makes of a head what net/http's server would have made of it.
func (h *head) request(ctx context.Context) *http.Request {
	r := &http.Request{
		Method:        h.method,
		RequestURI:    h.path,
		Proto:         "HTTP/2.0",
		ProtoMajor:    2,
		Host:          h.host,
		Header:        make(http.Header, len(h.fields)),
		Body:          http.NoBody,
		ContentLength: h.length,
		URL:           urlOf(h.path),
	}
	values := make([]string, len(h.fields))
	for i, f := range h.fields {
		if f.name == "Trailer" && h.length != 0 {
			announce(r, f.value)
			continue
		}
		values[i] = f.value
		if there := r.Header[f.name]; there != nil {
			r.Header[f.name] = append(there, f.value)
		} else {
			r.Header[f.name] = values[i : i+1 : i+1]
		}
	}
	// An old client's way to say no-cache (RFC 9111, section 5.4).
	if p := r.Header["Pragma"]; len(p) > 0 && p[0] == "no-cache" && r.Header["Cache-Control"] == nil {
		r.Header["Cache-Control"] = []string{"no-cache"}
	}
	return r.WithContext(ctx)
}

// urlOf parses the target, which net/url accepts when we did.
func urlOf(target string) *url.URL {
	if u, err := url.ParseRequestURI(target); err == nil {
		return u
	}
	return &url.URL{Opaque: target} // no path, so nothing is served for it
}

// announce notes the names of the fields that will follow the body.
func announce(r *http.Request, list string) {
	for name := range strings.SplitSeq(list, ",") {
		name = http.CanonicalHeaderKey(textproto.TrimString(name))
		if name == "" || name == "Transfer-Encoding" || name == "Content-Length" || name == "Trailer" {
			continue
		}
		if r.Trailer == nil {
			r.Trailer = make(http.Header)
		}
		r.Trailer[name] = nil
	}
}
