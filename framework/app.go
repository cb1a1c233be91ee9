package dram

import (
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/i18n"
	"github.com/dram-go/dram/framework/router"
	"github.com/dram-go/dram/framework/session"
	"github.com/dram-go/dram/framework/view"
)

// Config is the configuration of an app, see package config.
type Config = config.Config

// Map is page data or JSON for which a struct would be too much.
type Map = map[string]any

// App is a web application: routes, middleware, templates, static files and
// the components that belong to them. It is an [http.Handler].
//
// Everything is described first and then built once by [App.Build]; describing
// after that panics. Nothing is opened before [App.Start].
type App struct {
	// Log receives the access log and what goes wrong. New makes one that
	// writes to standard error as the configuration says; [App.SetLog]
	// replaces it, before the app starts.
	Log *slog.Logger

	conf   *Config
	live   string // the app's source directory, "" unless files are read from it
	worker bool   // a front of ours stands before us, so its headers are facts
	files  fs.FS
	root   *Group

	router     *router.Router[*endpoint]
	middleware []Middleware
	components []any
	commands   []command
	funcs      template.FuncMap
	impure     []string // those of funcs whose calls are never repeated
	faults     []error

	localeCookie string // of visitors who chose a locale, "" for none
	localePaths  bool   // addresses begin with a locale
	errorPages   []groupPages

	origins     *http.CrossOriginProtection
	background  background
	drain       drain
	buffers     buffers
	textsMissed textsMissed
	mounted     []mountedApp
	store       session.Store // of sessions, nil for sealed cookies
	identity    struct {      // of the program, see buildID
		once sync.Once
		text string
	}

	build    sync.Once
	built    bool
	buildErr error

	// Made by Build.
	views    *view.Set
	catalog  *i18n.Catalog
	assets   *asset.Handler
	sessions *session.Manager
	sealErr  error   // why there are no sessions
	viewErr  error   // what is wrong with templates that are read from the disk
	outside  Handler // answers what no route does
}

// New describes an app. It opens nothing, so it may run in any process.
//
// files holds the folders templates, static, migrations and locales; each may
// be missing, and so may files. Embedding them makes the app one file:
//
//	//go:embed templates static migrations locales
//	var files embed.FS
//
// In development they are read from the disk instead, so that a change shows
// without a build: from the directory of the source file that calls New, which
// must therefore be the one that embeds.
//
// Without conf the app runs in development with the defaults and without
// reading dram.toml or the environment: for a first try, and for a handler
// inside another program.
func New(conf *Config, files fs.FS) *App {
	if conf == nil {
		conf = config.Default(workingDir())
		conf.Env = config.Development
	}
	a := &App{
		Log:     newLog(os.Stderr, conf.Log),
		conf:    conf,
		worker:  os.Getenv("DRAM_ROLE") == "worker",
		files:   files,
		router:  router.New[*endpoint](),
		funcs:   template.FuncMap{},
		origins: http.NewCrossOriginProtection(),
	}
	if _, source, _, ok := runtime.Caller(1); ok && conf.Env == config.Development && filepath.IsAbs(source) {
		a.live = filepath.Dir(source)
	}
	a.root = &Group{app: a}
	return a
}

func workingDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	return dir
}

// Config returns the configuration that the app was made with.
func (a *App) Config() *Config { return a.conf }

// SetLog replaces the log of the app and of those of its components that have
// a method SetLog too. A test sends it where its own output goes:
//
//	site.App.SetLog(slog.New(slog.NewTextHandler(t.Output(), nil)))
func (a *App) SetLog(log *slog.Logger) {
	a.Log = log
	for _, component := range a.components {
		if l, ok := component.(interface{ SetLog(*slog.Logger) }); ok {
			l.SetLog(log)
		}
	}
}

// Use adds middleware around every route, and around the answers to requests
// that no route takes. The first added is the outermost. It does not matter
// whether routes are added before or after.
func (a *App) Use(mw ...Middleware) {
	a.describing("Use")
	a.middleware = append(a.middleware, mw...)
}

// UseHTTP is [App.Use] for middleware of net/http. An error of the handler is
// rendered inside of it, with the ResponseWriter that it passed on, so that a
// compressing or time-limiting middleware sees the error page as it sees any
// other.
func (a *App) UseHTTP(mw ...func(http.Handler) http.Handler) {
	for _, m := range mw {
		a.Use(fromHTTP(m))
	}
}

// Func makes fn callable from templates. If its first parameter is a *Context,
// templates do not write it: it is the request that is being answered. Its
// results are one value, or a value and an error.
//
// It may be called a second time for the same page, see package view: one that
// must not is added by [App.ImpureFunc].
func (a *App) Func(name string, fn any) {
	a.describing("Func")
	if err := checkFunc(a.funcs, name, fn); err != nil {
		a.faults = append(a.faults, &Fault{Where: callerOf(), Text: err.Error()})
		return
	}
	a.funcs[name] = fn
}

// Converter makes {param:name} of patterns known. Call it before the routes
// that use it.
func (a *App) Converter(name string, c router.Converter) {
	a.describing("Converter")
	a.router.RegisterConverter(name, c)
}

// describing panics when the app is already built: what comes now would be
// neither checked nor served.
func (a *App) describing(what string) {
	if a.built {
		panic("dram: " + what + " at " + callerOf() + " comes after Build")
	}
}

// folder returns one of the app's folders, from the disk if it is live, or nil
// if there is none.
func (a *App) folder(name string) fs.FS {
	if a.files == nil {
		return nil
	}
	if a.live != "" {
		dir := filepath.Join(a.live, name)
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return os.DirFS(dir)
		}
	}
	if info, err := fs.Stat(a.files, name); err != nil || !info.IsDir() {
		return nil
	}
	sub, err := fs.Sub(a.files, name)
	if err != nil {
		return nil // only for names that fs.ValidPath refuses
	}
	return sub
}
