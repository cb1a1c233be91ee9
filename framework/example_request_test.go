package dram_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing/fstest"
	"time"

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

// Middleware wraps handlers, and leaves values for them under typed keys.
func ExampleMiddleware() {
	team := func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			name := c.Query("team")
			if name == "" {
				return dram.Forbidden("Which team?")
			}
			requestTeam.Set(c, name)
			return next(c)
		}
	}
	app := exampleApp()
	in := app.Group("/board", "board").With(team)
	in.Get("/", func(c *dram.Context) error {
		name, _ := requestTeam.Get(c)
		return c.Text("board of " + name)
	})
	ask(app, "GET", "/board/?team=blue", "")
	// Output: 200 board of blue
}

// request's context.
func ExampleKey() {
	app := exampleApp()
	app.Get("/", func(c *dram.Context) error {
		requestTeam.Set(c, "red")
		ctx, cancel := context.WithTimeout(c, time.Second)
		defer cancel()
		name, ok := requestTeam.Get(ctx)
		return c.Text(fmt.Sprint(name, " ", ok))
	})
	ask(app, "GET", "/", "")
	// Output: 200 red true
}

// A Link is a place to go as a value.
func ExampleLink() {
	app := exampleApp("templates/menu.html", `{{/* layout: none */}}{{range .}}<a href="{{url .}}"></a>{{end}}`)
	app.Get("/detail/{id:int}/", func(c *dram.Context) error { return nil }).Name("detail")
	app.Get("/", func(c *dram.Context) error {
		return c.Render("menu.html", []dram.Link{
			{Route: "detail", Args: []any{1}},
			{Route: "detail", Args: []any{2, dram.Query{"page": 3}, dram.Fragment("last")}},
		})
	})
	ask(app, "GET", "/", "")
	// Output: 200 <a href="/detail/1/"></a><a href="/detail/2/?page=3#last"></a>
}

// it.
func ExampleContext_Go() {
	app := exampleApp()
	app.Post("/mail", func(c *dram.Context) error {
		c.Go(func(ctx context.Context) error {
			fmt.Println("sent,", ctx.Err())
			return nil
		})
		return c.Status(http.StatusAccepted).Text("soon")
	})
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("POST", "/mail", nil))
	if err := app.Close(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(w.Code)
	// Output:
	// sent, <nil>
	// 202
}

// A long answer, sent while it is made.
func ExampleContext_Stream() {
	app := exampleApp()
	app.Get("/export.csv", func(c *dram.Context) error {
		return c.Attachment("questions.csv").Stream("text/csv", func(w io.Writer) error {
			for id := range 3 {
				if _, err := fmt.Fprintf(w, "%d,subject\n", id); err != nil {
					return err
				}
			}
			return nil
		})
	})
	ask(app, "GET", "/export.csv", "")
	// Output:
	// 200 0,subject
	// 1,subject
	// 2,subject
}

// connected again is known by LastID.
func ExampleContext_Events() {
	app := exampleApp()
	app.Get("/events", func(c *dram.Context) error {
		return c.Events(func(e *dram.Events) error {
			for id := range 2 { // in an app: for m := range bus.Subscribe(e, "board")
				event := dram.Event{Name: "changed", ID: fmt.Sprint(id), Data: "board"}
				if err := e.Send(event); err != nil {
					return err
				}
			}
			return nil
		})
	})
	ask(app, "GET", "/events", "")
	// Output:
	// 200 id: 0
	// event: changed
	// data: board
	//
	// id: 1
	// event: changed
	// data: board
}

// Large files go to where they stay as they come in.
func ExampleContext_Uploads() {
	app := exampleApp()
	app.With().MaxBody(100<<20).Post("/files", func(c *dram.Context) error {
		for file, err := range c.Uploads(50 << 20) {
			if err != nil {
				return err
			}
			n, err := io.Copy(io.Discard, file) // in an app: files.Save(c, file.Filename, file)
			if err != nil {
				return err
			}
			fmt.Println(file.Field, file.Filename, n)
		}
		return c.NoContent()
	})
	body := "--x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"cat.png\"\r\n\r\nmeow\r\n--x--\r\n"
	r := httptest.NewRequest("POST", "/files", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	app.ServeHTTP(httptest.NewRecorder(), r)
	// Output: picture cat.png 4
}

// A file, whole or the part that is asked for.
func ExampleContext_SendFile() {
	files := fstest.MapFS{"report.txt": {Data: []byte("all is well")}}
	app := exampleApp()
	app.Get("/report", func(c *dram.Context) error {
		file, err := files.Open("report.txt")
		if err != nil {
			return err
		}
		return c.SendFile(file)
	})
	r := httptest.NewRequest("GET", "/report", nil)
	r.Header.Set("Range", "bytes=-4")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Content-Range"), w.Body)
	// Output: 206 bytes 7-10/11 well
}

// A client that has the page is told so.
func ExampleContext_ETag() {
	app := exampleApp()
	version := 1
	app.Get("/", func(c *dram.Context) error {
		if c.ETag(version) {
			return c.NotModified()
		}
		return c.Text("page")
	})
	first := httptest.NewRecorder()
	app.ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
	for range 2 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("If-None-Match", first.Header().Get("ETag"))
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body.Len())
		version++
	}
	// Output:
	// 304 0
	// 200 4
}

// Public is taken back when the page turns out to be one visitor's.
func ExampleContext_Public() {
	app := exampleApp()
	app.Get("/news", func(c *dram.Context) error { return c.Public(time.Minute).Text("news") })
	app.Get("/mine", func(c *dram.Context) error {
		c.Public(time.Minute)
		c.Flash("info", "read")
		return c.Text("news")
	})
	for _, path := range []string{"/news", "/mine"} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(w.Header().Get("Cache-Control"))
	}
	// Output:
	// public, max-age=60
	// private
}

// Programs are answered in JSON, errors included.
func ExampleContext_ReadJSON() {
	app := exampleApp()
	app.Post("/api/sum", func(c *dram.Context) error {
		var numbers []int
		if err := c.ReadJSON(&numbers); err != nil {
			return err
		}
		sum := 0
		for _, n := range numbers {
			sum += n
		}
		return c.JSON(dram.Map{"sum": sum})
	})
	r := httptest.NewRequest("POST", "/api/sum", strings.NewReader("[1, 2, 3]"))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	_, _ = io.Copy(os.Stdout, w.Body)
	// Output: {"sum":6}
}
