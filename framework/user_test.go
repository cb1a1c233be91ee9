package dram_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

type member struct{ Name string }

func TestUserOfTemplates(t *testing.T) {
	app, _ := newApp(t, config.Production, folders(
		"templates/layouts/base.html", `{{block "content" .}}{{end}}{{template "bar"}}`,
		"templates/partials/bar.html", `{{define "bar"}}[{{with user}}{{.Name}}{{else}}nobody{{end}}]{{end}}`,
		"templates/page.html", `{{define "content"}}page{{end}}`,
	))
	page := func(c *dram.Context) error { return c.Render("page.html", nil) }
	as := func(find dram.UserFunc) dram.Middleware {
		return func(next dram.Handler) dram.Handler {
			return func(c *dram.Context) error {
				c.SetUser(find)
				return next(c)
			}
		}
	}
	app.Get("/nobody", page)
	app.With(as(func(*dram.Context) (any, error) { return member{"Kim"}, nil })).Get("/kim", page)
	app.With(as(func(*dram.Context) (any, error) { return nil, nil })).Get("/visitor", page)
	app.With(as(func(*dram.Context) (any, error) { return nil, dram.Unavailable("later") })).Get("/broken", page)
	wantBody(t, get(app, "/nobody"), 200, "page[nobody]")
	wantBody(t, get(app, "/visitor"), 200, "page[nobody]")
	wantBody(t, get(app, "/kim"), 200, "page[Kim]")
	wantBody(t, get(app, "/broken"), 503, "later")
}

func TestFailIsTheHandlersError(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Get("/", func(c *dram.Context) error {
		c.Fail(dram.Conflict("changed meanwhile").Wrap(errors.New("cause")))
		return c.Text("not reached")
	})
	w := get(app, "/")
	wantBody(t, w, 409, "changed meanwhile")
	if strings.Contains(w.Body.String(), "not reached") {
		t.Error("the handler went on")
	}
}

func TestWantsHTML(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Get("/", func(c *dram.Context) error { return c.JSON(c.WantsHTML()) })
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,*/*;q=0.8": "true", "*/*": "false", "application/json": "false", "": "false",
	} {
		r := browser("GET", "/", nil)
		r.Header.Set("Accept", accept)
		if got := strings.TrimSpace(do(app, r).Body.String()); got != want {
			t.Errorf("Accept %q: %s, want %s", accept, got, want)
		}
	}
}

func TestSignInIsAskedForInTestsOnly(t *testing.T) {
	for env, want := range map[config.Env]string{config.Test: "7 true", config.Development: "0 false", config.Production: "0 false"} {
		app, _ := newApp(t, env, nil)
		var got string
		app.UseHTTP(func(next http.Handler) http.Handler { return next })
		app.Get("/", func(c *dram.Context) error {
			id, ok := c.SignInAsked()
			got = fmt.Sprint(id, " ", ok)
			return nil
		})
		r := browser("GET", "/", nil)
		do(app, r.WithContext(dram.WithSignIn(r.Context(), 7)))
		if got != want {
			t.Errorf("%s: %s, want %s", env, got, want)
		}
		do(app, browser("GET", "/", nil))
		if got != "0 false" {
			t.Errorf("%s: nobody asked, got %s", env, got)
		}
	}
}
