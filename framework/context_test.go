package dram_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func TestParameters(t *testing.T) {
	for _, env := range []config.Env{config.Development, config.Test, config.Production} {
		app, log := newApp(t, env, nil)
		app.Get("/detail/{id:int}/{name}", func(c *dram.Context) error {
			return c.JSON([]any{c.Int("id"), c.Param("name"), c.Query("q"), c.QueryInt("page", 1), c.QueryInt("n", 5)})
		})
		app.Get("/typo/{id:int}", func(c *dram.Context) error {
			c.Int("idd")
			return c.NoContent()
		})
		app.Get("/free/{id}", func(c *dram.Context) error {
			c.Int("id")
			return c.NoContent()
		})
		wantBody(t, get(app, "/detail/42/%EA%B0%80?q=a+b&page=3&n=x"), 200, `[42,"가","a b",3,5]`)
		wantBody(t, get(app, "/free/abc"), 404)

		w := get(app, "/typo/1")
		loud := `no parameter "idd" in /typo/{id:int} (registered at context_test.go:`
		wantBody(t, w, 500)
		line := log.last(t, "request")
		if text, _ := line["err"].(string); !strings.Contains(text, loud) || !strings.HasPrefix(text, "context_test.go:") || !strings.Contains(text, "it has id") {
			t.Errorf("%s: log says %q", env, line["err"])
		}
		r := httptest.NewRequest("GET", "/typo/1", nil)
		if shown := strings.Contains(do(app, r).Body.String(), loud); shown != (env != config.Production) {
			t.Errorf("%s: shown to the client: %v", env, shown)
		}
	}
}

func TestContextIsAContext(t *testing.T) {
	type plain struct{}
	key := dram.NewKey[int]("number")
	app, _ := newApp(t, config.Test, nil)
	app.Use(func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			key.Set(c, 1)
			key.Set(c, 7)
			return next(c)
		}
	})
	app.Get("/", func(c *dram.Context) error {
		derived, cancel := context.WithTimeout(c, time.Hour)
		defer cancel()
		if n, ok := key.Get(derived); !ok || n != 7 {
			t.Errorf("key: %d, %v", n, ok)
		}
		if derived.Value(plain{}) != "from the request" {
			t.Error("the values of the request are lost")
		}
		if found, ok := dram.From(derived); !ok || found != c {
			t.Error("From does not find the Context")
		}
		if _, ok := dram.NewKey[int]("number").Get(c); ok {
			t.Error("another key of the same name has the value")
		}
		return c.Err()
	})
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), plain{}, "from the request"))
	wantBody(t, do(app, r), 200)
	if _, ok := dram.From(context.Background()); ok {
		t.Error("From finds a Context in nothing")
	}
}

func TestRedirects(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/q/{id:int}/", func(c *dram.Context) error { return c.Text(c.URL("q", 1, dram.Query{"a": 1})) }).Name("q")
	app.Post("/named", func(c *dram.Context) error { return c.Redirect("q", 5, dram.Fragment("가")) })
	app.Post("/moved", func(c *dram.Context) error { return c.Status(307).Redirect("q", 5) })
	app.Post("/unknown", func(c *dram.Context) error { return c.Redirect("qq", 5) })
	app.Post("/badurl", func(c *dram.Context) error { return c.Text(c.URL("qq")) })
	app.Post("/next", func(c *dram.Context) error { return c.RedirectPath(c.Query("next")) })
	app.Post("/away", func(c *dram.Context) error { return c.RedirectExternal(c.Query("to")) })
	app.Get("/slash/", func(c *dram.Context) error { return c.NoContent() })
	tests := []struct {
		method, path string
		status       int
		location     string
	}{
		{"POST", "/named", 303, "/q/5/#%EA%B0%80"},
		{"POST", "/moved", 307, "/q/5/"},
		{"POST", "/unknown", 500, ""},
		{"POST", "/badurl", 500, ""},
		{"POST", "/next?next=/q/1/?a=b", 303, "/q/1/?a=b"},
		{"POST", "/next?next=//evil.example", 400, ""},
		{"POST", "/next?next=/%5Cevil.example", 400, ""},
		{"POST", "/next?next=/%09/evil.example", 400, ""},
		{"POST", "/next?next=https://evil.example", 400, ""},
		{"POST", "/next", 400, ""},
		{"POST", "/away?to=https://go.dev/x", 303, "https://go.dev/x"},
		{"POST", "/away?to=javascript:alert(1)", 500, ""},
		{"GET", "/slash?a=b", 308, "/slash/?a=b"},
		{"HEAD", "/slash", 308, "/slash/"},
		{"POST", "/slash", 404, ""},
	}
	for _, tt := range tests {
		w := do(app, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Location") != tt.location {
			t.Errorf("%s %s: %d %q, want %d %q", tt.method, tt.path, w.Code, w.Header().Get("Location"), tt.status, tt.location)
		}
	}
	wantBody(t, get(app, "/q/9/"), 200, "/q/1/?a=1")
}

func TestMethods(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	ok := func(c *dram.Context) error { return c.Text("body") }
	app.Get("/x", ok)
	app.Post("/x", ok)
	server := httptest.NewServer(app)
	defer server.Close()
	for _, tt := range []struct {
		method, path, allow, length string
		status                      int
	}{
		{"HEAD", "/x", "", "4", 200},
		{"OPTIONS", "/x", "GET, HEAD, OPTIONS, POST", "", 204},
		{"DELETE", "/x", "GET, HEAD, OPTIONS, POST", "", 405},
		{"GET", "/a%2Fb", "", "", 400},
	} {
		r, err := http.NewRequest(tt.method, server.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != tt.status || response.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q", tt.method, tt.path, response.StatusCode, response.Header.Get("Allow"))
		}
		if tt.length != "" && response.Header.Get("Content-Length") != tt.length {
			t.Errorf("%s: Content-Length %q", tt.method, response.Header.Get("Content-Length"))
		}
	}
}

func TestClientFacts(t *testing.T) {
	ask := func(app *dram.App) string {
		app.Get("/", func(c *dram.Context) error { return c.JSON([]any{c.ClientIP(), c.Secure(), c.RequestID()}) })
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "[::ffff:192.0.2.7]:1234"
		r.Header.Set("X-Forwarded-For", "1.1.1.1, 203.0.113.9")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Request-Id", "from-the-front")
		return do(app, r).Body.String()
	}
	app, _ := newApp(t, config.Test, nil)
	if got := ask(app); !strings.HasPrefix(got, `["192.0.2.7",false,"`) || strings.Contains(got, "from-the-front") {
		t.Errorf("anybody's headers are believed: %s", got)
	}
	t.Setenv("DRAM_ROLE", "worker")
	app, _ = newApp(t, config.Test, nil)
	if got := ask(app); got != `["203.0.113.9",true,"from-the-front"]`+"\n" {
		t.Errorf("behind our front: %s", got)
	}
}

func TestBackgroundWorkOutlivesTheRequest(t *testing.T) {
	key := dram.NewKey[string]("user")
	app, log := newApp(t, config.Test, nil)
	release, ended := make(chan struct{}), make(chan error, 1)
	app.Get("/", func(c *dram.Context) error {
		key.Set(c, "kim")
		c.Go(func(ctx context.Context) error {
			<-release
			if user, _ := key.Get(ctx); user != "kim" {
				t.Errorf("user %q", user)
			}
			ended <- ctx.Err()
			panic("in the background")
		})
		return c.NoContent()
	})
	ctx, clientLeaves := context.WithCancel(t.Context())
	do(app, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	clientLeaves()

	closed := make(chan error, 1)
	go func() { closed <- app.Close(t.Context()) }()
	select {
	case err := <-closed:
		t.Errorf("Close did not wait: %v", err)
	default:
	}
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("the work's context ended with the request: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	line := log.last(t, "background work failed")
	if line["err"] != "panic: in the background" || !strings.Contains(line["stack"].(string), "context_test.go:") {
		t.Errorf("log %v", line)
	}
}

func TestCloseWithoutTimeEndsBackgroundWork(t *testing.T) {
	app, log := newApp(t, config.Test, nil)
	app.Get("/", func(c *dram.Context) error {
		c.Go(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		return c.NoContent()
	})
	get(app, "/")
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	if err := app.Close(expired); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	if err := app.Close(t.Context()); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if line := log.last(t, "background work failed"); line["err"] != "context canceled" {
		t.Errorf("log %v", line)
	}
}
