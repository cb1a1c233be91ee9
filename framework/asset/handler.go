package asset

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Handler serves the files of a [Source] below [Prefix] to GET and HEAD: with
// a strong ETag, conditional requests (RFC 9110 section 13) and ranges
// (section 14). A fingerprinted name may be kept for a year without asking, a
// plain name must be revalidated.
type Handler struct {
	source Source
}

// The values of Cache-Control. A year is the most that RFC 9111 caches heed;
// immutable (RFC 8246) spares the question when a page is reloaded.
const (
	cacheFixed = "public, max-age=31536000, immutable"
	cachePlain = "no-cache"
)

// NewHandler returns a Handler of source.
func NewHandler(source Source) *Handler { return &Handler{source: source} }

// URLName returns the URL path of a file: "/static/css/site.3fa9c1d2e4b5.css"
// for "css/site.css".
func (h *Handler) URLName(name string) (string, error) { return h.source.URLName(name) }

// TryServe answers r if it names a file that is there and reports whether it
// did; otherwise it has written nothing and another handler may answer. A
// method other than GET and HEAD on a file that is there is answered with 405.
func (h *Handler) TryServe(w http.ResponseWriter, r *http.Request) bool {
	return h.serve(w, r) == nil
}

// ServeHTTP answers as TryServe, and with 404 if there is no such file.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.serve(w, r)
	if err == nil {
		return
	}
	w.Header().Set("Cache-Control", "no-store") // the file may come with the next generation
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	http.Error(w, "the file cannot be read", http.StatusInternalServerError)
}

// serve answers r or returns why it cannot.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	name, ok := requestName(r.URL)
	if !ok {
		return fs.ErrNotExist
	}
	f, err := h.source.find(name)
	if err != nil {
		return err
	}
	defer f.content.Close()
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "a static file answers only GET and HEAD", http.StatusMethodNotAllowed)
		return nil
	}
	header.Set("Content-Type", f.Type)
	header.Set("ETag", f.ETag())
	header.Set("Cache-Control", cachePlain)
	if f.fixed {
		header.Set("Cache-Control", cacheFixed)
	}
	// No Last-Modified: the ETag says more, and times differ between machines
	// and generations that serve the same bytes.
	http.ServeContent(w, r, "", time.Time{}, f.content)
	return nil
}

// requestName returns the name below Prefix that a request asks for. An
// encoded separator is refused rather than decoded: what stands in front of us
// may have judged the path without decoding it.
func requestName(u *url.URL) (string, bool) {
	name, ok := strings.CutPrefix(u.Path, Prefix)
	if !ok || checkName(name) != nil {
		return "", false
	}
	if u.RawPath != "" {
		raw := strings.ToLower(u.RawPath)
		if strings.Contains(raw, "%2f") || strings.Contains(raw, "%5c") {
			return "", false
		}
	}
	return name, true
}
