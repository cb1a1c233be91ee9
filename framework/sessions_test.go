package dram_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/session"
)

// TestRotatedSecret has a visitor with a session from before.
func TestRotatedSecret(t *testing.T) {
	const second = "another secret of thirty-two bytes"
	serve := func(current string, previous ...string) *dram.App {
		conf := testConfig(t, config.Production)
		conf.Secret, conf.PreviousSecrets = current, previous
		app := dram.New(conf, nil)
		app.Get("/", func(c *dram.Context) error {
			var n int
			if _, err := c.Session().Get("n", &n); err != nil {
				return err
			}
			if err := c.Session().Set("n", n+1); err != nil {
				return err
			}
			return c.JSON(n)
		})
		return app
	}
	jar := do(serve(secret), browser("GET", "/", nil)).Result().Cookies()
	visit := func(app *dram.App, want string) {
		t.Helper()
		r := browser("GET", "/", nil)
		r.AddCookie(jar[0])
		w := do(app, r)
		jar = w.Result().Cookies()
		wantBody(t, w, 200, want)
	}
	visit(serve(second, secret), "1")
	visit(serve(second), "2") // sealed by the new one
	visit(serve(secret), "0")
}

// oneSession is a store with room for one.
type oneSession struct {
	record session.Record
	err    error
}

func (o *oneSession) Find(_ context.Context, id string) (session.Record, bool, error) {
	return o.record, id == o.record.ID, o.err
}
func (o *oneSession) Create(_ context.Context, r session.Record) error { o.record = r; return nil }
func (o *oneSession) Update(_ context.Context, r session.Record) error { o.record = r; return nil }
func (o *oneSession) Delete(context.Context, string) error             { o.record = session.Record{}; return nil }

func TestSessionStore(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	store := &oneSession{}
	app.SessionStore(store)
	app.Post("/", func(c *dram.Context) error {
		if err := c.Session().Set("n", 1); err != nil {
			return err
		}
		return c.NoContent()
	})
	app.Get("/", func(c *dram.Context) error {
		var n int
		if _, err := c.Session().Get("n", &n); err != nil {
			return err
		}
		return c.JSON(n)
	})
	w := do(app, browser("POST", "/", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-qna" || store.record.ID == "" {
		t.Fatalf("cookies %v, record %+v", cookies, store.record)
	}
	read := func() *httptest.ResponseRecorder {
		r := browser("GET", "/", nil)
		r.AddCookie(cookies[0])
		return do(app, r)
	}
	wantBody(t, read(), 200, "1")
	store.err = errors.New("away")
	wantBody(t, read(), 500)
	store.record, store.err = session.Record{}, nil
	wantBody(t, read(), 200, "0")
}
