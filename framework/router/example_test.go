package router_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/dram-go/dram/framework/router"
)

// A small net/http program with named routes.
func Example() {
	type handler func(http.ResponseWriter, *http.Request, *router.Params)
	r := router.New[handler]()
	detail := r.Add("GET", "/question/{id:int}/", func(w http.ResponseWriter, _ *http.Request, p *router.Params) {
		id, _ := p.Get("id")
		fmt.Fprintf(w, "question %s", id)
	}, "web.go:12")
	r.Name(detail, "question.detail")
	if err := r.Build(); err != nil {
		log.Fatal(err)
	}

	serve := func(w http.ResponseWriter, req *http.Request) {
		var params router.Params
		switch found := r.MatchURL(req.Method, req.URL, &params); found.Status {
		case router.Found:
			found.Entry.Value(w, req, &params)
		case router.Redirect:
			to := found.Path
			if req.URL.RawQuery != "" {
				to += "?" + req.URL.RawQuery
			}
			http.Redirect(w, req, to, http.StatusPermanentRedirect)
		case router.MethodNotAllowed:
			w.Header().Set("Allow", found.Allow)
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case router.BadPath:
			http.Error(w, "bad path", http.StatusBadRequest)
		default:
			http.NotFound(w, req)
		}
	}

	path, err := r.Path("question.detail", 42)
	if err != nil {
		log.Fatal(err)
	}
	for _, target := range []string{path, "/question/42?page=2", "/question/abc/"} {
		w := httptest.NewRecorder()
		serve(w, httptest.NewRequest("GET", target, nil))
		fmt.Printf("%s: %d %q\n", target, w.Code, w.Header().Get("Location"))
	}
	// Output:
	// /question/42/: 200 ""
	// /question/42?page=2: 308 "/question/42/?page=2"
	// /question/abc/: 404 ""
}

func ExampleRouter_Build() {
	r := router.New[string]()
	r.Add("GET", "/question/{id:int}/", "show", "web.go:12")
	r.Add("GET", "/question/{qid:int}/edit", "edit", "web.go:13")
	r.Add("GET", "/list/{page:itn}", "list", "web.go:14")
	fmt.Println(r.Build())
	// Output:
	// web.go:13: pattern "/question/{qid:int}/edit" gives another name to the parameter that is {id} in "/question/{id:int}/" at web.go:12: use one name at one place
	// web.go:14: pattern "/list/{page:itn}": "{page:itn}": unknown converter "itn", did you mean "int"?
}

// A converter of the app's own decides which segments a parameter takes.
func ExampleRouter_RegisterConverter() {
	r := router.New[string]()
	r.RegisterConverter("year", router.Converter{
		Match: func(segment string) bool { return len(segment) == 4 && strings.Trim(segment, "0123456789") == "" },
	})
	r.Name(r.Add("GET", "/archive/{year:year}/", "archive", "web.go:1"), "archive")
	r.Add("GET", "/archive/{slug}/", "article", "web.go:2")
	if err := r.Build(); err != nil {
		fmt.Println(err)
	}
	var params router.Params
	for _, path := range []string{"/archive/2024/", "/archive/hello/", "/archive/2024"} {
		found := r.Match("GET", path, &params)
		if found.Status == router.Found {
			fmt.Println(found.Status, found.Entry.Value)
		} else {
			fmt.Println(found.Status, found.Path)
		}
	}
	_, err := r.Path("archive", "hello")
	fmt.Println(err)
	// Output:
	// Found archive
	// Found article
	// Redirect /archive/2024/
	// route "archive", value 1 for {year} of /archive/{year:year}/: "hello" is not of the kind "year"
}
