package gateway

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestSmallResponsesHaveALength although their handlers name none, up to
// sheetSize and unless they flush, and whatever the pieces they come in.
func TestSmallResponsesHaveALength(t *testing.T) {
	all := strings.Repeat("0123456789abcdef", 10_000)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.FormValue("size"))
		piece, _ := strconv.Atoi(r.FormValue("piece"))
		for rest := all[:size]; len(rest) > 0; {
			n := min(piece, len(rest))
			io.WriteString(w, rest[:n])
			rest = rest[n:]
			if r.FormValue("flush") != "" {
				w.(http.Flusher).Flush()
			}
		}
	})
	c := dialed(t, s.link)
	for _, size := range []int{0, 1, pageSize - 1, pageSize, pageSize + 1, 40_000, sheetSize - 1, sheetSize, sheetSize + 1, 150_000} {
		for _, piece := range []int{1000, pageSize, pageSize + 1, sheetSize, sheetSize + 1} {
			for _, flush := range []string{"", "yes"} {
				query := "/?size=" + strconv.Itoa(size) + "&piece=" + strconv.Itoa(piece) + "&flush=" + flush
				want := int64(size)
				if size > sheetSize || flush != "" && size > 0 {
					want = -1
				}
				resp, body, err := ask(c, getRequest(query), "")
				if err != nil || resp.Length != want || body != all[:size] {
					t.Errorf("%s: length %d, want %d; %d bytes, %v", query, resp.Length, want, len(body), err)
				}
			}
		}
	}
}
