package apps

import (
	"io"
	"net/http"
	"strings"
)

// Text is what Page answers: 5 KiB, always the same.
var Text = strings.Repeat("<p>A line of a dynamic page, as templates make them.</p>\n", 90)

// Page is the dynamic page that chains of servers are measured with.
func Page(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	_, _ = io.WriteString(w, Text) // an error is the client's leaving
}
