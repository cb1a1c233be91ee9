package asset

import "testing"

func TestTypeOfEveryExtension(t *testing.T) {
	for name, want := range map[string]string{
		"a.css": "text/css; charset=utf-8", "a.js": "text/javascript; charset=utf-8", "a.mjs": "text/javascript; charset=utf-8",
		"a.json": "application/json", "a.js.map": "application/json", "a.webmanifest": "application/manifest+json",
		"a.html": "text/html; charset=utf-8", "a.HTM": "text/html; charset=utf-8", "a.txt": "text/plain; charset=utf-8",
		"a.md": "text/markdown; charset=utf-8", "a.csv": "text/csv; charset=utf-8", "a.vtt": "text/vtt; charset=utf-8",
		"a.xml": "text/xml; charset=utf-8", "a.xsl": "application/xslt+xml", "a.xslt": "application/xslt+xml",
		"a.wasm": "application/wasm", "a.pdf": "application/pdf", "a.zip": "application/zip", "a.tar.gz": "application/gzip",
		"a.svg": "image/svg+xml", "a.PNG": "image/png", "a.jpg": "image/jpeg", "a.jpeg": "image/jpeg", "a.gif": "image/gif",
		"a.webp": "image/webp", "a.avif": "image/avif", "favicon.ico": "image/vnd.microsoft.icon", "a.bmp": "image/bmp",
		"a.woff2": "font/woff2", "a.woff": "font/woff", "a.ttf": "font/ttf", "a.otf": "font/otf",
		"a.mp3": "audio/mpeg", "a.m4a": "audio/mp4", "a.ogg": "audio/ogg", "a.wav": "audio/wav",
		"a.mp4": "video/mp4", "a.webm": "video/webm",
		"LICENSE": UnknownType, "a.exe": UnknownType, "png": UnknownType, "dir.png/a": UnknownType, "": UnknownType,
	} {
		if got := Type(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestShowsInline(t *testing.T) {
	for media, want := range map[string]bool{
		"image/png": true, "IMAGE/JPEG": true, "image/webp; q=1": true, " image/avif": true, "image/vnd.microsoft.icon": true,
		"image/svg+xml": false, "Image/SVG+XML; charset=utf-8": false, "image/x+xml ;a=b": false,
		"application/pdf": false, "text/plain; charset=utf-8": false, "text/html": false, "video/mp4": false, "audio/mpeg": false,
		"application/octet-stream": false, "imagepng": false, "": false, "text/html;image/png": false,
	} {
		if got := ShowsInline(media); got != want {
			t.Errorf("%q: %v", media, got)
		}
	}
}
