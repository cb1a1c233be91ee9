package front

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net/http"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/front/static"
)

// namesFile returns the file that a worker wants to be sent, "" for none.
func (r *response) namesFile() string {
	if r.Header != nil {
		return r.Header.Get(sendfileField)
	}
	return r.Fields.Get(sendfileField)
}

// sorted are the fields of a header that can be sent.
func sorted(h http.Header) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			for _, value := range h[name] {
				if httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value) && !yield(name, value) {
					return
				}
			}
		}
	}
}

// unusedBody is how much of a body is read that nobody sees; with more of it
// the connection to the worker ends.
const unusedBody = 64 << 10

// relayFile sends the file that a worker has named, as it wants it.
func (p *proxy) relayFile(h *handover, resp *response, path string) {
	if resp.whole == nil {
		_, _ = io.CopyN(io.Discard, resp.body, unusedBody) // up to its end, else the connection is not kept
	}
	header := resp.header()
	if httpguts.HeaderValuesContainsToken(header["Connection"], "close") {
		h.Last()
	}
	responseHeader(header)
	for _, name := range []string{"Content-Length", "Date", "X-Request-Id"} {
		delete(header, name)
	}
	err := h.settings.static.roots.Send(h.turn, h.turn, path, sorted(header), h.begun)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		h.answer(http.StatusNotFound, "file that a worker named is not there")
	case errors.Is(err, static.ErrOutside):
		p.table.log.Error("a worker named a file that no directory of static.sendfile has", "path", path, "id", h.id)
		h.answer(http.StatusInternalServerError, "worker named a file outside of static.sendfile")
	default:
		p.table.log.Error("file that a worker named", "path", path, "id", h.id, "err", err)
		h.answer(http.StatusInternalServerError, "file that a worker named cannot be read")
	}
}
