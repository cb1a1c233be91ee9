package main

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing/fstest"

	"github.com/go-chi/chi/v5"

	"github.com/dram-go/dram/framework/form"
	"github.com/dram-go/dram/framework/session"
	"github.com/dram-go/dram/framework/view"
)

// question is what the form of the examples asks for.
type question struct {
	Subject string `form:"subject" label:"Subject" validate:"required,max=200"`
}

// An app on chi takes single parts of Dram: pages by view, a form, a session.
// Each speaks net/http and knows nothing of the others.
func Example_chi() {
	pages := view.New(view.Options{
		FS: fstest.MapFS{
			"layouts/base.html": {Data: []byte(`<title>{{block "title" .}}{{end}}</title>{{block "content" .}}{{end}}`)},
			"ask.html":          {Data: []byte(`{{define "title"}}{{id}}{{end}}{{define "content"}}{{field . "subject"}}{{end}}`)},
		},
		Funcs:  template.FuncMap{"field": form.HTML},
		Scoped: template.FuncMap{"id": func(r *http.Request) string { return "Board " + chi.URLParam(r, "board") }},
	})
	sessions, err := session.New(session.Options{Secrets: []string{"0123456789abcdef0123456789abcdef"}, Name: "board"})
	if err != nil {
		fmt.Println(err)
		return
	}

	r := chi.NewRouter()
	r.Use(sessions.Wrap)
	r.HandleFunc("/{board}/ask", func(w http.ResponseWriter, r *http.Request) {
		f, err := form.Parse[question](w, r, form.Options{})
		if err != nil {
			http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
			return
		}
		if f.OK() {
			if err := session.From(r.Context()).Flash("success", "asked: "+f.Value.Subject); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			http.Redirect(w, r, "done", http.StatusSeeOther)
			return
		}
		if f.Invalid() {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		if err := pages.Render(w, "ask.html", f, r); err != nil {
			fmt.Println(err)
		}
	})
	r.Get("/{board}/done", func(w http.ResponseWriter, r *http.Request) {
		for _, flash := range session.From(r.Context()).Flashes() {
			fmt.Fprint(w, flash.Text)
		}
	})

	var cookies []*http.Cookie
	visit := func(method, path string, values url.Values) {
		req := httptest.NewRequest(method, path, strings.NewReader(values.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			req.AddCookie(c)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		cookies = append(cookies, w.Result().Cookies()...)
		fmt.Println(w.Code, w.Header().Get("Location")+strings.ReplaceAll(w.Body.String(), "\n", ""))
	}
	visit("POST", "/go/ask", url.Values{})
	visit("POST", "/go/ask", url.Values{"subject": {"why?"}})
	visit("GET", "/go/done", nil)
	// Output:
	// 422 <title>Board go</title><div class="field field-invalid"><label for="subject">Subject</label><input type="text" id="subject" name="subject" required maxlength="200" aria-invalid="true" aria-describedby="subject-error" value=""><p class="field-error" id="subject-error">Subject is required.</p></div>
	// 303 /go/done
	// 200 asked: why?
}
