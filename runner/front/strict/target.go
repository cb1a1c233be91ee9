package strict

import (
	"bytes"
	"net/netip"
)

// CheckPath wants escapes to be whole and refuses backslashes, which some take
// for slashes. The query is the application's.
func CheckPath(t []byte) error {
	if q := bytes.IndexByte(t, '?'); q >= 0 {
		t = t[:q]
	}
	for i, c := range t {
		switch {
		case c == '\\':
			return Bad("backslash in the path")
		case c == '%' && (i+2 >= len(t) || octets[t[i+1]]&octets[t[i+2]]&Hex == 0):
			return Bad("malformed escape in the path")
		}
	}
	return nil
}

// ValidHost accepts a name or an address and a port if there is one. Escapes
// and the delimiters that RFC 3986 would allow occur in no real name.
func ValidHost(h []byte) bool {
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
		if len(name) == 0 || !All(name, Host) {
			return false
		}
	}
	return len(port) == 0 || port[0] == ':' && len(port) <= len(":65535") && All(port[1:], Digit)
}

func validIPv6(b []byte) bool {
	for _, c := range b { // no zone: it means nothing to anybody else
		if octets[c]&Hex == 0 && c != ':' && c != '.' {
			return false
		}
	}
	addr, err := netip.ParseAddr(string(b))
	return err == nil && addr.Is6()
}
