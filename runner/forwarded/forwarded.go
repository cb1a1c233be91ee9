// Package forwarded finds the client behind proxies that are trusted: nginx,
// Caddy, HAProxy or a load balancer before the front.
//
// Such a proxy says in X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host
// who its client is, how it speaks and what it asked for. So can anybody else;
// therefore these fields count only when the peer of the connection is one of
// the addresses in server.trusted_proxies. The same holds for
// X-Forwarded-Prefix, by which a proxy says what it took off the path.
package forwarded

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Apply makes r the request of the client behind trusted proxies: RemoteAddr
// (with port 0, which no proxy tells), TLS and Host. It changes nothing when
// the peer is none of them.
//
// In X-Forwarded-For each proxy has appended whom it saw, so the client is the
// last address that is not a trusted proxy itself.
func Apply(r *http.Request, trusted []netip.Prefix) {
	if len(trusted) == 0 || !trusts(trusted, peer(r)) {
		return
	}
	if client, ok := client(r.Header["X-Forwarded-For"], trusted, peer(r).IsLoopback()); ok {
		r.RemoteAddr = net.JoinHostPort(client.String(), "0")
	}
	switch strings.ToLower(last(r.Header["X-Forwarded-Proto"])) {
	case "https":
		if r.TLS == nil {
			r.TLS = &tls.ConnectionState{HandshakeComplete: true}
		}
	case "http":
		r.TLS = nil
	}
	if host := last(r.Header["X-Forwarded-Host"]); validHost(host) {
		r.Host = host
	}
}

// Prefix returns what trusted proxies took off the path before they passed a
// request on, as the last of them says in X-Forwarded-Prefix: "/board" for a
// site that clients see at /board/. It is "" when there is no such proxy, and
// for what is no path in whole segments.
func Prefix(r *http.Request, trusted []netip.Prefix) string {
	if len(r.Header["X-Forwarded-Prefix"]) == 0 || !trusts(trusted, peer(r)) {
		return ""
	}
	prefix := strings.TrimSuffix(last(r.Header["X-Forwarded-Prefix"]), "/")
	if !validPrefix(prefix) {
		return ""
	}
	return prefix
}

// maxPrefix bounds a prefix, which stands in every link of a page.
const maxPrefix = 256

func validPrefix(prefix string) bool {
	segments, rooted := strings.CutPrefix(prefix, "/")
	if !rooted || len(prefix) > maxPrefix {
		return false
	}
	for segment := range strings.SplitSeq(segments, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" || plain == "." || plain == ".." || strings.ContainsFunc(plain, isHidden) ||
			strings.ContainsFunc(segment, func(c rune) bool { return c != '%' && !isHost(c) }) {
			return false
		}
	}
	return true
}

// isHidden reports what may not be in a segment, whichever way it is written.
func isHidden(c rune) bool {
	return c < ' ' || c == 0x7f || c == '/' || c == '\\' || c == utf8.RuneError
}

// Handler applies trusted proxies to the requests of next, and takes from all
// others the fields by which they could pass for one. The server of next must
// be what the proxies talk to.
func Handler(next http.Handler, trusted []netip.Prefix) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if trusts(trusted, peer(r)) {
			prefix := Prefix(r, trusted)
			delete(r.Header, "X-Forwarded-Prefix")
			if prefix != "" {
				r.Header["X-Forwarded-Prefix"] = []string{prefix}
			}
			Apply(r, trusted)
		} else {
			for name := range r.Header {
				if claims(name) {
					delete(r.Header, name)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// claims reports a field that only a trusted proxy may set.
func claims(name string) bool {
	return name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-")
}

// peer is the address at the other end of the connection; the zero Addr when
// it is none of the internet.
func peer(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap()
}

func trusts(trusted []netip.Prefix, a netip.Addr) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// client is the last address of a list that is not trusted, or the first one
// of those that are. What is no address ends the list, and so does a loopback
// address, unless the proxy is on this machine (near): on another machine it
// names nobody, while here it may have rights.
func client(lines []string, trusted []netip.Prefix, near bool) (found netip.Addr, ok bool) {
	list := strings.Split(strings.Join(lines, ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		a, err := parse(strings.TrimSpace(list[i]))
		if err != nil || a.IsLoopback() && !near {
			return found, ok
		}
		found, ok = a, true
		if !trusts(trusted, a) {
			return found, true
		}
	}
	return found, ok
}

// parse reads an address, which some proxies write with a port.
func parse(text string) (netip.Addr, error) {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().Unmap().WithZone(""), nil
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err
}

// last is the last element of a list.
func last(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	line := lines[len(lines)-1]
	return strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:])
}

// validHost accepts a name or an address, and a port if there is one, as the
// front accepts it in Host. A proxy may pass on what its client has sent, and
// with a slash in it a host could pass for the beginning of a path.
func validHost(authority string) bool {
	var name, port string
	if rest, ok := strings.CutPrefix(authority, "["); ok {
		name, rest, ok = strings.Cut(rest, "]")
		if a, err := netip.ParseAddr(name); !ok || err != nil || !a.Is6() || a.Zone() != "" {
			return false
		}
		var ported bool
		if port, ported = strings.CutPrefix(rest, ":"); !ported && rest != "" {
			return false
		}
	} else {
		name, port, _ = strings.Cut(authority, ":")
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return !isHost(c) }) {
			return false
		}
	}
	return len(port) <= len("65535") && !strings.ContainsFunc(port, func(c rune) bool { return c < '0' || c > '9' })
}

func isHost(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~", c)
}
