package dram_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// localeApp greets in the locale of the request.
func localeApp(t *testing.T, env config.Env, describe func(*dram.App)) *dram.App {
	t.Helper()
	app, _ := newApp(t, env, folders(append(page("p.html", `{{t "hello"}} {{locale}} {{url "home"}} {{static "a.css"}} {{path}}`),
		"static/a.css", "", "locales/en.toml", `hello = "Hello"`, "locales/ko.toml", `hello = "안녕"`,
		"templates/switch.html", `{{define "content"}}{{range locales}}[{{.}} {{inlocale .}}]{{end}}{{end}}`,
		"templates/wrong.html", `{{define "content"}}{{inlocale "fr"}}{{end}}`)...))
	app.Get("/", func(c *dram.Context) error { return c.Render("p.html", nil) }).Name("home")
	app.Get("/switch/{word}", func(c *dram.Context) error { return c.Render("switch.html", nil) })
	app.Get("/wrong", func(c *dram.Context) error { return c.Render("wrong.html", nil) })
	app.Get("/public", func(c *dram.Context) error { return c.Text(c.T("hello")) })
	app.Post("/locale", func(c *dram.Context) error {
		if err := c.SetLocale(c.Query("to")); err != nil {
			return err
		}
		return c.Text(c.T("hello"))
	})
	app.Get("/slash/", func(c *dram.Context) error { return c.Redirect("home") })
	if describe != nil {
		describe(app)
	}
	if err := app.Build(); err != nil {
		t.Fatal(err)
	}
	return app
}

func speaking(language, method, path string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Language", language)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return r
}

func TestLocaleByCookie(t *testing.T) {
	app := localeApp(t, config.Production, func(a *dram.App) { a.LocaleByCookie("lang") })
	w := do(app, speaking("en", "POST", "/locale?to=ko"))
	wantBody(t, w, 200, "안녕") // already this response
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "lang" || cookies[0].Value != "ko" || cookies[0].Path != "/" ||
		cookies[0].MaxAge < 1e7 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies %v", cookies)
	}
	if got := w.Header().Get("Cache-Control"); got != "private" {
		t.Errorf("Cache-Control %q", got)
	}
	wantBody(t, do(app, speaking("en", "GET", "/", cookies[0])), 200, "안녕 ko /")
	w = do(app, speaking("ko", "GET", "/", &http.Cookie{Name: "lang", Value: "fr"}))
	wantBody(t, w, 200, "안녕 ko /") // a locale we do not have
	if got := strings.Join(w.Header().Values("Vary"), ", "); got != "Accept-Language, Cookie" {
		t.Errorf("Vary %q", got)
	}
	wantBody(t, do(app, speaking("en", "POST", "/locale?to=fr")), 400)
	w = do(dram.StripPrefix("/app", app), speaking("en", "POST", "/app/locale?to=ko"))
	if got := w.Header().Get("Set-Cookie"); !strings.Contains(got, "; Path=/app/;") {
		t.Errorf("the cookie of a mounted app: %q", got)
	}

	app = localeApp(t, config.Test, nil)
	wantBody(t, do(app, speaking("en", "POST", "/locale?to=ko")), 500, "SetLocale at locale_test.go:", "App.LocaleByCookie")
	wantBody(t, do(app, speaking("en", "GET", "/", cookies[0])), 200, "Hello en")
}

func TestAPublicPageInTheLocaleOfACookieIsPrivate(t *testing.T) {
	app := localeApp(t, config.Production, func(a *dram.App) {
		a.LocaleByCookie("lang")
		a.Use(func(next dram.Handler) dram.Handler {
			return func(c *dram.Context) error { return next(c.Public(0)) }
		})
	})
	if got := do(app, speaking("ko", "GET", "/public")).Header().Get("Cache-Control"); got != "public, no-cache" {
		t.Errorf("without a cookie %q", got)
	}
	w := do(app, speaking("ko", "GET", "/public", &http.Cookie{Name: "lang", Value: "en"}))
	if got := w.Header().Get("Cache-Control"); got != "private" || w.Body.String() != "Hello" {
		t.Errorf("with one %q: %s", got, w.Body)
	}
}

func TestLocaleByPath(t *testing.T) {
	app := localeApp(t, config.Test, (*dram.App).LocaleByPath)
	w := do(app, speaking("en", "GET", "/ko/"))
	wantBody(t, w, 200, "안녕 ko /ko/ /static/a.", " /ko/")
	if got := w.Header().Get("Vary"); got != "" {
		t.Errorf("Vary %q of a page whose address says it", got)
	}
	wantBody(t, do(app, speaking("ko", "GET", "/")), 200, "안녕 ko / /static/a.")
	wantBody(t, do(app, speaking("ko", "GET", "/en/switch/%EA%B0%80?a=b%20c")), 200,
		"[en /en/switch/%EA%B0%80?a=b%20c][ko /ko/switch/%EA%B0%80?a=b%20c]")
	wantBody(t, do(app, speaking("ko", "GET", "/wrong")), 500, `"fr" is no locale of the app, it has en, ko`)
	wantBody(t, do(app, speaking("ko", "GET", "/fr/")), 404)
	wantBody(t, do(app, speaking("ko", "GET", "/ko%2Fslash/")), 400)
	wantBody(t, do(app, speaking("ko", "GET", "/en/switch/%41")), 200, "[ko /ko/switch/%41]")
	wantBody(t, do(app, speaking("ko", "GET", "/kor/")), 404)
	for path, location := range map[string]string{"/ko/slash/": "/ko/", "/ko/slash?a=b": "/ko/slash/?a=b", "/slash/": "/"} {
		if w := do(app, speaking("en", "GET", path)); w.Header().Get("Location") != location {
			t.Errorf("%s: %d %q", path, w.Code, w.Header().Get("Location"))
		}
	}
	wantBody(t, do(dram.StripPrefix("/app", app), speaking("en", "GET", "/app/ko/")), 200, "안녕 ko /app/ko/ /app/static/a.", " /app/ko/")

	app = localeApp(t, config.Test, nil)
	wantBody(t, do(app, speaking("en", "GET", "/ko/")), 404)
	wantBody(t, do(app, speaking("en", "GET", "/switch/a")), 500, "App.LocaleByPath")
}

func TestLocaleFaults(t *testing.T) {
	app, _ := newApp(t, config.Test, folders("locales/ko.toml", `a = "b"`, "locales/en.toml", `a = "a"`))
	app.LocaleByCookie("two words")
	app.LocaleByPath()
	app.Get("/ko/list", func(c *dram.Context) error { return nil })
	app.Get("/kor/list", func(c *dram.Context) error { return nil })
	err := app.Build()
	if err == nil {
		t.Fatal("no faults")
	}
	for _, want := range []string{"LocaleByCookie: ", "route /ko/list is hidden"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "locale_test.go:"); n != 2 {
		t.Errorf("%d faults:\n%v", n, err)
	}
}

// TestAPublicPageOffersItsLanguages to caches; what is no page for all, or in a
// language by its address, does not.
func TestAPublicPageOffersItsLanguages(t *testing.T) {
	public := func(a *dram.App) {
		a.Use(func(next dram.Handler) dram.Handler {
			return func(c *dram.Context) error {
				if c.Request.URL.Path == "/public" {
					c.Public(time.Minute)
				}
				return next(c)
			}
		})
	}
	app := localeApp(t, config.Production, func(a *dram.App) { public(a); a.LocaleByCookie("lang") })
	for language, want := range map[string]string{"ko-KR": "ko", "fr": "en", "": "en"} {
		h := do(app, speaking(language, "GET", "/public")).Header()
		if h.Get("Avail-Language") != "en;d, ko" || h.Get("Content-Language") != want {
			t.Errorf("%q: %v", language, h)
		}
	}
	for name, r := range map[string]*http.Request{
		"a private page": speaking("ko", "GET", "/"), "by a cookie": speaking("en", "GET", "/public", &http.Cookie{Name: "lang", Value: "ko"}),
	} {
		if h := do(app, r).Header(); h.Get("Avail-Language") != "" || h.Get("Content-Language") != "" {
			t.Errorf("%s: %v", name, h)
		}
	}
	app = localeApp(t, config.Production, func(a *dram.App) { public(a); a.LocaleByPath() })
	if h := do(app, speaking("en", "GET", "/ko/public")).Header(); h.Get("Avail-Language") != "" || h.Get("Vary") != "" {
		t.Errorf("by the path: %v", h)
	}
}
