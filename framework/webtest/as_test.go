package webtest_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/webtest"
)

// club signs in whoever is asked for, as package auth does, except 13.
func club(conf *dram.Config) (*dram.App, error) {
	app := dram.New(conf, nil)
	app.Use(func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			id, ok := c.SignInAsked()
			switch {
			case !ok:
				return next(c)
			case id == 13:
				return dram.NotFound("no such member")
			}
			if err := c.Session().Set("member", id); err != nil {
				return err
			}
			return c.NoContent()
		}
	})
	app.Get("/", func(c *dram.Context) error {
		var id int64
		if _, err := c.Session().Get("member", &id); err != nil {
			return err
		}
		return c.JSON(dram.Map{"member": id, "language": c.Request.Header.Get("Accept-Language")})
	}).Name("home")
	return app, app.Build()
}

func TestAs(t *testing.T) {
	site := webtest.New(t, club)
	site.As(1).Get("home").See(`"member":1`)
	korean := site.With("Accept-Language", "ko")
	seven := korean.As(7)
	seven.Get("home").See(`"language":"ko","member":7`)
	seven.With("Accept-Language", "en").Get("home").See(`"member":7`)
	korean.Get("home").See(`"member":0`)
}

func TestAsNobody(t *testing.T) {
	got := failure(t, func(t testing.TB) { webtest.New(t, club).As(13) })
	for _, part := range []string{"As(13): nobody was signed in", "app.Use(login.Load)", "404", "no such member"} {
		if !strings.Contains(got, part) {
			t.Errorf("missing %q in %s", part, got)
		}
	}
	silent := func(*dram.Config) (http.Handler, error) { // no login, and 204 for everything
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), nil
	}
	if got := failure(t, func(t testing.TB) { webtest.New(t, silent).As(1) }); !strings.Contains(got, "As(1): nobody was signed in") {
		t.Errorf("an app that gives no session: %s", got)
	}
	plain := func(*dram.Config) (http.Handler, error) { return http.NotFoundHandler(), nil }
	if got := failure(t, func(t testing.TB) { webtest.New(t, plain).As(1) }); !strings.Contains(got, "As(1): nobody was signed in") {
		t.Errorf("an app without users: %s", got)
	}
}

// watched notes what is written to the output of a test.
type watched struct {
	testing.TB
	out bytes.Buffer
}

func (w *watched) Output() io.Writer { return &w.out }

func TestLogGoesToTheTest(t *testing.T) {
	for level, want := range map[string]bool{"": false, "info": true} {
		w := &watched{TB: t}
		var options []webtest.Option
		if level != "" {
			options = append(options, webtest.Set("log.level", level))
		}
		webtest.New(w, club, options...).Get("home").Status(200)
		if got := strings.Contains(w.out.String(), "path=/"); got != want {
			t.Errorf("level %q: the test's output is %q", level, w.out.String())
		}
	}
}
