package storage

import (
	"bytes"
	"net/http"
	"strings"
)

// unknown is the type of what the list does not have.
const unknown = "application/octet-stream"

// sniffLength is how much of a file's beginning tells its type.
const sniffLength = 512

// typeOf returns the type of an extension, "" for one that no ID has.
func typeOf(ext string) string {
	switch ext {
	case "png", "gif", "webp", "avif":
		return "image/" + ext
	case "jpg":
		return "image/jpeg"
	case "pdf":
		return "application/pdf"
	case "txt":
		return "text/plain"
	case "zip":
		return "application/zip"
	case "gz":
		return "application/gzip"
	case "mp3":
		return "audio/mpeg"
	case "wav":
		return "audio/wav"
	case "mp4", "webm":
		return "video/" + ext
	case "bin":
		return unknown
	}
	return ""
}

// sniff returns the extension for what a file begins with.
func sniff(head []byte) string {
	if len(head) >= 12 && bytes.Equal(head[4:12], []byte("ftypavif")) { // ISO/IEC 23000-22; not known to net/http
		return "avif"
	}
	switch http.DetectContentType(head) {
	case "image/png":
		return "png"
	case "image/jpeg":
		return "jpg"
	case "image/gif":
		return "gif"
	case "image/webp":
		return "webp"
	case "application/pdf":
		return "pdf"
	case "text/plain; charset=utf-8":
		return "txt"
	case "application/zip":
		return "zip"
	case "application/x-gzip":
		return "gz"
	case "audio/mpeg":
		return "mp3"
	case "audio/wave":
		return "wav"
	case "video/mp4":
		return "mp4"
	case "video/webm":
		return "webm"
	}
	return "bin"
}

// isAccepted compares a type with a list like "image/*", "application/pdf".
func isAccepted(media string, types []string) bool {
	if len(types) == 0 {
		return true
	}
	for _, t := range types {
		group, all := strings.CutSuffix(t, "*")
		if t == media || all && strings.HasPrefix(media, group) {
			return true
		}
	}
	return false
}
