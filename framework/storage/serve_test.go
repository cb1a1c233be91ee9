package storage

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestServe(t *testing.T) {
	d := open(t, Options{})
	for _, tt := range []struct {
		content, name      string
		media, disposition string
	}{
		{pngHead, "cat.png", "image/png", `inline; filename=cat.png`},
		{pngHead, `C:\photos\cat 1.png`, "image/png", `inline; filename="cat 1.png"`},
		{"<html><script>", "page.html", "application/octet-stream", `attachment; filename=page.html`},
		{"text", "보고서.txt", "text/plain", `attachment; filename*=utf-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.txt`},
		{"text", "a\r\nSet-Cookie: x=1", "text/plain", `attachment; filename*=utf-8''a%0D%0ASet-Cookie%3A%20x%3D1`},
		{"text", "../../etc/passwd", "text/plain", `attachment; filename=passwd`},
	} {
		up := save(t, d, tt.content)
		w := httptest.NewRecorder()
		serve(t, d, w, httptest.NewRequest("GET", "/f", nil), up.ID, tt.name)
		h := w.Header()
		if w.Code != 200 || w.Body.String() != tt.content || h.Get("Content-Type") != tt.media || h.Get("Content-Disposition") != tt.disposition {
			t.Errorf("%q: %d %v", tt.name, w.Code, h)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%q: %v", tt.name, h)
		}
	}
	up := save(t, d, "0123456789")
	w := httptest.NewRecorder()
	serve(t, d, w, httptest.NewRequest("GET", "/f", nil), up.ID, "")
	if got := w.Header().Get("Content-Disposition"); got != "attachment; filename="+up.ID {
		t.Errorf("without a name: %s", got)
	}
	r := httptest.NewRequest("GET", "/f", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	w.Header().Set("Cache-Control", "no-store")
	serve(t, d, w, r, up.ID, "")
	if w.Code != http.StatusNotModified || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("If-None-Match: %d %v", w.Code, w.Header())
	}
	r = httptest.NewRequest("GET", "/f", nil)
	r.Header.Set("Range", "bytes=2-4")
	w = httptest.NewRecorder()
	serve(t, d, w, r, up.ID, "")
	if w.Code != http.StatusPartialContent || w.Body.String() != "234" {
		t.Errorf("Range: %d %q", w.Code, w.Body)
	}
}

func serve(t *testing.T, d *Dir, w http.ResponseWriter, r *http.Request, id, name string) {
	t.Helper()
	f, err := d.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Serve(w, r, f, name); err != nil {
		t.Fatal(err)
	}
}

func TestServeClosedFile(t *testing.T) {
	d := open(t, Options{})
	f, err := d.Open(t.Context(), save(t, d, "x").ID)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	w := httptest.NewRecorder()
	if err := Serve(w, httptest.NewRequest("GET", "/f", nil), f, ""); err == nil || len(w.Header()) != 0 {
		t.Errorf("a closed file: %v, header %v", err, w.Header())
	}
}
