package front

import (
	"net/http"
	"net/url"
	"strings"
)

// path is the path that the client asks for, decoded, as in the URL of Head.
func (t *turn) path() string {
	raw, _, _ := strings.Cut(t.Target(), "?")
	if strings.HasPrefix(raw, "/") && !strings.Contains(raw, "%") {
		return raw
	}
	return t.Head().URL.Path
}

// pathless reports a target that is neither a path nor an http URL.
func (t *turn) pathless() bool {
	return !strings.HasPrefix(t.Target(), "/") && t.Head().URL.Opaque != ""
}

// pathAndQuery are the two parts of the target as they were sent, the query
// with its question mark.
func (t *turn) pathAndQuery() (path, query string) {
	target := t.Target()
	if !strings.HasPrefix(target, "/") && target != "*" { // http://example.com/path
		target = t.Head().URL.RequestURI()
	}
	path, _, _ = strings.Cut(target, "?")
	return path, target[len(path):]
}

// target is the target as the app sees it: without the prefix of its mount.
func (t *turn) target() string {
	if t.shorter != "" {
		return t.shorter
	}
	return t.Target()
}

// innerHead is the head of a request as the app sees it.
type innerHead struct{ *turn }

func (h innerHead) Target() string { return h.target() }

// inside is the request as the app sees it.
func (t *turn) inside() *http.Request {
	r := t.Head()
	if t.shorter == "" {
		return r
	}
	in := *r
	in.RequestURI = t.shorter
	if u, err := url.ParseRequestURI(t.shorter); err == nil { // which it is, as the whole was
		in.URL = u
	}
	return &in
}

// logPath is the path as it was sent, without what an URL may have besides.
func (t *turn) logPath() string {
	raw, _, _ := strings.Cut(t.Target(), "?")
	if isPath(raw) {
		return raw
	}
	r := t.Head()
	switch {
	case r.URL.Opaque != "":
		return r.URL.Scheme + ":" + r.URL.Opaque
	case r.Method == http.MethodConnect && r.URL.Path == "":
		return r.URL.Host
	case r.URL.Path == "": // http://example.com?query
		return "/"
	}
	return r.URL.EscapedPath()
}

// isPath reports a path that needs no escaping.
func isPath(s string) bool {
	if s == "" || s[0] != '/' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '/', c == '-', c == '_', c == '.', c == '~', c == '%':
		default:
			return false
		}
	}
	return true
}

// clientIP is the address of the client without its port.
func (t *turn) clientIP() string { return hostOf(t.client) }
