package dram_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func TestGroupsAndNames(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	say := func(text string) dram.Handler {
		return func(c *dram.Context) error { return c.Text(text + " " + c.Route() + " " + c.Pattern()) }
	}
	mark := func(name string) dram.Middleware {
		return func(next dram.Handler) dram.Handler {
			return func(c *dram.Context) error {
				c.Writer.Header().Add("Mark", name)
				return next(c)
			}
		}
	}
	g := app.Group("/question", "question")
	g.Get("/list/", say("list")).Name("list")
	in := g.With(mark("in"), mark("inner"))
	in.Form("/create/", say("create")).Name("create")
	in.Group("/{id:int}", "answer").Get("/", say("answer")).Name("show")
	g.Get("/plain/", say("plain"))
	app.Use(mark("app"))
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ method, path, body, marks string }{
		{"GET", "/question/list/", "list question.list /question/list/", "app"},
		{"GET", "/question/create/", "create question.create /question/create/", "app,in,inner"},
		{"POST", "/question/create/", "create question.create /question/create/", "app,in,inner"},
		{"GET", "/question/7/", "answer question.answer.show /question/{id:int}/", "app,in,inner"},
		{"GET", "/question/plain/", "plain  /question/plain/", "app"},
	}
	for _, tt := range tests {
		w := do(app, httptest.NewRequest(tt.method, tt.path, nil))
		wantBody(t, w, 200, tt.body)
		if got := strings.Join(w.Header().Values("Mark"), ","); got != tt.marks {
			t.Errorf("%s %s: middleware %s, want %s", tt.method, tt.path, got, tt.marks)
		}
	}
	// Middleware of the app stands around what no route takes, too.
	if w := get(app, "/nowhere"); w.Code != 404 || w.Header().Get("Mark") != "app" {
		t.Errorf("404: %d, marks %q", w.Code, w.Header().Get("Mark"))
	}

	rows := app.Routes()
	if got := strings.Join(rows[1][:3], " "); got != "GET /question/create/ question.create" {
		t.Errorf("row %q", rows[1])
	}
	if where := rows[0][4]; !strings.HasPrefix(where, "app_test.go:") {
		t.Errorf("registered at %q", where)
	}
	link, err := app.URL("question.answer.show", 7, dram.Query{"page": 2, "kw": "a b"}, dram.Fragment("answer_1"))
	if err != nil || link != "/question/7/?kw=a+b&page=2#answer_1" {
		t.Errorf("URL: %q, %v", link, err)
	}
	for _, query := range []any{dram.Query{"page": 2}, url.Values{"page": {"2"}}} {
		if link, err := app.URL("question.answer.show", 7, query); err != nil || link != "/question/7/?page=2" {
			t.Errorf("URL with a %T: %q, %v", query, link, err)
		}
	}
}

func TestBuildReportsEverythingAtOnce(t *testing.T) {
	app, _ := newApp(t, config.Production, folders(
		"templates/layouts/base.html", `{{block "content" .}}{{end}}`,
		"templates/good.html", `{{define "content"}}{{url "home"}}{{static "a.css"}}{{t "hello"}}{{end}}`,
		"templates/links.html", "{{define \"content\"}}\n{{url \"hom\"}}{{url \"detail\"}}\n{{static \"b.css\"}}{{t \"helo\"}}{{end}}",
		"templates/broken.html", "{{if}}",
		"static/a.css", "a{}",
		"locales/en.toml", "hello = \"Hello\"\n",
	))
	ok := func(c *dram.Context) error { return c.NoContent() }
	app.Get("/", ok).Name("home")
	app.Get("/detail/{id:int}/", ok).Name("detail")
	app.Get("/detail/{id:int}/", ok)
	app.Get("/nil", nil)
	app.Func("url", func() string { return "" })
	app.Command("bad name", "", nil)

	err := app.Build()
	var faults *dram.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %T %v", err, err)
	}
	for _, want := range []string{
		"app_test.go:", "/nil has no handler", `template function "url" is one of Dram's`, `command "bad name"`,
		"templates/links.html:2:3: there is no route named \"hom\"",
		`templates/links.html:2:16: route "detail" needs a value for {id}, got 0`,
		"templates/links.html:3:3: ", "b.css", `no file in locales/ has the text "helo", did you mean "hello"?`,
		"templates/broken.html:1: missing value for if",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%v", want, err)
		}
	}
	if n := len(faults.List); n != 9 {
		t.Errorf("%d faults, want 9:\n%v", n, err)
	}
	if strings.Contains(err.Error(), "good.html") {
		t.Errorf("a good page is accused:\n%v", err)
	}
	if app.Build() != err {
		t.Error("a second Build returns another error")
	}
	// Served all the same, it answers, and gives nothing away.
	w := get(app, "/")
	wantBody(t, w, 500)
	if strings.Contains(w.Body.String(), "broken.html") {
		t.Errorf("production shows the faults:\n%s", w.Body)
	}
}

func TestDescribingAfterBuildPanics(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "app_test.go:") || !strings.Contains(text, "after Build") {
			t.Errorf("panic %q", text)
		}
	}()
	app.Get("/late", func(c *dram.Context) error { return nil })
}

// part records what is done to a component.
type part struct {
	name string
	log  *[]string
	fail error
}

func (p part) Start(context.Context) error {
	*p.log = append(*p.log, "start "+p.name)
	return p.fail
}

func (p part) Close(context.Context) error {
	*p.log = append(*p.log, "close "+p.name)
	return nil
}

func (p part) Migrate(context.Context) error {
	*p.log = append(*p.log, "migrate "+p.name)
	return nil
}

func (p part) MigrateAfter(context.Context) error {
	*p.log = append(*p.log, "after "+p.name)
	return p.fail
}

func (p part) Check(context.Context) error { return p.fail }

func (p part) MigrationStatus(context.Context) ([][]string, error) {
	return [][]string{{"1", "applied", p.name}}, p.fail
}

func (p part) Commands() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{p.name + " does it": nil}
}

func TestComponentsStartInOrderAndCloseInReverse(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	var log []string
	app.Add(part{"a", &log, nil}, struct{}{}, part{"b", &log, nil})
	app.Command("seed", "fill it", func(context.Context, []string) error { return nil })
	if err := errors.Join(app.Start(t.Context()), app.Check(t.Context()), app.Migrate(t.Context()), app.MigrateAfter(t.Context()), app.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(log, ", "); got != "start a, start b, migrate a, migrate b, after a, after b, close b, close a" {
		t.Errorf("got %s", got)
	}
	if rows, err := app.MigrationStatus(t.Context()); err != nil || fmt.Sprint(rows) != "[[1 applied a] [1 applied b]]" {
		t.Errorf("migrations %v, %v", rows, err)
	}
	commands := app.Commands()
	if _, ok := commands["seed fill it"]; !ok || len(commands) != 3 {
		t.Errorf("commands %v", commands)
	}

	app, _ = newApp(t, config.Test, nil)
	log = nil
	broken := errors.New("no disk")
	app.Add(part{"a", &log, nil}, part{"b", &log, broken}, part{"c", &log, nil})
	if err := app.Start(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Start: %v", err)
	}
	if got := strings.Join(log, ", "); got != "start a, start b, close a" {
		t.Errorf("got %s", got)
	}
	if err := app.Check(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Check: %v", err)
	}
	log = nil
	if err := app.MigrateAfter(t.Context()); !errors.Is(err, broken) || strings.Join(log, ", ") != "after a, after b" {
		t.Errorf("MigrateAfter: %v after %q", err, log)
	}
}

func TestACommandsNameBelongsToOne(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	var log []string
	app.Add(part{"sql", &log, nil}, part{"sql", &log, nil}, part{"other", &log, nil})
	app.Command("sql", "is the app's own", func(context.Context, []string) error { return nil })
	got := slices.Sorted(maps.Keys(app.Commands()))
	if want := []string{"other does it", "sql is the app's own"}; !slices.Equal(got, want) {
		t.Errorf("commands %q, expected %q", got, want)
	}
}

func TestWhatACommandNeeds(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	var log []string
	bus, database, mailer := &part{"bus", &log, nil}, &part{"sql", &log, nil}, &part{"mail", &log, nil}
	app.Add(bus, []int{1}, database, mailer) // a slice cannot be compared
	work := func(context.Context, []string) error { return nil }
	app.Command("seed", "", work, database)
	app.Command("both", "", work, database, bus)
	app.Command("send", "", work)
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"seed": 3, "both": 3, "sql": 3, "bus": 1, "mail": 4} {
		if needs, ok := app.CommandNeeds(name); !ok || len(needs) != want {
			t.Errorf("%s needs %d components, %v; expected the first %d", name, len(needs), ok, want)
		}
	}
	for _, name := range []string{"send", "unknown"} {
		if needs, ok := app.CommandNeeds(name); ok || len(needs) > 0 {
			t.Errorf("%s needs %v, expected the whole app", name, needs)
		}
	}

	app, _ = newApp(t, config.Test, nil)
	app.Command("seed", "", work, database)
	app.Command("list", "", work, []int{1})
	err := app.Build()
	for _, want := range []string{`command "seed" needs a *dram_test.part that was not added`, `command "list" needs a []int`, "app_test.go:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Build: %v\nexpected %q", err, want)
		}
	}
}

// around is a component with middleware, none if it has no name.
type around string

func (a around) Middleware() func(http.Handler) http.Handler {
	if a == "" {
		return nil
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Mark", string(a))
			next.ServeHTTP(w, r)
		})
	}
}

func TestComponentsStandAroundTheApp(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Use(func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			c.Writer.Header().Add("Mark", "app")
			return next(c)
		}
	})
	app.Add(around("first"), around(""), around("second"))
	app.Get("/", func(c *dram.Context) error { return c.Text("page") })
	for path, status := range map[string]int{"/": 200, "/nowhere": 404} {
		w := get(app, path)
		if got := strings.Join(w.Header().Values("Mark"), ","); w.Code != status || got != "first,second,app" {
			t.Errorf("%s: %d, middleware %s", path, w.Code, got)
		}
	}
}

func TestProductionNeedsASecretToStart(t *testing.T) {
	conf := testConfig(t, config.Production)
	conf.Secret = ""
	app := dram.New(conf, nil)
	app.Get("/", func(c *dram.Context) error { return c.Text("no session") })
	app.Get("/session", func(c *dram.Context) error { c.Flash("a", "b"); return nil })
	if err := app.Build(); err != nil {
		t.Fatalf("Build: %v", err) // the command that makes the secret builds the app, too
	}
	for _, err := range []error{app.Start(t.Context()), app.Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "`"+config.Program()+" secret`") || !strings.Contains(err.Error(), "DRAM_SECRET") {
			t.Errorf("got %v", err)
		}
	}
	wantBody(t, get(app, "/"), 200)
	wantBody(t, get(app, "/session"), 500)

	conf = testConfig(t, config.Development)
	conf.Secret = ""
	if err := dram.New(conf, nil).Start(t.Context()); err != nil {
		t.Errorf("development: %v", err)
	}
}
