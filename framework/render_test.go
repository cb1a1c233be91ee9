package dram_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func page(name, content string) []string {
	return []string{"templates/layouts/base.html", `{{block "content" .}}{{end}}`, "templates/" + name, `{{define "content"}}` + content + `{{end}}`}
}

// renderApp answers / with a page of this content.
func renderApp(t *testing.T, content string, data any, more ...string) (*dram.App, *logLines) {
	t.Helper()
	app, log := newApp(t, config.Test, folders(append(page("p.html", content), more...)...))
	app.Get("/", func(c *dram.Context) error { return c.Render("p.html", data) }).Name("home")
	app.Get("/q/{id:int}/", func(c *dram.Context) error { return c.NoContent() }).Name("q")
	return app, log
}

func TestTemplateFunctions(t *testing.T) {
	at := time.Date(2026, 3, 1, 23, 5, 0, 0, time.UTC)
	data := dram.Map{
		"At": at, "Ptr": &at, "Zero": time.Time{}, "Link": dram.Link{Route: "q", Args: []any{3}},
		"Words": []string{"a", "b"},
	}
	tests := []struct{ content, want string }{
		{`<a href="{{url "q" 7}}?x#y">`, `<a href="/q/7/?x#y">`},
		{`<a href="{{url .Link}}">`, `<a href="/q/3/">`},
		{`{{static "css/a.css"}}`, `/static/css/a.`},
		{`{{t "hello" "Kim"}} {{locale}}`, "Hello Kim en"},
		{`{{path}}`, "/"},
		{`<a href="{{query "page" 2 "drop" nil}}">`, `<a href="?kw=a&#43;b&amp;page=2">`},
		{`{{date .At}}|{{date .Ptr "2006-01-02 15:04"}}|{{date .Zero}}`, "2 Mar 2026, 08:05|2026-03-02 08:05|"},
		{`{{range .Words}}{{template "row" .}}{{end}}`, "[a /][b /]"},
		{`{{shout "a"}}{{plain "b"}}`, "A /b"},
	}
	for _, tt := range tests {
		app, _ := renderApp(t, tt.content, data,
			"static/css/a.css", "a{}", "locales/en.toml", `hello = "Hello {0}"`, "locales/ko.toml", `hello = "안녕 {0}"`,
			"templates/partials/row.html", `[{{.}} {{path}}]`)
		app.Config().Locale.Zone = "Asia/Seoul"
		app.Func("shout", func(c *dram.Context, s string) string { return strings.ToUpper(s) + " " + c.Request.URL.Path })
		app.Func("plain", func(s string) string { return s })
		if err := app.Build(); err != nil {
			t.Fatalf("%s: %v", tt.content, err)
		}
		wantBody(t, get(app, "/?kw=a+b&page=9&drop=1"), 200, tt.want)
	}
}

func TestLocaleFollowsTheClient(t *testing.T) {
	app, _ := renderApp(t, `{{t "hello"}} {{date .}}`, time.Date(2026, 3, 1, 8, 5, 0, 0, time.UTC),
		"locales/en.toml", `hello = "Hello"`, "locales/ko.toml", `hello = "안녕"`)
	for accept, want := range map[string]string{
		"ko-KR,ko;q=0.9": "안녕 2026년 3월 1일 08:05",
		"fr":             "Hello 1 Mar 2026, 08:05",
		"":               "Hello 1 Mar 2026, 08:05",
	} {
		r := browser("GET", "/", nil)
		r.Header.Set("Accept-Language", accept)
		w := do(app, r)
		wantBody(t, w, 200, want)
		if got := w.Header().Get("Vary"); got != "Accept-Language" {
			t.Errorf("Vary %q", got)
		}
	}
}

func TestRenderSendsAWholePage(t *testing.T) {
	app, _ := renderApp(t, "<p>half{{if .}}{{.Nope}}{{end}}", nil)
	app.Get("/created", func(c *dram.Context) error { return c.Status(201).Render("p.html", nil) })
	app.Get("/broken", func(c *dram.Context) error { return c.Render("p.html", struct{ A int }{}) })
	app.Get("/none", func(c *dram.Context) error { return c.Render("q.html", nil) })
	app.Get("/json", func(c *dram.Context) error { return c.Status(201).JSON(dram.Map{"a": 1}) })
	app.Get("/badjson", func(c *dram.Context) error { return c.JSON(func() {}) })

	w := get(app, "/")
	wantBody(t, w, 200, "<p>half")
	if got := w.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := w.Header().Get("Content-Length"); got != "7" {
		t.Errorf("Content-Length %q", got)
	}
	wantBody(t, get(app, "/created"), 201, "<p>half")
	if w := get(app, "/broken"); w.Code != 500 || strings.Contains(w.Body.String(), "<p>half") {
		t.Errorf("half a page: %d %s", w.Code, w.Body)
	}
	wantBody(t, get(app, "/none"), 500)
	w = get(app, "/json")
	wantBody(t, w, 201, `{"a":1}`)
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	wantBody(t, get(app, "/badjson"), 500)
}

type signUp struct {
	Name string `form:"name" validate:"required,max=10" label:"이름"`
}

func TestForms(t *testing.T) {
	app, _ := newApp(t, config.Test, folders(page("form.html", `{{field .Form "name"}}{{range flashes}}[{{.Kind}} {{.Text}}]{{end}}`)...))
	app.Form("/new", func(c *dram.Context) error {
		form, err := dram.Bind[signUp](c)
		if err != nil {
			return err
		}
		if !form.OK() {
			return c.Render("form.html", dram.Map{"Form": form})
		}
		c.Flash("success", "hello "+form.Value.Name)
		return c.Redirect("new")
	}).Name("new")
	app.Form("/edit", func(c *dram.Context) error {
		form, err := dram.Edit(c, signUp{Name: "before"})
		if err != nil {
			return err
		}
		return c.Render("form.html", dram.Map{"Form": form})
	})
	app.Post("/taken", func(c *dram.Context) error {
		form, err := dram.Bind[signUp](c)
		if err != nil {
			return err
		}
		form.Fail("name", "taken")
		return c.Render("form.html", dram.Map{"Form": form})
	})
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	post := func(path, body string) *httptest.ResponseRecorder {
		return do(app, browser("POST", path, strings.NewReader(body)))
	}
	wantBody(t, get(app, "/new"), 200, `name="name"`, `required`)
	wantBody(t, post("/new", "name="), 422, `id="name-error"`)
	wantBody(t, post("/taken", "name=x"), 422, "taken")
	wantBody(t, get(app, "/edit"), 200, `value="before"`)
	wantBody(t, post("/new", "name=%zz"), 400)

	w := post("/new", "name=kim")
	if w.Code != 303 || w.Header().Get("Location") != "/new" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	r := browser("GET", "/new", nil)
	r.AddCookie(w.Result().Cookies()[0])
	w = do(app, r)
	wantBody(t, w, 200, "[success hello kim]")
	if got := w.Header().Get("Cache-Control"); got != "private" {
		t.Errorf("Cache-Control %q", got)
	}
	r = browser("GET", "/new", nil)
	r.AddCookie(w.Result().Cookies()[0])
	if w = do(app, r); strings.Contains(w.Body.String(), "hello kim") {
		t.Error("the flash is shown twice")
	}

	r = httptest.NewRequest("POST", "/new", strings.NewReader(`{"name":""}`))
	r.Header.Set("Content-Type", "application/json")
	w = do(app, r)
	wantBody(t, w, 422, `"errors":{"name":[`)
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Config().Server.MaxBody = 10
	app.Post("/form", func(c *dram.Context) error {
		_, err := dram.Bind[signUp](c)
		return err
	})
	app.Post("/raw", func(c *dram.Context) error {
		_, err := c.Request.Body.Read(make([]byte, 100))
		for err == nil {
			_, err = c.Request.Body.Read(make([]byte, 100))
		}
		return err
	})
	for _, path := range []string{"/form", "/raw"} {
		wantBody(t, do(app, browser("POST", path, strings.NewReader("name="+strings.Repeat("x", 100)))), 413)
	}
}

func TestStaticFiles(t *testing.T) {
	app, _ := renderApp(t, `{{static "a.css"}}`, nil, "static/a.css", "a{}", "static/.hidden", "x")
	app.Get("/static/route", func(c *dram.Context) error { return c.Text("a route") })
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	path := get(app, "/").Body.String()
	w := get(app, path)
	wantBody(t, w, 200, "a{}")
	if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("%s: Cache-Control %q", path, got)
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("header %v", w.Header())
	}
	wantBody(t, get(app, "/static/a.css"), 200, "a{}")
	wantBody(t, get(app, "/static/route"), 200, "a route")
	wantBody(t, get(app, "/static/.hidden"), 404)
	wantBody(t, get(app, "/static/none.css"), 404)
	if data, err := fs.ReadFile(app.Assets(), "a.css"); err != nil || string(data) != "a{}" {
		t.Errorf("Assets: %q, %v", data, err)
	}
	if bare, _ := newApp(t, config.Test, nil); bare.Assets() != nil {
		t.Error("assets of an app without files")
	}
}

func TestSecurityHeaders(t *testing.T) {
	app, _ := renderApp(t, "x", nil)
	app.Get("/own", func(c *dram.Context) error {
		c.Writer.Header().Set("Content-Security-Policy", "default-src 'none'")
		c.Writer.Header()["X-Frame-Options"] = nil
		return c.Render("p.html", nil)
	})
	app.Get("/sniffed", func(c *dram.Context) error {
		_, err := c.Writer.Write([]byte("<html><script>"))
		return err
	})
	app.Get("/text", func(c *dram.Context) error { return c.Text("x") })
	const policy = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
	for path, want := range map[string][2]string{
		"/":        {policy, "SAMEORIGIN"},
		"/own":     {"default-src 'none'", ""},
		"/sniffed": {policy, "SAMEORIGIN"},
		"/text":    {"", ""},
	} {
		header := get(app, path).Header()
		if got := [2]string{header.Get("Content-Security-Policy"), header.Get("X-Frame-Options")}; got != want {
			t.Errorf("%s: %q", path, got)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "strict-origin-when-cross-origin" {
			t.Errorf("%s: %v", path, header)
		}
	}
}

func TestProductionCookiesAreHostOnly(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Get("/", func(c *dram.Context) error { return c.Session().Set("user", 7) })
	if got := get(app, "/").Header().Get("Set-Cookie"); !strings.HasPrefix(got, "__Host-qna=") || !strings.Contains(got, "Secure") {
		t.Errorf("cookie %q", got)
	}
}

func TestDevelopmentReadsFilesFromTheDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("templates/p.html", "{{/* layout: none */}}disk {{static \"a.css\"}}")
	write("templates/q.html", "{{/* layout: none */}}\n{{url \"nowhere\"}}")
	write("static/a.css", "one")
	embedded := fstest.MapFS{"templates/p.html": {Data: []byte("{{/* layout: none */}}embedded")}}

	app := dram.New(testConfig(t, config.Development), embedded)
	if _, here, _, _ := runtime.Caller(0); dram.LiveDir(app) != filepath.Dir(here) {
		t.Errorf("live directory %q", dram.LiveDir(app))
	}
	dram.Live(app, dir)
	app.Get("/{page}", func(c *dram.Context) error { return c.Render(c.Param("page"), nil) })
	if err := app.Build(); err != nil {
		t.Errorf("a fault that can be mended while the app runs stops it: %v", err)
	}
	if err := app.Check(t.Context()); err == nil || !strings.Contains(err.Error(), `templates/q.html:2:3: there is no route named "nowhere"`) {
		t.Errorf("Check: %v", err)
	}
	first := get(app, "/p.html").Body.String()
	if !strings.HasPrefix(first, "disk /static/a.") {
		t.Fatalf("got %q", first)
	}
	wantBody(t, get(app, "/q.html"), 500, "templates/q.html", "nowhere")
	write("static/a.css", "another")
	write("templates/p.html", "{{/* layout: none */}}changed {{static \"a.css\"}}")
	second := get(app, "/p.html").Body.String()
	if !strings.HasPrefix(second, "changed ") || strings.TrimPrefix(second, "changed ") == strings.TrimPrefix(first, "disk ") {
		t.Errorf("got %q after %q", second, first)
	}
	wantBody(t, get(app, strings.TrimPrefix(second, "changed ")), 200, "another")

	if app := dram.New(testConfig(t, config.Production), embedded); dram.LiveDir(app) != "" {
		t.Error("production reads from the disk")
	}
}

func TestResponseController(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/stream", func(c *dram.Context) error {
		if err := c.Session().Set("k", 1); err != nil {
			return err
		}
		if err := http.NewResponseController(c.Writer).Flush(); err != nil {
			return err
		}
		if err := c.Session().Set("k", 2); err == nil {
			t.Error("the session takes changes after the header was sent")
		}
		_, err := c.Writer.Write([]byte("late"))
		return err
	})
	app.Get("/hijack", func(c *dram.Context) error {
		conn, _, err := http.NewResponseController(c.Writer).Hijack()
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nraw"))
		return err
	})
	app.Get("/file", func(c *dram.Context) error {
		f, err := os.Open("doc.go")
		if err != nil {
			return err
		}
		defer f.Close()
		http.ServeContent(c.Writer, c.Request, "doc.go.txt", time.Time{}, f)
		return nil
	})
	server := httptest.NewServer(app)
	defer server.Close()
	for path, length := range map[string]int64{"/stream": -1, "/hijack": 3, "/file": fileSize(t, "doc.go")} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 200 || response.ContentLength != length {
			t.Errorf("%s: %d, %d bytes", path, response.StatusCode, response.ContentLength)
		}
		if path == "/stream" && response.Header.Get("Set-Cookie") == "" {
			t.Error("the session was not sealed before the flush")
		}
	}
}

func fileSize(t *testing.T, name string) int64 {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestWorkersLeaveTheAccessLogToTheFront(t *testing.T) {
	t.Setenv("DRAM_ROLE", "worker")
	app, log := newApp(t, config.Production, nil)
	app.Get("/ok", func(c *dram.Context) error { return c.NoContent() })
	app.Get("/fail", func(c *dram.Context) error { return http.ErrBodyNotAllowed })
	get(app, "/ok")
	if log.String() != "" {
		t.Errorf("logged %s", log)
	}
	get(app, "/fail")
	log.last(t, "request")
}
