package asset

import (
	"path"
	"strings"
)

// UnknownType is what [Type] says of an extension that it does not know.
const UnknownType = "application/octet-stream"

// Type returns the media type of a name by its extension, the same on every
// machine, or [UnknownType].
func Type(name string) string { return contentType(name) }

// ShowsInline reports whether a browser may show a stranger's file of this
// type, a value of Content-Type, as if it were a page of the site: pictures
// only, and not those that are documents, in which scripts run (SVG and other
// XML). PDF and text may look like a page of ours without being one, and what
// the first bytes say is no proof. Anything else is for saving.
func ShowsInline(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return strings.HasPrefix(media, "image/") && !strings.HasSuffix(media, "+xml")
}

// contentType returns the media type of a name by its extension. The table is
// our own: a machine's mime.types would make the same app answer differently
// on two machines, and without that file fonts and modules would not load
// under nosniff.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8" // RFC 9239
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".html", ".htm":
		return "text/html; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".md":
		return "text/markdown; charset=utf-8"
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".vtt":
		return "text/vtt; charset=utf-8"
	case ".xml":
		return "text/xml; charset=utf-8"
	case ".xsl", ".xslt":
		return "application/xslt+xml"
	case ".wasm":
		return "application/wasm"
	case ".pdf":
		return "application/pdf"
	case ".zip":
		return "application/zip"
	case ".gz":
		return "application/gzip"
	}
	return mediaType(name)
}

// mediaType is contentType for pictures, fonts, sound and film.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".avif":
		return "image/avif"
	case ".ico":
		return "image/vnd.microsoft.icon"
	case ".bmp":
		return "image/bmp"
	case ".woff2":
		return "font/woff2"
	case ".woff":
		return "font/woff"
	case ".ttf":
		return "font/ttf"
	case ".otf":
		return "font/otf"
	case ".mp3":
		return "audio/mpeg"
	case ".m4a":
		return "audio/mp4"
	case ".ogg":
		return "audio/ogg"
	case ".wav":
		return "audio/wav"
	case ".mp4":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	}
	return UnknownType
}
