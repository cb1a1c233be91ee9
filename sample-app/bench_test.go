package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dram-go/dram/framework/webtest"
)

// BenchmarkList is the list page through the whole app, database included.
func BenchmarkList(b *testing.B) { benchmarkEngines(b, "/question/list/?page=2") }

// BenchmarkDetail is a question with its answers and the form.
func BenchmarkDetail(b *testing.B) { benchmarkEngines(b, "/question/detail/7/") }

// benchmarkEngines measures the page with compiled templates and without.
func benchmarkEngines(b *testing.B, path string) {
	for engine, compile := range map[string]string{"compiled": "true", "htmltemplate": "false"} {
		b.Run(engine, func(b *testing.B) { benchmarkPage(b, path, compile) })
	}
}

func benchmarkPage(b *testing.B, path, compile string) {
	site := webtest.New(b, New, webtest.Set("app.samples", "300"), webtest.Set("pages.compile", compile))
	site.App.Log = slog.New(slog.DiscardHandler)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		site.App.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			b.Fatalf("status %d", w.Code)
		}
	}
}
