package front

import (
	"bytes"
	"net/http"

	"github.com/dram-go/dram/runner/front/strict"
	"github.com/dram-go/dram/templates/pages"
)

// refuse answers what is no request: by the page that a browser gets for the
// same status, since what the client accepts is not known. Nothing of what it
// sent is in there.
func (f *front) refuse(remote string, why *strict.Refusal) (http.Header, []byte) {
	s, id := f.live.Load(), newID()
	h := http.Header{
		"Cache-Control": {"no-store"}, "Content-Type": {pages.ContentType}, "X-Content-Type-Options": {"nosniff"},
		"X-Request-Id": {id},
	}
	body := refusedPage(h, f.errorPages.Load(), why.Status, id, s.locale)
	f.figures.refused[min(max(why.Status, 0), 599)].Add(1)
	f.access.refused(remote, id, why, len(body), s.access)
	return h, body
}

// refusedPage is the app's page for a status, or ours, and sets the field that
// belongs to it.
func refusedPage(h http.Header, app *errorPages, status int, id, locale string) []byte {
	if page, ok := app.page(decline{status: status}, ""); ok {
		title, text := pages.Text(status, locale)
		h["Content-Security-Policy"] = []string{pageCSP}
		return []byte(fill(page, status, id, title, text))
	}
	h["Content-Security-Policy"] = []string{pages.CSP}
	var b bytes.Buffer // it takes all, so there are no errors
	_ = pages.Error(&b, pages.ErrorPage{Status: status, ID: id, Locale: locale})
	return b.Bytes()
}
