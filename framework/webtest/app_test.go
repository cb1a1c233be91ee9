package webtest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/webtest"
)

// board is a small app on plain net/http with what webtest looks for.
type board struct {
	*http.ServeMux
	conf    *config.Config
	db      *sql.DB
	counts  *counts
	started bool
}

// counts says how often the apps of one function were migrated and closed.
type counts struct{ created, migrated, closed atomic.Int32 }

// newBoard returns a New whose calls are counted.
func newBoard(n *counts) func(*config.Config) (*board, error) {
	return func(conf *config.Config) (*board, error) {
		b := &board{ServeMux: http.NewServeMux(), conf: conf, counts: n}
		b.HandleFunc("GET /{$}", b.home)
		b.HandleFunc("GET /note/{id}", b.show)
		b.HandleFunc("POST /note", b.create)
		b.HandleFunc("POST /clear", b.clear)
		b.HandleFunc("/", echo)
		b.HandleFunc("PUT /json", reflect)
		b.HandleFunc("/to/{status}", redirect)
		b.HandleFunc("GET /cookie/{kind}", cookie)
		return b, nil
	}
}

func (b *board) URL(route string, args ...any) (string, error) {
	switch {
	case route == "home" && len(args) == 0:
		return "/", nil
	case route == "note" && len(args) == 1:
		return fmt.Sprintf("/note/%v#top", args[0]), nil
	case route == "create" || route == "clear" || route == "json" || route == "echo":
		return map[string]string{"create": "/note", "clear": "/clear", "json": "/json", "echo": "/echo"}[route], nil
	}
	return "", fmt.Errorf("there is no route named %q for %d values", route, len(args))
}

func (b *board) open() (*sql.DB, error) {
	return sql.Open("sqlite3", strings.TrimPrefix(b.conf.Database.URL, "sqlite:")+"?_journal_mode=WAL")
}

func (b *board) Migrate(ctx context.Context) error {
	b.counts.migrated.Add(1)
	db, err := b.open()
	if err != nil {
		return err
	}
	defer db.Close()
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'note'`).Scan(&n); err != nil || n > 0 {
		return err
	}
	b.counts.created.Add(1)
	_, err = db.ExecContext(ctx, `CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT)`)
	return err
}

func (b *board) Start(context.Context) (err error) {
	b.started = true
	b.db, err = b.open()
	return err
}

func (b *board) Close(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.counts.closed.Add(1)
	if b.db == nil {
		return nil
	}
	return b.db.Close()
}

func (b *board) home(w http.ResponseWriter, r *http.Request) {
	flash := ""
	if c, err := r.Cookie("flash"); err == nil {
		flash = c.Value
		http.SetCookie(w, &http.Cookie{Name: "flash", Path: "/", MaxAge: -1})
	}
	page(w, 200, "<p class=flash>"+html.EscapeString(flash)+"</p>")
}

func (b *board) show(w http.ResponseWriter, r *http.Request) {
	var text string
	err := b.db.QueryRowContext(r.Context(), `SELECT text FROM note WHERE id = ?`, r.PathValue("id")).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		page(w, 404, "<p>no such note</p>")
		return
	}
	page(w, 200, "<table><tr><td>"+html.EscapeString(text)+"</td><td>second <b>cell</b>s</td></tr></table>")
}

func (b *board) create(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("text") == "" {
		page(w, 422, `<form><input name=text value="" aria-invalid=true><p id=text-error class=error>The   text is
			required</p></form>`)
		return
	}
	res, err := b.db.ExecContext(r.Context(), `INSERT INTO note(text) VALUES (?)`, r.FormValue("text"))
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	id, _ := res.LastInsertId()
	http.SetCookie(w, &http.Cookie{Name: "flash", Value: "saved", Path: "/", Secure: true})
	http.Redirect(w, r, fmt.Sprintf("/note/%d?new=1#top", id), http.StatusSeeOther)
}

func (b *board) clear(w http.ResponseWriter, r *http.Request) {
	if _, err := b.db.ExecContext(r.Context(), `DELETE FROM note`); err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func page(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<!doctype html><html><head><title>Notes</title><style>.secret{}</style></head><body>%s<script>var hidden = 1</script></body></html>`, body)
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	seen := map[string]string{"method": r.Method, "host": r.Host, "uri": r.RequestURI, "url": r.URL.String(), "body": string(body)}
	for name := range r.Header {
		seen[name] = r.Header.Get(name)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(seen)
}

func reflect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/problem+json")
	io.Copy(w, r.Body)
}

func redirect(w http.ResponseWriter, r *http.Request) {
	var status int
	fmt.Sscan(r.PathValue("status"), &status)
	if to := r.URL.Query().Get("to"); to != "" {
		w.Header().Set("Location", to)
	}
	w.WriteHeader(status)
}

func cookie(w http.ResponseWriter, r *http.Request) {
	c := map[string]string{
		"session": "a=1; Path=/",
		"short":   "b=2; Path=/; Max-Age=60",
		"path":    "c=3; Path=/cookie",
		"default": "d=4",
		"delete":  "a=; Path=/; Max-Age=0",
	}[r.PathValue("kind")]
	w.Header().Set("Set-Cookie", c)
}

// failing stands in for a test that is expected to fail.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Helper() {}

type stop struct{}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic(stop{})
}

// failure runs what should fail and returns its message.
func failure(t *testing.T, run func(t testing.TB)) string {
	t.Helper()
	f := &failing{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (stop{}) {
				panic(r)
			}
		}()
		run(f)
	}()
	return f.text
}

func newSite(t testing.TB, options ...webtest.Option) *webtest.Site[*board] {
	t.Helper()
	return webtest.New(t, newBoard(&counts{}), options...)
}

func form(text string) url.Values { return url.Values{"text": {text}} }
