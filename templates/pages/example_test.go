package pages_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/dram-go/dram/templates/pages"
)

// A handler that has nothing to say but an error.
func ExampleError() {
	closed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", pages.ContentType)
		w.Header().Set("Content-Security-Policy", pages.CSP)
		w.WriteHeader(http.StatusForbidden)
		pages.Error(w, pages.ErrorPage{
			Status: http.StatusForbidden,
			Text:   "The distillery opens at nine.",
			Locale: pages.Negotiate(r.Header.Get("Accept-Language")),
		})
	})
	w := httptest.NewRecorder()
	closed.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 403 text/html; charset=utf-8
}

// The words of a page for an answer that is no HTML.
func ExampleText() {
	title, sentence := pages.Text(http.StatusServiceUnavailable, "ko")
	fmt.Println(title + ": " + sentence)
	// Output: 잠시만 기다려 주세요: 애플리케이션이 시작하는 중이거나 매우 바쁩니다. 몇 초 뒤에 다시 시도해 주세요.
}
