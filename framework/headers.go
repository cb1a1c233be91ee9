package dram

import (
	"net/http"
	"strings"
)

// contentPolicy is the Content-Security-Policy of HTML responses that set none
// themselves: scripts only from files of this site, no plugins, no foreign
// base or form target, no foreign frame around us.
const contentPolicy = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"

// secure adds the security headers that the app has not set. A field that it
// set to nothing (header["X-Frame-Options"] = nil) stays away.
func secure(header http.Header) {
	setDefault(header, "X-Content-Type-Options", "nosniff")
	setDefault(header, "Referrer-Policy", "strict-origin-when-cross-origin")
	if !isDocument(header.Get("Content-Type")) {
		return
	}
	setDefault(header, "X-Frame-Options", "SAMEORIGIN")
	setDefault(header, "Content-Security-Policy", contentPolicy)
}

// isDocument reports whether a browser would run scripts in it, which it does
// in all XML.
func isDocument(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch media {
	case "text/html", "text/xml", "application/xml", "text/xsl":
		return true
	}
	return strings.HasSuffix(media, "+xml")
}

func setDefault(header http.Header, name, value string) {
	if _, set := header[name]; !set {
		header.Set(name, value)
	}
}

// addVary adds a field name to Vary unless it is there.
func addVary(header http.Header, name string) {
	for _, line := range header.Values("Vary") {
		for field := range strings.SplitSeq(line, ",") {
			if field = strings.TrimSpace(field); field == "*" || strings.EqualFold(field, name) {
				return
			}
		}
	}
	header.Add("Vary", name)
}
