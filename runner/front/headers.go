package front

import (
	"net"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/wire"
)

// hopByHop are the fields that concern one connection only (RFC 9110,
// section 7.6.1), with those that are so by old custom.
var hopByHop = map[string]bool{
	"Connection":          true,
	"Http2-Settings":      true, // goes with an Upgrade to h2c
	"Keep-Alive":          true,
	"Proxy-Authenticate":  true,
	"Proxy-Authorization": true,
	"Proxy-Connection":    true,
	"Te":                  true,
	"Trailer":             true,
	"Transfer-Encoding":   true,
	"Upgrade":             true,
}

// claims are fields by which a client could pass for another: proxies set
// them, so applications believe them. Proxy would become HTTP_PROXY in a CGI
// program (CVE-2016-5385).
var claims = map[string]bool{
	"Cf-Connecting-Ip":         true,
	"Cf-Connecting-Ipv6":       true,
	"Client-Ip":                true,
	"Fastly-Client-Ip":         true,
	"Fly-Client-Ip":            true,
	"Forwarded":                true,
	"Front-End-Https":          true,
	"Proxy":                    true,
	"True-Client-Ip":           true,
	"X-Azure-Clientip":         true,
	"X-Client-Ip":              true,
	"X-Cluster-Client-Ip":      true,
	"X-Envoy-External-Address": true,
	"X-Forwarded":              true,
	"X-Host":                   true,
	"X-Http-Host-Override":     true,
	"X-Original-Forwarded-For": true,
	"X-Original-Host":          true,
	"X-Original-Uri":           true,
	"X-Original-Url":           true,
	"X-Originating-Ip":         true,
	"X-Real-Ip":                true,
	"X-Remote-Addr":            true,
	"X-Remote-Ip":              true,
	"X-Request-Id":             true,
	"X-Rewrite-Url":            true,
	"X-Scheme":                 true,
	"X-Script-Name":            true,
	"X-Url-Scheme":             true,

	// By these a proxy says that it sends files for an app, and where they lie.
	sendfileField:      true,
	"X-Sendfile-Type":  true,
	"X-Accel-Mapping":  true,
	"X-Accel-Redirect": true,
}

// sendfileField names a file in a response of a worker.
const sendfileField = "X-Sendfile"

const forwardedPrefix = "X-Forwarded-"

// appendRequestFields appends the fields that a worker gets for t.
func appendRequestFields(b []byte, t *turn, upgrade string) []byte {
	named := t.connectionNames()
	pragma, cached, trailers := false, false, false
	for i := range t.Fields() {
		name, value := t.Field(i)
		name = http.CanonicalHeaderKey(name)
		switch name {
		case "Host":
			continue
		case "Te":
			trailers = trailers || hasToken(value, "trailers")
		case "Pragma":
			pragma = pragma || value == "no-cache"
		case "Cache-Control":
			cached = true
		}
		if !withheld(name, named) {
			b = wire.AppendField(b, name, value)
		}
	}
	if pragma && !cached { // an old client's way to say so (RFC 9111, section 5.4)
		b = wire.AppendField(b, "Cache-Control", "no-cache")
	}
	if trailers {
		b = wire.AppendField(b, "Te", "trailers")
	}
	if upgrade != "" {
		b = wire.AppendField(b, "Connection", "Upgrade")
		b = wire.AppendField(b, "Upgrade", upgrade)
	}
	client := t.clientIP()
	b = wire.AppendField(b, "X-Forwarded-For", client)
	b = wire.AppendField(b, "X-Real-Ip", client)
	b = wire.AppendField(b, "X-Forwarded-Proto", t.scheme())
	b = wire.AppendField(b, "X-Request-Id", t.id)
	if t.host != "" { // HTTP/1.0 may leave it out
		b = wire.AppendField(b, "X-Forwarded-Host", t.host)
	}
	return b
}

// scheme is how the client speaks.
func (t *turn) scheme() string {
	if t.tls != nil {
		return "https"
	}
	return "http"
}

// withheld reports a field of a client that no worker may see. named are those
// that the client's Connection field names.
func withheld(name string, named map[string]bool) bool {
	return hopByHop[name] || named[name] || claims[name] ||
		strings.HasPrefix(name, forwardedPrefix) || strings.ContainsAny(name, "_.")
}

// hostOf removes the port of an address.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr // no port: a unix socket
	}
	return host
}

// responseHeader removes from h what concerns the connection to the worker.
func responseHeader(h http.Header) {
	for name := range connectionNames(h) {
		delete(h, name)
	}
	for name := range hopByHop {
		delete(h, name)
	}
	delete(h, sendfileField)
}

// connectionNames are the fields that the Connection field makes hop-by-hop;
// nil, in the usual case, when there are none.
func connectionNames(h http.Header) map[string]bool {
	var names map[string]bool
	for _, value := range h["Connection"] {
		names = addNames(names, value)
	}
	return names
}

func (t *turn) connectionNames() map[string]bool {
	var names map[string]bool
	for i := range t.Fields() {
		if name, value := t.Field(i); len(name) == len("Connection") && strings.EqualFold(name, "Connection") {
			names = addNames(names, value)
		}
	}
	return names
}

// addNames adds what one Connection field names.
func addNames(names map[string]bool, value string) map[string]bool {
	for option := range strings.SplitSeq(value, ",") {
		option = textproto.TrimString(option)
		if option == "" || strings.EqualFold(option, "close") || strings.EqualFold(option, "keep-alive") {
			continue
		}
		if names == nil {
			names = make(map[string]bool)
		}
		names[http.CanonicalHeaderKey(option)] = true
	}
	return names
}

// hasToken looks for an element of a comma-separated list, in whichever case.
func hasToken(list, token string) bool {
	return httpguts.HeaderValuesContainsToken([]string{list}, token)
}

// upgrade returns the protocol that the client wants to change to, or "".
func (t *turn) upgrade() string {
	protocol := t.Lookup("Upgrade")
	if protocol == "" || carriesRequests(protocol) {
		return ""
	}
	for i := range t.Fields() {
		if name, value := t.Field(i); strings.EqualFold(name, "Connection") && hasToken(value, "Upgrade") {
			return protocol
		}
	}
	return ""
}

// carriesRequests reports an Upgrade to what would carry further requests: on a
// connection that became HTTP/2 a client could ask an app for anything, with
// fields that are ours to set, and the front would see none of it. A server may
// always go on as if it had not been asked (RFC 9110, section 7.8).
func carriesRequests(protocols string) bool {
	for element := range strings.SplitSeq(protocols, ",") {
		name, _, _ := strings.Cut(textproto.TrimString(element), "/")
		switch strings.ToLower(name) {
		case "h2c", "h2", "http", "https", "tls":
			return true
		}
	}
	return false
}

// upgradeOf returns the protocol that a response changes to, or "".
func upgradeOf(h http.Header) string {
	if !httpguts.HeaderValuesContainsToken(h["Connection"], "Upgrade") {
		return ""
	}
	return h.Get("Upgrade")
}
