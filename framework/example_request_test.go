package dram_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	dram "github.com/dram-go/dram/framework"
)

// A flash message waits in the session for the next page, which shows it once.
func ExampleContext_Flash() {
	app := exampleApp("templates/home.html", `{{/* layout: none */}}{{range flashes}}[{{.Kind}}: {{.Text}}] {{end}}home`)
	app.Get("/", func(c *dram.Context) error { return c.Render("home.html", nil) }).Name("home")
	app.Post("/save", func(c *dram.Context) error {
		c.Flash("success", "Saved.")
		return c.Redirect("home")
	})

	saved := httptest.NewRecorder()
	app.ServeHTTP(saved, httptest.NewRequest("POST", "/save", nil))
	home := httptest.NewRequest("GET", saved.Header().Get("Location"), nil)
	for _, cookie := range saved.Result().Cookies() {
		home.AddCookie(cookie)
	}
	page := httptest.NewRecorder()
	app.ServeHTTP(page, home)
	fmt.Println(page.Body)
	// Output:
	// [success: Saved.] home
}

// A counter of visits, kept in the visitor's session.
func ExampleContext_Session() {
	app := exampleApp()
	app.Get("/", func(c *dram.Context) error {
		var visits int
		if _, err := c.Session().Get("visits", &visits); err != nil {
			return err
		}
		if err := c.Session().Set("visits", visits+1); err != nil {
			return err
		}
		return c.Text(fmt.Sprintf("visit %d", visits+1))
	})

	r := httptest.NewRequest("GET", "/", nil)
	for range 2 {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Body)
		r = httptest.NewRequest("GET", "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
	}
	// Output:
	// visit 1
	// visit 2
}

// Parameters come first, then a Query and a Fragment.
func ExampleApp_URL() {
	app := exampleApp()
	show := func(c *dram.Context) error { return c.NoContent() }
	app.Get("/question/{id:int}/", show).Name("question.detail")

	fmt.Println(app.URL("question.detail", 7, dram.Query{"page": 2, "kw": "a b"}, dram.Fragment("answer_1")))
	_, err := app.URL("question.detail", "seven")
	fmt.Println(err != nil)
	// Output:
	// /question/7/?kw=a+b&page=2#answer_1 <nil>
	// true
}

// An app has error pages of its own in templates/errors.
func ExampleErrorPage() {
	app := exampleApp(
		"templates/errors/404.html", `{{/* layout: none */}}{{.Status}} {{.Title}}: {{.Message}}`,
		"templates/errors/500.html", `{{/* layout: none */}}{{.Status}}, tell us {{if .ID}}the id{{end}}`,
	)
	app.Get("/gone", func(c *dram.Context) error { return dram.NotFound("This question was deleted.") })
	app.Get("/broken", func(c *dram.Context) error { return fmt.Errorf("the disk is full") })

	for _, path := range []string{"/gone", "/broken"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 404 404 Page not found: This question was deleted.
	// 500 500, tell us the id
}
