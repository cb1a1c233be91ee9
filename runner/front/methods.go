package front

import (
	"net/http"
	"strings"
)

// refusesMethod answers a turn whose method no app is asked: what CONNECT
// and TRACE are for is the business of proxies. The answer to TRACE is the request itself, with all that the proxies before
// an app have put into it, and with cookies that scripts may not read. Servers
// that know methods in any case would take it in lower case, too.
func (t *turn) refusesMethod() bool {
	switch method := t.Method(); {
	case method == http.MethodConnect:
		t.answer(http.StatusNotImplemented, "no tunnels")
	case len(method) == len(http.MethodTrace) && strings.EqualFold(method, http.MethodTrace):
		t.decline(decline{status: http.StatusMethodNotAllowed, reason: "nobody is asked to TRACE", allow: passedOn})
	default:
		return false
	}
	return true
}

// passedOn are the methods that apps usually know; they say so themselves.
const passedOn = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
