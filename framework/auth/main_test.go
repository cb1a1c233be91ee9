package auth_test

import (
	"context"
	"io/fs"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"testing/fstest"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/auth"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/postgres"
	"github.com/dram-go/dram/framework/db/postgres/pgtest"
	_ "github.com/dram-go/dram/framework/db/sqlite"
	"github.com/dram-go/dram/framework/webtest"
)

// user is one of the board.
type user struct {
	ID    int64
	Name  string
	Epoch int64
}

// board is an app with a login, as users write them.
type board struct {
	*dram.App
	DB     *db.DB
	Auth   *auth.Auth[user]
	Hasher *auth.Hasher
	Store  *auth.Sessions // nil with sealed cookies
	loads  atomic.Int32
	// meanwhile is called in the middle of basket.slow.
	meanwhile func() error
	broken    atomic.Pointer[dram.HTTPError] // what the next loads of a user fail with
}

func files() fs.FS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"templates/layouts/base.html": file(`<title>Board</title>{{range flashes}}<p class=flash>{{.Text}}</p>{{end}}<nav>{{with user}}{{.Name}}{{else}}nobody{{end}}</nav>{{block "content" .}}{{end}}`),
		"templates/page.html":         file(`{{define "content"}}<h1>page</h1>{{end}}`),
		"templates/plain.html":        file(`{{/* layout: none */}}plain`),
		"templates/login.html":        file(`{{define "content"}}<form method=post>{{errors .}}{{field . "name"}}{{field . "password"}}<button>Sign in</button></form>{{end}}`),
		"migrations/0001_user.sql":    file("-- +goose Up\nCREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL, epoch BIGINT NOT NULL DEFAULT 0);\n"),
		"migrations/0002_auth.sql":    file(auth.Migration()),
		"locales/en.toml":             file("hello = \"hello\"\n"),
		"locales/de.toml":             file("[auth]\ntoo_many = \"Erst in {0} Minuten wieder.\"\n"),
		"locales/ko.toml":             file("hello = \"안녕\"\n"),
	}
}

// newBoard is a New with sealed cookies.
func newBoard(conf *dram.Config) (*board, error) {
	return assemble(conf, nil)
}

// newStored is a New with sessions in the database.
func newStored(conf *dram.Config) (*board, error) {
	return assemble(conf, func(b *board) {
		b.Store = &auth.Sessions{DB: b.DB}
		b.SessionStore(b.Store)
		in := b.With(b.Auth.Required)
		in.Get("/devices/", b.devices).Name("devices")
		in.Post("/devices/{id}/end/", b.end).Name("end")
		in.Post("/devices/others/end/", b.endOthers).Name("others")
	})
}

// devices says how many there are and which is at hand.
func (b *board) devices(c *dram.Context) error {
	list, err := b.Store.Of(c, b.Auth.Owner(b.Auth.Must(c).ID))
	if err != nil {
		return err
	}
	shown := []map[string]any{}
	for _, d := range list {
		shown = append(shown, dram.Map{"id": d.ID, "agent": d.Agent, "here": d.ID == c.Session().ID(), "begun": d.Begun, "seen": d.Seen})
	}
	return c.JSON(shown)
}

func (b *board) end(c *dram.Context) error {
	if err := b.Store.End(c, b.Auth.Owner(b.Auth.Must(c).ID), c.Param("id")); err != nil {
		return err
	}
	return c.Redirect("devices")
}

func (b *board) endOthers(c *dram.Context) error {
	if err := b.Store.EndOthers(c, b.Auth.Owner(b.Auth.Must(c).ID), c.Session().ID()); err != nil {
		return err
	}
	return c.Redirect("devices")
}

func assemble(conf *dram.Config, more func(*board)) (*board, error) {
	fsys := files()
	b := &board{App: dram.New(conf, fsys), DB: db.New(conf, fsys), Hasher: &auth.Hasher{Passes: 1, Memory: 64}}
	b.Add(b.DB)
	b.Auth = auth.New(auth.Config[user]{
		Load:   b.byID,
		Login:  "login",
		Epoch:  func(u user) int64 { return u.Epoch },
		Find:   b.byName,
		Rehash: b.rehash,
		Hasher: b.Hasher,
		Limits: &auth.Limits{DB: b.DB, PerAccount: 3, PerAddress: 8},
	})
	b.Use(b.Auth.Load)
	b.Form("/login/", b.login).Name("login")
	b.Post("/logout/", b.logout).Name("logout")
	b.Get("/", page).Name("home")
	b.Get("/plain/", func(c *dram.Context) error { return c.Render("plain.html", nil) }).Name("plain")
	b.Get("/forgotten/", func(c *dram.Context) error { return c.Text(b.Auth.Must(c).Name) }).Name("forgotten")
	b.Post("/basket/", func(c *dram.Context) error {
		if err := c.Session().Set("basket", c.Request.PostFormValue("what")); err != nil {
			return err
		}
		return c.NoContent()
	}).Name("basket")
	b.Get("/basket/show/", func(c *dram.Context) error {
		var what string
		if _, err := c.Session().Get("basket", &what); err != nil {
			return err
		}
		return c.Text("basket: " + what)
	}).Name("basket.show")
	b.Get("/basket/slow/", func(c *dram.Context) error {
		if err := c.Session().Set("basket", "late"); err != nil {
			return err
		}
		if err := b.meanwhile(); err != nil {
			return err
		}
		return c.Text("done")
	}).Name("basket.slow")
	in := b.With(b.Auth.Required)
	in.Get("/me/", func(c *dram.Context) error { return c.Text(b.Auth.Must(c).Name) }).Name("me")
	in.Post("/vote/", func(c *dram.Context) error { return c.NoContent() }).Name("vote")
	in.Post("/password/", b.password).Name("password")
	if more != nil {
		more(b)
	}
	return b, b.Build()
}

func page(c *dram.Context) error { return c.Render("page.html", nil) }

type loginForm struct {
	Name     string `form:"name" validate:"required"`
	Password string `form:"password" input:"password" validate:"required"`
}

func (b *board) login(c *dram.Context) error {
	form, err := dram.Bind[loginForm](c)
	if err != nil {
		return err
	}
	if form.OK() {
		id, ok, err := b.Auth.Password(c, form.Value.Name, form.Value.Password)
		if err != nil {
			return err
		}
		if ok {
			if err := b.Auth.SignIn(c, id); err != nil {
				return err
			}
			c.Flash("success", "Welcome.")
			return b.Auth.Return(c, "home")
		}
		form.FailForm("Name or password is wrong.")
	}
	return c.Render("login.html", form)
}

func (b *board) logout(c *dram.Context) error {
	if err := b.Auth.SignOut(c); err != nil {
		return err
	}
	c.Flash("success", "Bye.")
	return c.Redirect("home")
}

// password changes it, which ends all sessions but this one.
func (b *board) password(c *dram.Context) error {
	u := b.Auth.Must(c)
	hash, err := b.Hasher.Hash(c, c.Request.PostFormValue("new"))
	if err != nil {
		return err
	}
	if _, err := b.DB.Exec(c, `UPDATE member SET password = ?, epoch = epoch + 1 WHERE id = ?`, hash, u.ID); err != nil {
		return err
	}
	if err := b.Auth.SignIn(c, u.ID); err != nil {
		return err
	}
	return c.Redirect("me")
}

func (b *board) byID(ctx context.Context, id int64) (user, error) {
	b.loads.Add(1)
	if err := b.broken.Load(); err != nil {
		return user{}, err
	}
	return db.One[user](ctx, b.DB, `SELECT id, name, epoch FROM member WHERE id = ?`, id)
}

func (b *board) byName(ctx context.Context, name string) (int64, string, error) {
	row, err := db.One[struct {
		ID       int64
		Password string
	}](ctx, b.DB, `SELECT id, password FROM member WHERE name = ?`, name)
	return row.ID, row.Password, err
}

func (b *board) rehash(ctx context.Context, id int64, old, new string) error {
	_, err := b.DB.Exec(ctx, `UPDATE member SET password = ? WHERE id = ? AND password = ?`, new, id, old)
	return err
}

// server is a PostgreSQL that is started when a test wants it.
var server = pgtest.New()

func TestMain(m *testing.M) {
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

// onBoth runs a test with either kind of database.
func onBoth(t *testing.T, make func(*dram.Config) (*board, error), test func(t *testing.T, site *site)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSite(t, make))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newSite(t, make, webtest.Set("database.url", server.URL(t))))
	})
}

type site = webtest.Site[*board]

// newSite is the board with the users 1 Kim and 2 Lee, who have the password
// "secret kim" and "secret lee".
func newSite(t *testing.T, make func(*dram.Config) (*board, error), options ...webtest.Option) *site {
	t.Helper()
	s := webtest.New(t, make, options...)
	for i, name := range []string{"Kim", "Lee"} {
		hash, err := s.App.Hasher.Hash(t.Context(), "secret "+name)
		must(t, err)
		_, err = s.App.DB.Exec(t.Context(), `INSERT INTO member (id, name, password) VALUES (?, ?, ?)`, i+1, name, hash)
		must(t, err)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func as(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}}
}
