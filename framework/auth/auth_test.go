package auth_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/auth"
	"github.com/dram-go/dram/framework/webtest"
)

func TestSignInAndOut(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		site.Get("home").Status(200).See("nav", "nobody")
		site.Submit("login", as("Kim", "wrong")).Status(422).See("form", "Name or password is wrong.").Not("Welcome")
		site.Submit("login", as("Nobody", "wrong")).Status(422).See("form", "Name or password is wrong.")
		site.Get("me").RedirectsTo("login")
		site.Submit("login", as("Kim", "secret Kim")).RedirectsTo("home").Follow().See("nav", "Kim").See(".flash", "Welcome.")
		site.Get("me").Status(200).See("Kim")
		site.Submit("logout").RedirectsTo("home").Follow().See("nav", "nobody").See(".flash", "Bye.")
		site.Get("me").RedirectsTo("login")
	})
}

func TestAs(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	kim := site.With("Accept-Language", "ko").As(1)
	kim.Get("me").Status(200).See("Kim")
	site.As(2).Get("me").Status(200).See("Lee")
	site.Get("home").See("nav", "nobody")
	kim.Submit("logout").Follow().See("nav", "nobody")
}

func TestRequiredSendsToTheLogin(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	site.GetPath("/me/?a=1&b=%2F").RedirectsToPath("/login/?next=%2Fme%2F%3Fa%3D1%26b%3D%252F").Header("Cache-Control", "private")
	for referer, want := range map[string]string{
		"http://localhost/list/?page=2":    "/login/?next=%2Flist%2F%3Fpage%3D2",
		"http://evil.example/list/":        "/login/",
		"http://localhost//evil.example/x": "/login/",
		"":                                 "/login/",
		"http://localhost/" + strings.Repeat("x", 3000): "/login/",
		"%": "/login/",
	} {
		r := site.With("Referer", referer).Submit("vote").Status(303)
		if got := r.Headers.Get("Location"); got != want {
			t.Errorf("Referer %q: to %s, want %s", referer, got, want)
		}
	}
	site.Submit("login", as("Kim", "secret Kim"))
	site.Submit("vote").Status(204)
}

// TestMountedApp comes back to where the browser sees the app.
func TestMountedApp(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	mounted := dram.StripPrefix("/club", site.App)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/club/me/?a=1", nil)
	r.Header.Set("Accept", "text/html")
	mounted.ServeHTTP(w, r)
	if got := w.Header().Get("Location"); got != "/club/login/?next=%2Fclub%2Fme%2F%3Fa%3D1" {
		t.Errorf("to %s", got)
	}
	r = httptest.NewRequest("POST", "/club/login/?next=%2Fclub%2Fme%2F%3Fa%3D1", strings.NewReader(as("Kim", "secret Kim").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w = httptest.NewRecorder()
	mounted.ServeHTTP(w, r)
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/club/me/?a=1" {
		t.Errorf("%d to %s", w.Code, got)
	}
}

func TestRequiredForPrograms(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	for _, accept := range []string{"application/json", "*/*"} {
		r := httptest.NewRequest("GET", "/me/", nil)
		r.Header.Set("Accept", accept)
		site.Do(r).Status(401).Header("WWW-Authenticate", `Cookie form-action="/login/"`)
	}
	var problem struct{ Status int }
	site.SendJSON("POST", "vote", nil).Status(401).JSON(&problem)
	if problem.Status != 401 {
		t.Errorf("problem %+v", problem)
	}
}

func TestReturnStaysOnTheSite(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	for next, want := range map[string]string{
		"/me/?a=1":             "/me/?a=1",
		"/":                    "/",
		"":                     "/",
		"//evil.example/":      "/",
		"/\\evil.example":      "/",
		"/\t/evil.example":     "/",
		"https://evil.example": "/",
		"javascript:alert(1)":  "/",
		"me":                   "/",
	} {
		r := site.Visitor().SubmitPath("/login/?"+url.Values{"next": {next}}.Encode(), as("Kim", "secret Kim")).Status(303)
		if got := r.Headers.Get("Location"); got != want {
			t.Errorf("next %q leads to %s, want %s", next, got, want)
		}
	}
}

func TestChangedPasswordEndsOtherSessions(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		desk, phone, lee := site.As(1), site.As(1), site.As(2)
		desk.Submit("password", url.Values{"new": {"another"}}).RedirectsTo("me").Follow().Status(200).See("Kim")
		phone.Get("me").RedirectsTo("login")
		phone.Get("home").See("nav", "nobody")
		lee.Get("me").Status(200)
		site.Submit("login", as("Kim", "secret Kim")).Status(422)
		site.Submit("login", as("Kim", "another")).RedirectsTo("home")
	})
}

func TestUserWhoIsGone(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		kim := site.As(1)
		_, err := site.App.DB.Exec(t.Context(), `DELETE FROM member WHERE id = 1`)
		must(t, err)
		kim.Get("home").Status(200).See("nav", "nobody")
		if _, ok := kim.Cookie(site.Config.Name); ok {
			t.Error("the session of nobody goes on")
		}
		kim.Get("me").RedirectsTo("login")
	})
}

// TestPageThatDoesNotAsk keeps pages public that show no user.
func TestPageThatDoesNotAsk(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	kim := site.As(1)
	before := site.App.loads.Load()
	r := kim.Get("plain").Status(200)
	if vary := r.Headers.Values("Vary"); strings.Contains(strings.Join(vary, ","), "Cookie") {
		t.Errorf("Vary %v", vary)
	}
	if n := site.App.loads.Load() - before; n != 0 {
		t.Errorf("%d queries for a page without user", n)
	}
	before = site.App.loads.Load()
	kim.Get("me").Status(200) // Required and Must
	if n := site.App.loads.Load() - before; n != 1 {
		t.Errorf("the user was loaded %d times", n)
	}
}

func TestUsersThatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard, webtest.Set("log.level", "error"))
	kim := site.As(1)
	site.App.broken.Store(dram.Unavailable("The database is away."))
	kim.Get("me").Status(503).See("The database is away.")
	kim.Get("home").Status(503).See("The database is away.")
	kim.Get("plain").Status(200)
	site.Submit("login", as("Kim", "secret Kim")).Status(503)
	site.App.broken.Store(nil)
	kim.Get("me").Status(200).See("Kim")
}

func TestMustWithoutRequired(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	site.App.Log = discard()
	site.Get("forgotten").Status(500)
	site.As(1).Get("forgotten").Status(200).See("Kim")
}

func TestWhatSurvivesTheSignIn(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	site.Submit("basket", url.Values{"what": {"apples"}}).Status(204)
	before, _ := site.Cookie(site.Config.Name)
	site.Submit("login", as("Kim", "secret Kim")).Status(303)
	if after, _ := site.Cookie(site.Config.Name); after == before {
		t.Error("the cookie is still that of the visitor")
	}
	site.Get("basket.show").See("basket: apples")
	site.Submit("login", as("Kim", "secret Kim")).Status(303)
	site.Get("basket.show").See("basket: apples")
	site.Submit("login", as("Lee", "secret Lee")).Status(303).Follow().See("nav", "Lee")
	site.Get("basket.show").Not("apples")
	site.Submit("basket", url.Values{"what": {"pears"}}).Status(204)
	site.Submit("logout")
	site.Get("basket.show").Not("pears")
}

// TestTwoKindsOfUsers has customers and staff in one app.
func TestTwoKindsOfUsers(t *testing.T) {
	t.Parallel()
	site := newSite(t, func(conf *dram.Config) (*board, error) {
		return assemble(conf, func(b *board) {
			office := auth.New(auth.Config[user]{Load: b.byID, Login: "login", Key: "staff"})
			b.Post("/office/in/", func(c *dram.Context) error {
				if err := office.SignIn(c, 2); err != nil {
					return err
				}
				return c.NoContent()
			}).Name("office.in")
			b.With(office.Required).Get("/office/", func(c *dram.Context) error {
				u, _ := b.Auth.User(c)
				return c.Text(office.Must(c).Name + " for " + u.Name)
			}).Name("office")
		})
	})
	kim := site.As(1)
	kim.Get("office").RedirectsTo("login")
	kim.Submit("office.in").Status(204)
	kim.Get("office").Status(200).See("Lee for Kim")
	kim.Get("me").See("Kim")
}

// TestSessionOfAnotherBuild has a user in a form that this build does not know.
func TestSessionOfAnotherBuild(t *testing.T) {
	t.Parallel()
	site := newSite(t, func(conf *dram.Config) (*board, error) {
		return assemble(conf, func(b *board) {
			b.Post("/old/", func(c *dram.Context) error {
				if err := c.Session().Set("user", "Kim"); err != nil {
					return err
				}
				return c.NoContent()
			}).Name("old")
		})
	})
	site.Submit("old").Status(204)
	site.Get("me").RedirectsTo("login")
	site.Get("home").Status(200).See("nav", "nobody")
}

func TestNewWithoutLoad(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "Config.Load is missing") {
			t.Errorf("panic %q", text)
		}
	}()
	auth.New(auth.Config[user]{Login: "login"})
}

func TestLoginThatIsNoRoute(t *testing.T) {
	t.Parallel()
	load := func(context.Context, int64) (user, error) { return user{}, nil }
	ok := func(c *dram.Context) error { return c.NoContent() }
	for login, want := range map[string]string{
		"sign.in": "",
		"sign.on": `auth_test.go:LINE: Required sends visitors to the route of auth.Config.Login: there is no route named "sign.on", did you mean "sign.in"?`,
		"thing":   `auth_test.go:LINE: Required sends visitors to the route of auth.Config.Login: route "thing" needs a value for {id}, got 0`,
		"":        `auth_test.go:LINE: Required sends visitors to the route of auth.Config.Login: there is no route named ""`,
	} {
		app := dram.New(nil, nil)
		required := auth.New(auth.Config[user]{Load: load, Login: login}).Required
		in := app.With(required)
		_, _, line, _ := runtime.Caller(0)
		in.Get("/first/", ok)
		in.With(required).Get("/second/", ok)
		app.Get("/in/", ok).Name("sign.in")
		app.Get("/{id}/", ok).Name("thing")
		got := ""
		if err := app.Build(); err != nil {
			got = err.Error()
		}
		if want = strings.Replace(want, "LINE", strconv.Itoa(line+1), 1); got != want {
			t.Errorf("Login %q:\n%s, want\n%s", login, got, want)
		}
	}
}

// TestRequiredInsideOfAnotherMiddleware must not answer while the app is built.
func TestRequiredInsideOfAnotherMiddleware(t *testing.T) {
	t.Parallel()
	login := auth.New(auth.Config[user]{
		Load:  func(context.Context, int64) (user, error) { return user{}, nil },
		Login: "nowhere",
	})
	app := dram.New(nil, nil)
	app.With(func(next dram.Handler) dram.Handler {
		return login.Required(func(c *dram.Context) error {
			t.Error("called without a request")
			return next(c)
		})
	}).Get("/", func(c *dram.Context) error { return c.NoContent() })
	if err := app.Build(); err != nil {
		t.Error(err)
	}
}
