package view_test

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/dram-go/dram/framework/view"
)

// Templates in a program on plain net/http: the request itself is the scope.
func Example() {
	pages := view.New(view.Options{
		FS: fstest.MapFS{
			"layouts/base.html": {Data: []byte(`<title>{{block "title" .}}Board{{end}}</title>{{block "content" .}}{{end}}`)},
			"partials/nav.html": {Data: []byte(`<nav>{{path}}</nav>`)},
			"hello.html":        {Data: []byte(`{{define "content"}}{{template "nav"}}<h1>Hello, {{.Name}}</h1>{{end}}`)},
		},
		Scoped: template.FuncMap{"path": func(r *http.Request) string { return r.URL.Path }},
	})
	if err := pages.Check(nil); err != nil {
		fmt.Println(err)
		return
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		data := struct{ Name string }{"<Kim>"}
		if err := pages.Render(w, "hello.html", data, r); err != nil {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		}
	})
	w := httptest.NewRecorder()
	hello.ServeHTTP(w, httptest.NewRequest("GET", "/hello", nil))
	fmt.Println(w.Body)
	// Output: <title>Board</title><nav>/hello</nav><h1>Hello, &lt;Kim&gt;</h1>
}
