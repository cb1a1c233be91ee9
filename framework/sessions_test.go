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
	found  func() // called by Find, may be nil
}

func (o *oneSession) Find(_ context.Context, id string) (session.Record, bool, error) {
	if o.found != nil {
		o.found()
	}
	return o.record, id == o.record.ID, o.err
}
func (o *oneSession) Create(_ context.Context, r session.Record) error { o.record = r; return nil }
func (o *oneSession) Update(_ context.Context, r session.Record) (bool, error) {
	o.record = r
	return true, nil
}
func (o *oneSession) Delete(ctx context.Context, _ string) error {
	if ctx.Err() == nil {
		o.record = session.Record{}
	}
	return ctx.Err()
}

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

// stuckSession is a store that cannot end a session.
type stuckSession struct{ oneSession }

func (s *stuckSession) Delete(context.Context, string) error { return errors.New("away") }

func signOutApp(t *testing.T, store session.Store) *dram.App {
	app, _ := newApp(t, config.Test, nil)
	app.SessionStore(store)
	app.Post("/in", func(c *dram.Context) error {
		if err := c.Session().Set("n", 1); err != nil {
			return err
		}
		return c.NoContent()
	})
	app.Get("/", func(c *dram.Context) error { return c.Text("home") }).Name("home")
	app.Post("/out", func(c *dram.Context) error {
		if err := c.Session().Clear(); err != nil {
			return err
		}
		if c.Query("fail") != "" {
			return c.Err()
		}
		return c.Redirect("home")
	})
	return app
}

func TestASessionThatDoesNotEndIsNoSuccess(t *testing.T) {
	app := signOutApp(t, &stuckSession{})
	cookie := do(app, browser("POST", "/in", nil)).Result().Cookies()[0]
	r := browser("POST", "/out", nil)
	r.AddCookie(cookie)
	w := do(app, r)
	wantBody(t, w, 503)
	if header := w.Header(); header.Get("Location") != "" || header.Get("Set-Cookie") != "" || header.Get("X-Content-Type-Options") == "" {
		t.Errorf("header %v", header)
	}
}

func TestSignOutOfAClientThatLeft(t *testing.T) {
	for _, path := range []string{"/out", "/out?fail=1"} {
		store := &oneSession{}
		app := signOutApp(t, store)
		cookie := do(app, browser("POST", "/in", nil)).Result().Cookies()[0]
		ctx, cancel := context.WithCancel(t.Context())
		r := browser("POST", path, nil).WithContext(ctx)
		r.AddCookie(cookie)
		store.found = cancel
		do(app, r)
		if store.record.ID != "" {
			t.Errorf("%s: the session lives on", path)
		}
	}
}
