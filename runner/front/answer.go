package front

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/templates/pages"
)

// decline is an answer of the front's own to a request that it does not hand
// on.
type decline struct {
	status      int
	reason      string        // for the log
	wait        time.Duration // until the client may try again; 0: not said, but for 503
	maintenance bool
	text        string // to the client, instead of the usual sentence
}

// usualWait is how long a client shall wait after a 503 that says no more.
const usualWait = 2 * time.Second

// answer sends an answer of the front's own: a page to a browser, JSON (RFC
// 9457) or text to others.
func (t *turn) answer(status int, reason string) { t.decline(decline{status: status, reason: reason}) }

func (t *turn) decline(d decline) {
	t.reason, t.ours = d.reason, true
	r := t.Head()
	if d.status == http.StatusServiceUnavailable {
		d.wait = cmp.Or(d.wait, t.retryAfter, usualWait)
	}
	h := http.Header{"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}}
	if d.wait > 0 {
		h["Retry-After"] = []string{seconds(d.wait)}
	}
	body := t.errorBody(h, r.Header, d)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	t.Start(d.status, h)
	if r.Method != http.MethodHead {
		_, _ = t.Write(body) // nobody is left to be told
	}
}

// errorBody writes an error in the form that the request accepts and sets the
// fields that belong to it.
func (t *turn) errorBody(h, request http.Header, d decline) []byte {
	accept, languages := strings.Join(request["Accept"], ","), strings.Join(request["Accept-Language"], ",")
	locale := pages.Negotiate(languages)
	title, sentence := pages.Text(d.status, locale)
	if d.maintenance {
		title, sentence = pages.MaintenanceText(locale)
	}
	sentence = cmp.Or(d.text, sentence)
	h["Vary"] = []string{"Accept, Accept-Language"}
	switch {
	case strings.Contains(accept, "text/html"):
		h["Content-Type"] = []string{pages.ContentType}
		if page, ok := t.pages.page(d, languages); ok {
			h["Content-Security-Policy"] = []string{pageCSP}
			return []byte(fill(page, d.status, t.id, title, sentence))
		}
		h["Content-Security-Policy"] = []string{pages.CSP}
		var b bytes.Buffer // it takes all, so there are no errors
		if d.maintenance {
			_ = pages.Maintenance(&b, pages.MaintenancePage{Text: d.text, ID: t.id, Locale: locale})
		} else {
			_ = pages.Error(&b, pages.ErrorPage{Status: d.status, Text: d.text, ID: t.id, Locale: locale})
		}
		return b.Bytes()
	case strings.Contains(accept, "json"):
		h["Content-Type"] = []string{"application/problem+json"}
		b, _ := json.Marshal(map[string]any{ // strings and a number always encode
			"type": "about:blank", "status": d.status, "title": title, "detail": sentence, "instance": "urn:request:" + t.id,
		})
		return append(b, '\n')
	default:
		h["Content-Type"] = []string{"text/plain; charset=utf-8"}
		return []byte(title + ". " + sentence + " (" + t.id + ")\n")
	}
}
