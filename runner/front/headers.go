package front

import (
	"net"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// hopByHop are the fields that concern one connection only (RFC 9110,
// section 7.6.1), with those that are so by old custom.
var hopByHop = map[string]bool{
	"Connection":          true,
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
	"Cf-Connecting-Ip":    true,
	"Client-Ip":           true,
	"Fastly-Client-Ip":    true,
	"Forwarded":           true,
	"Proxy":               true,
	"True-Client-Ip":      true,
	"X-Client-Ip":         true,
	"X-Cluster-Client-Ip": true,
	"X-Forwarded":         true,
	"X-Host":              true,
	"X-Original-Host":     true,
	"X-Original-Url":      true,
	"X-Real-Ip":           true,
	"X-Request-Id":        true,
	"X-Rewrite-Url":       true,
}

const forwardedPrefix = "X-Forwarded-"

// requestHeader returns the fields that a worker gets for r.
func requestHeader(r *http.Request, id, upgrade string) http.Header {
	h := make(http.Header, len(r.Header)+6)
	named := connectionNames(r.Header)
	for name, values := range r.Header {
		if !withheld(name, named) {
			h[name] = values
		}
	}
	if httpguts.HeaderValuesContainsToken(r.Header["Te"], "trailers") {
		h["Te"] = []string{"trailers"}
	}
	if upgrade != "" {
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{upgrade}
	}
	client, proto := clientIP(r), "http"
	if r.TLS != nil {
		proto = "https"
	}
	h["X-Forwarded-For"], h["X-Real-Ip"] = []string{client}, []string{client}
	h["X-Forwarded-Proto"], h["X-Request-Id"] = []string{proto}, []string{id}
	if r.Host != "" { // HTTP/1.0 may leave it out
		h["X-Forwarded-Host"] = []string{r.Host}
	}
	return h
}

// withheld reports a field of a client that no worker may see. named are those
// that the client's Connection field names.
func withheld(name string, named map[string]bool) bool {
	return hopByHop[name] || named[name] || claims[name] ||
		strings.HasPrefix(name, forwardedPrefix) || strings.ContainsAny(name, "_.")
}

// clientIP is the address of the client without its port.
func clientIP(r *http.Request) string { return hostOf(r.RemoteAddr) }

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
}

// connectionNames are the fields that the Connection field makes hop-by-hop;
// nil, in the usual case, when there are none.
func connectionNames(h http.Header) map[string]bool {
	var names map[string]bool
	for _, value := range h["Connection"] {
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
	}
	return names
}

// upgradeOf returns the protocol that a message wants to change to, or "".
func upgradeOf(h http.Header) string {
	if !httpguts.HeaderValuesContainsToken(h["Connection"], "Upgrade") {
		return ""
	}
	return h.Get("Upgrade")
}
