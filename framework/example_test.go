package dram_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/router"
)

// exampleApp is an app as a test has it, with files if it needs some, that
// logs nothing.
func exampleApp(files ...string) *dram.App {
	conf := config.Default(".")
	conf.Env, conf.Name = config.Test, "board"
	app := dram.New(conf, folders(files...))
	app.SetLog(slog.New(slog.DiscardHandler))
	return app
}

// ask prints what a browser gets.
func ask(h http.Handler, method, path, body string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept-Language", "en")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	line := fmt.Sprint(w.Code)
	for _, text := range []string{w.Header().Get("Location"), strings.TrimSpace(w.Body.String())} {
		if text != "" {
			line += " " + text
		}
	}
	fmt.Println(line)
}

func Example() {
	app := dram.New(nil, nil)
	app.Get("/", func(c *dram.Context) error { return c.Text("hello") })

	server := httptest.NewServer(app) // or http.ListenAndServe(addr, app)
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status, response.Header.Get("Content-Type"))
	// Output: 200 OK text/plain; charset=utf-8
}

// Board is an app: a struct with what its handlers need.
type Board struct {
	*dram.App
	subjects []string
}

// NewBoard describes it.
func NewBoard() (*Board, error) {
	b := &Board{
		App: exampleApp(
			"templates/layouts/base.html", `<title>{{block "title" .}}Board{{end}}</title>{{block "content" .}}{{end}}`,
			"templates/list.html", `{{define "content"}}{{range .}}<a href="{{url "question.detail" .ID}}">{{.Subject}}</a>{{end}}{{end}}`,
		),
		subjects: []string{"Why <Go>?"},
	}
	g := b.Group("/question", "question")
	g.Get("/list/", b.list).Name("list")
	g.Get("/detail/{id:int}/", b.detail).Name("detail")
	return b, b.Build()
}

type row struct {
	ID      int
	Subject string
}

func (b *Board) list(c *dram.Context) error {
	var rows []row
	for i, subject := range b.subjects {
		rows = append(rows, row{i + 1, subject})
	}
	return c.Render("list.html", rows)
}

func (b *Board) detail(c *dram.Context) error {
	id := c.Int("id")
	if id < 1 || id > int64(len(b.subjects)) {
		return dram.NotFound("There is no such question.")
	}
	return c.Text(b.subjects[id-1])
}

// Handlers are methods of a struct that holds what they need.
func ExampleApp() {
	board, err := NewBoard()
	if err != nil {
		fmt.Println(err)
		return
	}
	ask(board, "GET", "/question/list/", "")
	ask(board, "GET", "/question/detail/1/", "")
	ask(board, "GET", "/question/detail/1", "")
	// Output:
	// 200 <title>Board</title><a href="/question/detail/1/">Why &lt;Go&gt;?</a>
	// 200 Why <Go>?
	// 308 /question/detail/1/
}

// Build finds everything that is wrong, and says where.
func ExampleApp_Build() {
	app := exampleApp(
		"templates/home.html", "{{/* layout: none */}}\n<a href=\"{{url \"abuot\"}}\">{{static \"logo.png\"}}</a>",
	)
	app.Get("/about", func(c *dram.Context) error { return c.Text("about") }).Name("about")
	var faults *dram.Faults
	if errors.As(app.Build(), &faults) {
		for _, fault := range faults.List {
			fmt.Println(fault)
		}
	}
	// Output:
	// templates/home.html:2:12: there is no route named "abuot", did you mean "about"?
	// templates/home.html:2:29: no static file "logo.png"
}

// Sign is what a visitor fills in.
type Sign struct {
	Name string `form:"name" label:"Name" validate:"required,max=20"`
}

// One handler shows the form, takes it, and shows it again with what is wrong.
func ExampleBind() {
	app := exampleApp("templates/form.html", `{{/* layout: none */}}{{errors .}}{{field . "name"}}`)
	app.Form("/sign", func(c *dram.Context) error {
		form, err := dram.Bind[Sign](c)
		if err != nil {
			return err
		}
		if !form.OK() {
			return c.Render("form.html", form) // empty, or with what is wrong: 422
		}
		return c.Redirect("hello", form.Value.Name)
	})
	app.Get("/hello/{name}", func(c *dram.Context) error { return c.Text("hello " + c.Param("name")) }).Name("hello")
	ask(app, "POST", "/sign", "name=")
	ask(app, "POST", "/sign", "name=Kim")
	// Output:
	// 422 <div class="field field-invalid">
	// <label for="name">Name</label>
	// <input type="text" id="name" name="name" required maxlength="20" aria-invalid="true" aria-describedby="name-error" value="">
	// <p class="field-error" id="name-error">Name is required.</p>
	// </div>
	// 303 /hello/Kim
}

// A page that changes something begins with what is there.
func ExampleEdit() {
	app := exampleApp("templates/form.html", `{{/* layout: none */}}{{with .Field "name"}}{{.Value}}{{end}}`)
	stored := Sign{Name: "Kim"}
	app.Form("/profile", func(c *dram.Context) error {
		form, err := dram.Edit(c, stored)
		if err != nil {
			return err
		}
		if !form.OK() {
			return c.Render("form.html", form)
		}
		stored = form.Value
		return c.Text("now " + stored.Name)
	})
	ask(app, "GET", "/profile", "")
	ask(app, "POST", "/profile", "name=Lee")
	// Output:
	// 200 Kim
	// 200 now Lee
}

// An error says how it is answered; what it hides goes to the log.
func ExampleHTTPError() {
	app := exampleApp()
	app.Get("/busy", func(c *dram.Context) error {
		return dram.Unavailable("Come back in a minute.").
			With("Retry-After", "60").
			Wrap(errors.New("queue: 1000 waiting"))
	})
	r := httptest.NewRequest("GET", "/busy", nil)
	r.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	app.Config().Env = config.Production // elsewhere the answer has the cause
	app.ServeHTTP(w, r)
	id := w.Header().Get("X-Request-Id")
	fmt.Println(w.Code, w.Header().Get("Retry-After"), w.Header().Get("Content-Type"))
	fmt.Print(strings.ReplaceAll(w.Body.String(), id, "ID"))
	// Output:
	// 503 60 application/problem+json
	// {"detail":"Come back in a minute.","id":"ID","status":503,"title":"Service Unavailable"}
}

var requestTeam = dram.NewKey[string]("team")

// A Key gives back the type that was put in, from anything derived from the
// With returns another group; the order of calls on the first never matters.
func ExampleGroup() {
	mark := func(text string) dram.Middleware {
		return func(next dram.Handler) dram.Handler {
			return func(c *dram.Context) error {
				c.Writer.Header().Add("Location", text) // to be seen in the example
				return next(c)
			}
		}
	}
	app := exampleApp()
	g := app.Group("/question", "question")
	in := g.With(mark("member"))
	g.Get("/list/", func(c *dram.Context) error { return c.Text(c.Route()) }).Name("list")
	in.Get("/create/", func(c *dram.Context) error { return c.Text(c.Route()) }).Name("create")
	ask(app, "GET", "/question/list/", "")
	ask(app, "GET", "/question/create/", "")
	// Output:
	// 200 question.list
	// 200 member question.create
}

// Middleware made for net/http works as it is: an error page passes through it
// like any other page.
func ExampleApp_UseHTTP() {
	shout := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&shouting{w}, r)
		})
	}
	app := exampleApp()
	app.UseHTTP(shout)
	app.Get("/", func(c *dram.Context) error { return c.Text("hello") })
	ask(app, "GET", "/", "")
	// Output: 200 HELLO
}

type shouting struct{ http.ResponseWriter }

func (w *shouting) Write(p []byte) (int, error) {
	return w.ResponseWriter.Write([]byte(strings.ToUpper(string(p))))
}

// A handler for net/http finds the parameters where the standard library has
// them, and the Context by From.
func ExampleApp_HTTP() {
	app := exampleApp()
	old := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := dram.From(r.Context())
		fmt.Fprintf(w, "%s of %s", r.PathValue("name"), c.Route())
	})
	app.Get("/old/{name}", app.HTTP(old)).Name("old")
	ask(app, "GET", "/old/report", "")
	// Output: 200 report of old
}

// A converter of one's own says which texts a parameter takes, and writes the
// values of links.
func ExampleApp_Converter() {
	app := exampleApp()
	app.Converter("year", router.Converter{Match: func(s string) bool {
		return len(s) == 4 && strings.Trim(s, "0123456789") == ""
	}})
	app.Get("/archive/{year:year}/", func(c *dram.Context) error { return c.Text(c.URL("archive", 2027)) }).Name("archive")
	ask(app, "GET", "/archive/2026/", "")
	_, err := app.URL("archive", "today")
	fmt.Println(err)
	// Output:
	// 200 /archive/2027/
	// route "archive", value 1 for {year} of /archive/{year:year}/: "today" is not of the kind "year"
}

// A function of one's own for templates may know the request.
func ExampleApp_Func() {
	app := exampleApp("templates/p.html", `{{/* layout: none */}}{{team}} {{shout "go"}}`)
	app.Func("team", func(c *dram.Context) string { return c.Query("team") })
	app.Func("shout", strings.ToUpper)
	app.Get("/", func(c *dram.Context) error { return c.Render("p.html", nil) })
	ask(app, "GET", "/?team=blue", "")
	// Output: 200 blue GO
}

// Queue is a component: it is found by its methods.
type Queue struct{}

// Start opens it.
func (Queue) Start(context.Context) error { fmt.Println("queue open"); return nil }

// Close closes it.
func (Queue) Close(context.Context) error { fmt.Println("queue closed"); return nil }

// Components live as long as the app.
func ExampleApp_Add() {
	app := exampleApp()
	app.Add(Queue{})
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
	}
	if err := app.Close(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// queue open
	// queue closed
}

// Commands become verbs of the app's binary.
func ExampleApp_Command() {
	app := exampleApp()
	app.Command("seed", "fill the board with samples", func(ctx context.Context, args []string) error {
		fmt.Println("seeding", args)
		return nil
	})
	for key, run := range app.Commands() {
		fmt.Println(key)
		if err := run(context.Background(), []string{"100"}); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// seed fill the board with samples
	// seeding [100]
}

// Work that outlives the request has a context of its own, and Close waits for
// Events for new EventSource("/events"). What happened before the browser
// An app inside of another one writes addresses that lead to itself.
func ExampleApp_Mount() {
	shop := exampleApp()
	shop.Get("/item/{id:int}", func(c *dram.Context) error { return c.Text(c.URL("item", 8)) }).Name("item")

	site := exampleApp()
	site.Config().Name = "site" // each has sessions of its own
	site.Add(shop)
	site.Mount("/shop", shop)
	ask(site, "GET", "/shop/item/7", "")
	// Output: 200 /shop/item/8
}

// An app below a prefix of a program on net/http, chi or Gin.
func ExampleStripPrefix() {
	shop := exampleApp()
	shop.Get("/item/{id:int}", func(c *dram.Context) error { return c.Text(c.URL("item", 8)) }).Name("item")

	mux := http.NewServeMux()
	mux.Handle("/shop/", dram.StripPrefix("/shop", shop))
	ask(mux, "GET", "/shop/item/7", "")
	// Output: 200 /shop/item/8
}

// Each locale has addresses of its own.
func ExampleApp_LocaleByPath() {
	app := exampleApp("locales/en.toml", `hello = "Hello"`, "locales/ko.toml", `hello = "안녕하세요"`)
	app.LocaleByPath()
	app.Get("/hello/", func(c *dram.Context) error { return c.Text(c.T("hello") + " " + c.URL("hello")) }).Name("hello")
	ask(app, "GET", "/hello/", "")
	ask(app, "GET", "/ko/hello/", "")
	// Output:
	// 200 Hello /hello/
	// 200 안녕하세요 /ko/hello/
}
