package dram_test

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func TestNonceIsInPageAndPolicy(t *testing.T) {
	app, _ := renderApp(t, `<script nonce="{{nonce}}">let a = 1</script>{{template "more"}}`, nil,
		"templates/partials/more.html", `<style nonce="{{nonce}}">p {}</style>`)
	app.Get("/plain", func(c *dram.Context) error { return c.Text("x") })
	app.Get("/late", func(c *dram.Context) error {
		if err := c.NoContent(); err != nil {
			return err
		}
		if _, err := c.Nonce(); err == nil {
			t.Error("a nonce that no header names")
		}
		return nil
	})
	w := get(app, "/")
	_, rest, _ := strings.Cut(w.Body.String(), `nonce="`)
	nonce, _, _ := strings.Cut(rest, `"`)
	if len(nonce) < 20 || strings.Count(w.Body.String(), nonce) != 2 {
		t.Fatalf("page %s", w.Body)
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"script-src 'self' 'nonce-" + nonce + "'", "style-src 'self' 'nonce-" + nonce + "'", "object-src 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("missing %q in %q", want, policy)
		}
	}
	if again := get(app, "/").Body.String(); strings.Contains(again, nonce) {
		t.Error("two pages have the same nonce")
	}
	if policy := get(app, "/plain").Header().Get("Content-Security-Policy"); strings.Contains(policy, "nonce") {
		t.Errorf("policy %q without a nonce in the page", policy)
	}
	get(app, "/late")
}

func TestNonceJoinsThePolicyOfTheApp(t *testing.T) {
	for policy, want := range map[string]string{
		"default-src 'none'; SCRIPT-SRC https://cdn.example": "default-src 'none'; SCRIPT-SRC https://cdn.example N; style-src N",
		"script-src 'none';":                                     "script-src N",
		"default-src 'self' https:":                              "default-src 'self' https:; script-src 'self' https: N; style-src 'self' https: N",
		"frame-ancestors 'none'":                                 "frame-ancestors 'none'",
		"script-src 'self'; style-src 'self'; default-src data:": "script-src 'self' N; style-src 'self' N; default-src data:",
	} {
		if got := dram.WithNonce(policy, "N"); got != want {
			t.Errorf("%s\n got %s\nwant %s", policy, got, want)
		}
	}
}

func TestAFormThatFailsLateAnswersJSONWithItsErrors(t *testing.T) {
	app, _ := newApp(t, config.Test, folders(page("form.html", `{{errors .Form}}{{field .Form "name"}}`)...))
	app.Form("/new", func(c *dram.Context) error {
		form, err := dram.Bind[signUp](c)
		if err != nil {
			return err
		}
		form.Fail("name", "taken")
		form.FailForm("no room <left>")
		return c.Render("form.html", dram.Map{"Form": form})
	})
	r := httptest.NewRequest("POST", "/new", strings.NewReader(`{"name":"kim"}`))
	r.Header.Set("Content-Type", "application/json")
	w := do(app, r)
	wantBody(t, w, 422, `"errors":{"":["no room \u003cleft\u003e"],"name":["taken"]}`)
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	wantBody(t, do(app, browser("POST", "/new", strings.NewReader("name=kim"))), 422,
		`role="alert"`, "no room &lt;left&gt;", `id="name-error"`)
}

func TestAStaticFileTakesOnlyGet(t *testing.T) {
	app, log := newApp(t, config.Test, folders("static/a.css", "a{}"))
	app.Post("/static/upload", func(c *dram.Context) error { return c.Text("a route") })
	w := do(app, browser("POST", "/static/a.css", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if line := log.last(t, "request"); line["status"] != float64(405) {
		t.Errorf("log %v", line)
	}
	wantBody(t, do(app, browser("POST", "/static/upload", nil)), 200, "a route")
	wantBody(t, do(app, browser("POST", "/static/none.css", nil)), 404)
}

// logged is a component with a log of its own.
type logged struct{ log *slog.Logger }

func (l *logged) SetLog(log *slog.Logger) { l.log = log }

func TestSetLogReachesComponents(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	part := &logged{}
	app.Add(struct{}{}, part)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	app.SetLog(log)
	if app.Log != log || part.log != log {
		t.Error("the log did not reach app and component")
	}
}
