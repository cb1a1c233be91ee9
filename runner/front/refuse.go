package front

import (
	"cmp"
	"net/http"

	"github.com/dram-go/dram/runner/front/strict"
)

// refuse answers what is no request as any other error: in the form that the
// client accepts, as far as its head says so, and otherwise by the page that a
// browser gets. Nothing of what it sent is in there.
func (f *front) refuse(by strict.Client, why *strict.Refusal) (http.Header, []byte) {
	s, id := f.live.Load(), newID()
	h := http.Header{"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}, "X-Request-Id": {id}}
	body := errorBody(h, decline{status: why.Status}, errorFor{
		accept: cmp.Or(by.Accept, "text/html"), languages: by.Languages, locale: s.locale, id: id, app: f.errorPages.Load(),
	})
	f.figures.refused[min(max(why.Status, 0), 599)].Add(1)
	f.access.refused(by.Remote, id, why, len(body), s.access)
	return h, body
}
