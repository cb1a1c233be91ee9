package dram_test

import (
	"net/http/httptest"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/router"
)

func TestEveryVerbOfAppAndGroup(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	say := func(text string) dram.Handler {
		return func(c *dram.Context) error { return c.Text(text + " " + c.Request.Method) }
	}
	g := app.Group("/g", "g")
	type verb struct {
		method     string
		app, group func(string, dram.Handler) *dram.Route
	}
	for _, v := range []verb{
		{"GET", app.Get, g.Get}, {"POST", app.Post, g.Post}, {"PUT", app.Put, g.Put},
		{"PATCH", app.Patch, g.Patch}, {"DELETE", app.Delete, g.Delete},
	} {
		v.app("/thing", say("app"))
		v.group("/thing", say("group"))
	}
	app.Handle("PURGE", "/thing", say("app"))
	g.Handle(router.Any, "/thing", say("any"))
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "PURGE"} {
		wantBody(t, do(app, httptest.NewRequest(method, "/thing", nil)), 200, "app "+method)
		want := "group " + method
		if method == "PURGE" {
			want = "any PURGE"
		}
		wantBody(t, do(app, httptest.NewRequest(method, "/g/thing", nil)), 200, want)
	}
	wantBody(t, do(app, httptest.NewRequest("LOCK", "/thing", nil)), 405)
}

func TestErrorConstructors(t *testing.T) {
	for status, make := range map[int]func(string) *dram.HTTPError{
		400: dram.BadRequest, 401: dram.Unauthorized, 403: dram.Forbidden, 404: dram.NotFound, 409: dram.Conflict,
		422: dram.Unprocessable, 429: dram.TooManyRequests, 503: dram.Unavailable,
	} {
		app, _ := newApp(t, config.Production, nil)
		app.Get("/", func(c *dram.Context) error {
			if c.App() != app {
				t.Error("another app")
			}
			return make("said so")
		})
		wantBody(t, get(app, "/"), status, "said so")
	}
}
