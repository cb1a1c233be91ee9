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
	allow       string // the methods that would be, "" for not said
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
	if d.allow != "" {
		h["Allow"] = []string{d.allow}
	}
	body := errorBody(h, d, errorFor{
		accept: strings.Join(r.Header["Accept"], ","), languages: strings.Join(r.Header["Accept-Language"], ","),
		locale: t.settings.locale, id: t.id, app: t.pages,
	})
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	t.Start(d.status, h)
	if r.Method != http.MethodHead {
		_, _ = t.Write(body) // nobody is left to be told
	}
}

// errorFor is whom an error is told, and in which form.
type errorFor struct {
	accept, languages string // as the fields of the request say
	locale            string // for who names no language
	id                string
	app               *errorPages
}

// errorBody writes an error in the form that a request accepts and sets the
// fields that belong to it.
func errorBody(h http.Header, d decline, to errorFor) []byte {
	locale := to.locale
	if to.languages != "" || locale == "" {
		locale = pages.Negotiate(to.languages)
	}
	title, sentence := pages.Text(d.status, locale)
	if d.maintenance {
		title, sentence = pages.MaintenanceText(locale)
	}
	sentence = cmp.Or(d.text, sentence)
	h["Vary"] = []string{"Accept, Accept-Language"}
	switch {
	case strings.Contains(to.accept, "text/html"):
		h["Content-Type"] = []string{pages.ContentType}
		if page, ok := to.app.page(d, to.languages); ok {
			h["Content-Security-Policy"] = []string{pageCSP}
			return []byte(fill(page, d.status, to.id, title, sentence))
		}
		h["Content-Security-Policy"] = []string{pages.CSP}
		var b bytes.Buffer // it takes all, so there are no errors
		if d.maintenance {
			_ = pages.Maintenance(&b, pages.MaintenancePage{Text: d.text, ID: to.id, Locale: locale})
		} else {
			_ = pages.Error(&b, pages.ErrorPage{Status: d.status, Text: d.text, ID: to.id, Locale: locale})
		}
		return b.Bytes()
	case strings.Contains(to.accept, "json"):
		h["Content-Type"] = []string{"application/problem+json"}
		b, _ := json.Marshal(map[string]any{ // strings and a number always encode
			"type": "about:blank", "status": d.status, "title": title, "detail": sentence, "instance": "urn:request:" + to.id,
		})
		return append(b, '\n')
	default:
		h["Content-Type"] = []string{"text/plain; charset=utf-8"}
		return []byte(title + ". " + sentence + " (" + to.id + ")\n")
	}
}
