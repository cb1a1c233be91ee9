package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/auth"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// A guest book whose users are kept in a map.
func Example() {
	conf := config.Default(".")
	conf.Env = config.Development
	type guest struct{ Name string }
	guests := map[int64]guest{1: {"Kim"}}

	app := dram.New(conf, nil)
	login := auth.New(auth.Config[guest]{
		Load: func(_ context.Context, id int64) (guest, error) {
			g, ok := guests[id]
			if !ok {
				return guest{}, db.ErrNotFound
			}
			return g, nil
		},
		Login: "login",
	})
	app.Use(login.Load)
	app.Get("/login/", func(c *dram.Context) error { return c.Text("Who are you?") }).Name("login")
	app.Post("/login/", func(c *dram.Context) error {
		if err := login.SignIn(c, 1); err != nil { // a real one asks for a password
			return err
		}
		return login.Return(c, "book")
	})
	app.With(login.Required).Get("/book/", func(c *dram.Context) error {
		return c.Text("Welcome, " + login.Must(c).Name)
	}).Name("book")

	var cookies []*http.Cookie
	visit := func(method, path string) {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Accept", "text/html")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		app.Log = discard()
		app.ServeHTTP(w, r)
		cookies = append(cookies, w.Result().Cookies()...)
		fmt.Println(w.Code, w.Header().Get("Location")+strings.TrimSpace(w.Body.String()))
	}
	visit("GET", "/book/")
	visit("POST", "/login/?next=%2Fbook%2F")
	visit("GET", "/book/")
	// Output:
	// 303 /login/?next=%2Fbook%2F
	// 303 /book/
	// 200 Welcome, Kim
}

func ExampleHasher() {
	hasher := &auth.Hasher{} // one for the whole app
	ctx := context.Background()
	hash, err := hasher.Hash(ctx, "correct horse battery staple")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hash[:31])
	ok, err := hasher.Verify(ctx, hash, "correct horse battery staple")
	fmt.Println(ok, err)
	// Output:
	// $argon2id$v=19$m=19456,t=2,p=1$
	// true <nil>
}

// Sessions in the database, and what a page of a user's devices does.
func ExampleSessions() {
	type member struct{ ID int64 }
	var (
		conf     *dram.Config
		database *db.DB
		login    *auth.Auth[member]
	)
	build := func() *dram.App {
		app := dram.New(conf, nil)
		app.Add(database)
		sessions := &auth.Sessions{DB: database}
		app.SessionStore(sessions)
		in := app.With(login.Required)
		in.Get("/devices/", func(c *dram.Context) error {
			list, err := sessions.Of(c, login.Owner(login.Must(c).ID))
			if err != nil {
				return err
			}
			return c.Render("auth/devices.html", dram.Map{"Devices": list, "Here": c.Session().ID()})
		}).Name("devices")
		in.Post("/devices/{id}/end/", func(c *dram.Context) error {
			if err := sessions.End(c, login.Owner(login.Must(c).ID), c.Param("id")); err != nil {
				return err // one of somebody else's: 404
			}
			return c.Redirect("devices")
		})
		return app
	}
	_ = build // called by the program's New
}
