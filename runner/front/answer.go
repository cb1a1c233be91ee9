package front

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/dram-go/dram/templates/pages"
)

// retryAfter tells clients how long to wait after a 503, in seconds.
const retryAfter = "2"

// answer sends an answer of the front's own: a page to a browser, JSON (RFC
// 9457) or text to others.
func (t *turn) answer(status int, reason string) {
	t.reason = reason
	r := t.Head()
	h := http.Header{"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}}
	if status == http.StatusServiceUnavailable {
		h["Retry-After"] = []string{cmp.Or(seconds(t.retryAfter), retryAfter)}
	}
	body := errorBody(h, r.Header, status, t.id)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	t.Start(status, h)
	if r.Method != http.MethodHead {
		_, _ = t.Write(body) // nobody is left to be told
	}
}

// errorBody writes an error in the form that the request accepts and sets the
// fields that belong to it.
func errorBody(h, request http.Header, status int, id string) []byte {
	locale := pages.Negotiate(request.Get("Accept-Language"))
	title, sentence := pages.Text(status, locale)
	accept := strings.Join(request["Accept"], ",")
	h["Vary"] = []string{"Accept, Accept-Language"}
	switch {
	case strings.Contains(accept, "text/html"):
		var b bytes.Buffer
		_ = pages.Error(&b, pages.ErrorPage{Status: status, ID: id, Locale: locale}) // a Buffer takes all
		h["Content-Type"] = []string{pages.ContentType}
		h["Content-Security-Policy"] = []string{pages.CSP}
		return b.Bytes()
	case strings.Contains(accept, "json"):
		h["Content-Type"] = []string{"application/problem+json"}
		b, _ := json.Marshal(map[string]any{ // strings and a number always encode
			"type": "about:blank", "status": status, "title": title, "detail": sentence, "instance": "urn:request:" + id,
		})
		return append(b, '\n')
	default:
		h["Content-Type"] = []string{"text/plain; charset=utf-8"}
		return []byte(title + ". " + sentence + " (" + id + ")\n")
	}
}
