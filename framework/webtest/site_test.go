package webtest_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/webtest"
)

func TestEachSiteHasItsOwnDatabase(t *testing.T) {
	var n counts
	make := newBoard(&n)
	t.Run("all", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				site := webtest.New(t, make)
				site.Submit("create", form(fmt.Sprint("note of ", i))).RedirectsTo("note", 1).Follow().See(fmt.Sprint("note of ", i))
				site.Get("note", 2).Status(404)
				if !site.App.started {
					t.Error("not started")
				}
			})
		}
	})
	if got := n.created.Load(); got != 1 {
		t.Errorf("the schema was created %d times", got)
	}
	if got := n.migrated.Load(); got != 9 {
		t.Errorf("Migrate was called %d times, want once for all and once for each", got)
	}
	if got := n.closed.Load(); got != 9 {
		t.Errorf("%d apps were closed", got)
	}
}

func TestClosuresDoNotShareDatabases(t *testing.T) {
	var a, b counts
	webtest.New(t, newBoard(&a))
	webtest.New(t, newBoard(&b))
	if a.created.Load() != 1 || b.created.Load() != 1 {
		t.Errorf("created %d and %d times", a.created.Load(), b.created.Load())
	}
}

func TestOtherSettingsOtherDatabase(t *testing.T) {
	var n counts
	make := newBoard(&n)
	webtest.New(t, make)
	webtest.New(t, make, webtest.Set("app.samples", "3"))
	webtest.New(t, make, webtest.Set("app.samples", "3"))
	if got := n.created.Load(); got != 2 {
		t.Errorf("created %d times", got)
	}
}

func TestForeignDatabaseIsNotOverwritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.db")
	make := newBoard(&counts{})
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) { // its end closes the app
			site := webtest.New(t, make, webtest.Set("database.url", "sqlite:"+file))
			site.Submit("create", form("kept")).RedirectsTo("note", i+1)
		})
	}
}

func TestConfiguration(t *testing.T) {
	t.Setenv("DRAM_LOCALE_DEFAULT", "fr")
	t.Setenv("DATABASE_URL", "sqlite:/nowhere/at/all.db")
	before := time.Now()
	conf := newSite(t, webtest.Set("server.max_body", "1KiB")).Config
	if conf.Env != config.Test || conf.Locale.Default != "en" || conf.Server.MaxBody != 1024 || len(conf.Secret) < 32 {
		t.Errorf("config %+v", conf)
	}
	if wd, _ := os.Getwd(); strings.HasPrefix(conf.Root, wd) || !strings.HasPrefix(conf.Database.URL, "sqlite:"+conf.Root+"/") {
		t.Errorf("root %s, database %s", conf.Root, conf.Database.URL)
	}
	if now := conf.Now(); now.Before(before) {
		t.Errorf("the clock shows %v", now)
	}
}

func TestSettingsFile(t *testing.T) {
	module := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(module, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("dram.toml", "[locale]\ndefault = \"ko\"\n[database]\nurl = \"sqlite:/nowhere/at/all.db\"")
	write("app/question/doc.go", "")
	write("other/go.mod", "")
	write("de.toml", "[locale]\ndefault = \"de\"")
	for _, c := range []struct {
		dir, want string
		options   []webtest.Option
	}{
		{".", "ko", nil},
		{"app/question", "ko", nil},
		{"other", "en", nil},
		{"app", "ja", []webtest.Option{webtest.Set("locale.default", "ja")}},
		{"app", "de", []webtest.Option{webtest.File("../de.toml")}},
	} {
		t.Run(c.dir, func(t *testing.T) {
			t.Chdir(filepath.Join(module, c.dir))
			site := newSite(t, c.options...)
			if got := site.Config.Locale.Default; got != c.want {
				t.Errorf("locale %q, want %q", got, c.want)
			}
			site.Get("home").Status(200)
		})
	}
}

func TestFaultsOnTheWay(t *testing.T) {
	broken := errors.New("broken")
	for want, run := range map[string]func(t testing.TB){
		"unknown key": func(t testing.TB) { newSite(t, webtest.Set("server.lisen", "x")) },
		"webtest: New of the app:\nbroken": func(t testing.TB) {
			webtest.New(t, func(*config.Config) (http.Handler, error) { return nil, broken })
		},
		"migrating the database that tests start from: New of the app: broken": func(t testing.TB) {
			webtest.New(t, func(*config.Config) (*board, error) { return nil, broken })
		},
	} {
		if got := failure(t, run); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPlainHandler(t *testing.T) {
	site := webtest.New(t, func(*config.Config) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }), nil
	})
	site.GetPath("/").Status(200).See("hello")
	got := failure(t, func(t testing.TB) {
		webtest.New(t, func(*config.Config) (http.Handler, error) { return http.NotFoundHandler(), nil }).Get("home")
	})
	if !strings.Contains(got, `route "home": http.HandlerFunc has no method URL`) {
		t.Errorf("got %q", got)
	}
}

func TestClock(t *testing.T) {
	site := newSite(t)
	before := site.Config.Now()
	site.Clock.Advance(time.Hour)
	if now := site.Config.Now(); now.Sub(before) < time.Hour {
		t.Errorf("advanced by %v", now.Sub(before))
	}
}
