package dram

import (
	"net/http"
	"strconv"
	"strings"
)

// maxAccept is how many bytes of Accept are read; browsers send about 150.
const maxAccept = 4 << 10

// preferred returns in which form the client wants an error: "html", "json" or
// "text". A type must be named to be preferred: */* alone, which everything
// sends that is no browser, gives text, or JSON to who sent JSON.
func preferred(r *http.Request) string {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	accept = accept[:min(len(accept), maxAccept)]
	html := max(quality(accept, "text/html"), quality(accept, "application/xhtml+xml"))
	json := max(quality(accept, "application/json"), quality(accept, "application/problem+json"))
	switch {
	case html > 0 && html >= json:
		return "html"
	case json > 0 || isJSON(r.Header.Get("Content-Type")):
		return "json"
	}
	return "text"
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// quality returns the weight that an Accept header (RFC 9110 section 12.5.1)
// gives to a media type by name, 0 if it does not name it.
func quality(accept, media string) float64 {
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), media) {
			continue
		}
		for param := range strings.SplitSeq(params, ";") {
			if q, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
				weight, err := strconv.ParseFloat(q, 64)
				if err != nil || weight < 0 || weight > 1 {
					return 0
				}
				return weight
			}
		}
		return 1
	}
	return 0
}
