package h1

import (
	"bytes"
	"net/http"
	"net/netip"
)

// form is how a request names its target (RFC 9112, section 3.2).
type form byte

const (
	originForm   form = iota // /path?query
	absoluteForm             // http://host/path?query
	asteriskForm             // *
)

// parseTarget checks the target of a request and finds the authority in it,
// if there is one.
func parseTarget(b []byte, method, target span) (form, span, error) {
	m, t := b[method.from:method.to], b[target.from:target.to]
	switch {
	case string(m) == http.MethodConnect:
		return 0, span{}, refuse(http.StatusNotImplemented, "no tunnels")
	case t[0] == '/':
		return originForm, span{}, checkPath(t)
	case len(t) == 1 && t[0] == '*' && string(m) == http.MethodOptions:
		return asteriskForm, span{}, nil
	}
	skip := 0
	for _, scheme := range []string{"http://", "https://"} {
		if len(t) > len(scheme) && sameFold(t[:len(scheme)], scheme) {
			skip = len(scheme)
		}
	}
	if skip == 0 {
		return 0, span{}, bad("target is no path")
	}
	end := skip
	for end < len(t) && t[end] != '/' && t[end] != '?' {
		end++
	}
	if !validHost(t[skip:end]) {
		return 0, span{}, bad("malformed authority")
	}
	return absoluteForm, span{target.from + uint16(skip), target.from + uint16(end)}, checkPath(t[end:])
}

// checkPath wants escapes to be whole and refuses backslashes, which some take
// for slashes. The query is the application's.
func checkPath(t []byte) error {
	if q := bytes.IndexByte(t, '?'); q >= 0 {
		t = t[:q]
	}
	for i, c := range t {
		switch {
		case c == '\\':
			return bad("backslash in the path")
		case c == '%' && (i+2 >= len(t) || octets[t[i+1]]&octets[t[i+2]]&isHex == 0):
			return bad("malformed escape in the path")
		}
	}
	return nil
}

// validHost accepts a name or an address and a port if there is one. Escapes
// and the delimiters that RFC 3986 would allow occur in no real name.
func validHost(h []byte) bool {
	var port []byte
	if len(h) > 0 && h[0] == '[' {
		end := bytes.IndexByte(h, ']')
		if end < 0 || !validIPv6(h[1:end]) {
			return false
		}
		port = h[end+1:]
	} else {
		name := h
		if colon := bytes.IndexByte(h, ':'); colon >= 0 {
			name, port = h[:colon], h[colon:]
		}
		if len(name) == 0 || !all(name, isHost) {
			return false
		}
	}
	return len(port) == 0 || port[0] == ':' && len(port) <= len(":65535") && all(port[1:], isDigit)
}

func validIPv6(b []byte) bool {
	for _, c := range b { // no zone: it means nothing to anybody else
		if octets[c]&isHex == 0 && c != ':' && c != '.' {
			return false
		}
	}
	addr, err := netip.ParseAddr(string(b))
	return err == nil && addr.Is6()
}
