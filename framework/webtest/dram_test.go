package webtest_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/sqlite"
	"github.com/dram-go/dram/framework/webtest"
)

// notes is an app of Dram as users write them.
type notes struct {
	*dram.App
	DB *db.DB
}

type noteForm struct {
	Text string `form:"text" validate:"required"`
}

type notePage struct{ Form *dram.Form[noteForm] }

func noteFiles() fs.FS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"templates/layouts/base.html": file(`<!doctype html><title>Notes</title>{{range flashes}}<p class="{{.Kind}}">{{.Text}}</p>{{end}}{{block "content" .}}{{end}}`),
		"templates/form.html":         file(`{{define "content"}}<form method="post">{{field .Form "text"}}<button>Save</button></form>{{end}}`),
		"templates/note.html":         file(`{{define "content"}}<h1>{{.}}</h1>{{end}}`),
		"migrations/0001_note.sql":    file("-- +goose Up\nCREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n"),
	}
}

func newNotes(conf *dram.Config) (*notes, error) {
	files := noteFiles()
	n := &notes{App: dram.New(conf, files), DB: db.New(conf, files)}
	n.Add(n.DB)
	n.Form("/create/", n.create).Name("create")
	n.Get("/note/{id:int}/", n.show).Name("note")
	n.Get("/each/{times:int}", n.each).Name("each")
	return n, n.Build()
}

func (n *notes) create(c *dram.Context) error {
	form, err := dram.Bind[noteForm](c)
	if err != nil {
		return err
	}
	if !form.OK() {
		return c.Render("form.html", notePage{form})
	}
	id, err := n.DB.Insert(c, `INSERT INTO note(text) VALUES (?)`, form.Value.Text)
	if err != nil {
		return err
	}
	c.Flash("success", "Saved.")
	return c.Redirect("note", id)
}

func (n *notes) show(c *dram.Context) error {
	text, err := db.One[string](c, n.DB, `SELECT text FROM note WHERE id = ?`, c.Int("id"))
	if err != nil {
		return err
	}
	return c.Render("note.html", text)
}

// each is a page with a query per row.
func (n *notes) each(c *dram.Context) error {
	for id := range c.Int("times") {
		if _, err := db.All[string](c, n.DB, `SELECT text FROM note WHERE id = ?`, id); err != nil {
			return err
		}
	}
	return c.Text("done")
}

// TestAppOfDram is the promise of the package's comment, on the real thing.
func TestAppOfDram(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			site := webtest.New(t, newNotes)
			site.Get("create").Status(200).Count("input[name=text]", 1).Count("#text-error", 0)
			site.Submit("create", url.Values{}).Status(422).See("#text-error", "")
			site.Submit("create", url.Values{"text": {"first"}}).
				RedirectsTo("note", 1).
				Follow().Status(200).See("h1", "first").See(".success", "Saved.")
			site.Get("note", 1).Status(200).Not("Saved.")
			site.Get("note", 2).Status(404)
			site.GetPath("/note/1").Status(308).Follow().See("first")
			site.With("Sec-Fetch-Site", "cross-site").Submit("create", url.Values{"text": {"forged"}}).Status(403)
			if text, err := db.One[string](t.Context(), site.App.DB, `SELECT text FROM note`); err != nil || text != "first" {
				t.Errorf("the only note is %q, %v", text, err)
			}
		})
	}
}

// TestAddedDatabaseNamesAQueryPerRow: it needs no line in the app.
func TestAddedDatabaseNamesAQueryPerRow(t *testing.T) {
	t.Parallel()
	site := webtest.New(t, newNotes)
	var log bytes.Buffer
	site.App.SetLog(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	site.Get("each", 4).Status(200)
	if log.Len() != 0 {
		t.Errorf("four statements are worth a line: %s", &log)
	}
	site.Get("each", 5).Status(200)
	for _, word := range []string{"level=WARN", "N+1", "times=5", "path=/each/5", "dram_test.go:"} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("the log lacks %s: %s", word, &log)
		}
	}
}
