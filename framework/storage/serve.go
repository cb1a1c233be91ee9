package storage

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/dram-go/dram/framework/asset"
)

// Serve answers a request of plain net/http with an upload; it does not close
// f. Pictures are shown by the browser, everything else is saved under name,
// or under the ID if name is empty ([asset.ShowsInline]). Whatever the file is, it runs no script
// and is not taken for another type. Ranges and conditions work; without a
// Cache-Control of the caller, only the visitor's browser keeps the file and
// asks each time whether it may still have it.
//
// An error means that nothing was answered yet.
func Serve(w http.ResponseWriter, r *http.Request, f File, name string) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	_, ext, _ := strings.Cut(info.Name(), ".")
	media := typeOf(ext)
	if media == "" {
		media = unknown
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", disposition(media, name, info.Name()))
	h.Set("ETag", `"`+info.Name()+`"`) // an ID never has other content
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
	return nil
}

// disposition is the Content-Disposition (RFC 6266) of a file. A name that
// cannot be written in a header is left out.
func disposition(media, name, id string) string {
	kind := "attachment"
	if asset.ShowsInline(media) {
		kind = "inline"
	}
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name == "" {
		name = id
	}
	if full := mime.FormatMediaType(kind, map[string]string{"filename": name}); full != "" {
		return full
	}
	return kind
}
