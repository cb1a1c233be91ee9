package h1

import (
	"net/http"

	"github.com/dram-go/dram/runner/front/strict"
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
		return 0, span{}, strict.Refuse(http.StatusNotImplemented, "no tunnels")
	case t[0] == '/':
		return originForm, span{}, strict.CheckPath(t)
	case len(t) == 1 && t[0] == '*' && string(m) == http.MethodOptions:
		return asteriskForm, span{}, nil
	}
	skip := 0
	for _, scheme := range []string{"http://", "https://"} {
		if len(t) > len(scheme) && strict.SameFold(t[:len(scheme)], scheme) {
			skip = len(scheme)
		}
	}
	if skip == 0 {
		return 0, span{}, strict.Bad("target is no path")
	}
	end := skip
	for end < len(t) && t[end] != '/' && t[end] != '?' {
		end++
	}
	if !strict.ValidHost(t[skip:end]) {
		return 0, span{}, strict.Bad("malformed authority")
	}
	return absoluteForm, span{target.from + uint16(skip), target.from + uint16(end)}, strict.CheckPath(t[end:])
}
