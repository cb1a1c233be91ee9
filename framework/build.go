package dram

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/i18n"
	"github.com/dram-go/dram/framework/nearest"
	"github.com/dram-go/dram/framework/view"
)

// Build checks the description of the app and makes it ready. The error is a
// [*Faults] with everything that is wrong at once, each with its file:line:
// conflicting routes, broken templates and catalogues, and links, assets and
// texts that templates name and nobody has. Later calls return the same.
//
// Templates that are read from the disk in development do not count: each page
// shows its own faults, which can be mended while the app runs. [App.Check]
// reports them.
//
// An app that is served without it builds itself at its first request, and
// answers every request with 500 if it is faulty.
func (a *App) Build() error {
	a.finish()
	return a.buildErr
}

// finish builds once.
func (a *App) finish() {
	a.build.Do(func() {
		faults := &Faults{}
		for _, fault := range a.faults {
			faults.add(fault)
		}
		a.built = true
		faults.add(a.router.Build())
		faults.add(a.wrapRoutes())
		faults.add(a.loadCatalog())
		faults.add(a.checkLocalePaths())
		a.checkCommands(faults)
		faults.add(a.checkMounts())
		faults.add(a.loadAssets())
		if a.viewErr = a.loadViews(); a.live == "" {
			faults.add(a.viewErr)
			faults.add(a.checkErrorPages())
		}
		a.sessions, a.sealErr = a.newSessions()
		if len(faults.List) > 0 {
			a.buildErr = faults
		}
	})
}

// wrapRoutes puts every handler into its middleware, and reports routes that
// middleware needs and nobody has.
func (a *App) wrapRoutes() error {
	var needs []need
	around := a.allMiddleware()
	for _, entry := range a.router.Entries() {
		e := entry.Value
		if e.handler != nil {
			tell := func(n need) { needs = append(needs, need{n.route, n.why, entry.Where}) }
			e.serve = wrap(wrap(e.handler, e.group.middleware, tell), around, tell)
		}
	}
	a.outside = wrap((*Context).noRoute, around, func(need) {}) // no other middleware than that of routes
	return a.checkNeeds(needs)
}

func wrap(h Handler, mw []Middleware, tell func(need)) Handler {
	for _, m := range slices.Backward(mw) {
		h = m(wrapped(h, tell))
	}
	return h
}

func (a *App) loadCatalog() error {
	catalog, err := i18n.Load(a.folder("locales"), a.conf.Locale.Default)
	a.catalog = catalog
	return err
}

func (a *App) loadAssets() error {
	files := a.folder("static")
	if a.live != "" && files != nil {
		a.assets = asset.NewHandler(asset.Live(files))
		return nil
	}
	bundle, err := asset.NewBundle(files)
	if err != nil {
		return fmt.Errorf("static files: %w", err)
	}
	a.assets = asset.NewHandler(bundle)
	return nil
}

func (a *App) loadViews() error {
	funcs := requestFuncs()
	maps.Copy(funcs, a.funcs)
	plain, scoped := splitFuncs(funcs)
	a.views = view.New(view.Options{
		FS:     a.folder("templates"),
		Prefix: "templates/",
		Funcs:  plain,
		Scoped: scoped,
		// Package auth tells once that a user could not be loaded.
		Impure: append([]string{"user"}, a.impure...),
		Reload: a.live != "",
		Log:    a.Log,

		Uncompiled: !a.conf.Pages.Compile,
	})
	if a.assets == nil || a.catalog == nil {
		return nil // templates cannot be judged without them, and that is a fault already
	}
	return a.views.Check(map[string]view.Checker{
		"url":    a.checkURL,
		"site":   a.checkSite,
		"static": a.checkStatic,
		"t":      a.checkText,
	})
}

// checkURL judges {{url "name" …}}.
func (a *App) checkURL(call view.Call) error {
	if !call.Literal {
		return nil // a Link, judged when it is rendered
	}
	params, err := a.router.Params(call.Name)
	if err != nil {
		return err
	}
	if call.Args < len(params) {
		return fmt.Errorf("route %q needs a value for %s, got %d", call.Name, listOf(params), call.Args)
	}
	// One Query and one Fragment may follow.
	if call.Args > len(params)+2 {
		return fmt.Errorf("route %q takes %d values, got %d", call.Name, len(params), call.Args)
	}
	return nil
}

// checkSite judges {{site}}, which production knows from its settings alone.
func (a *App) checkSite(view.Call) error {
	if a.conf.Env == config.Production && a.conf.Server.PublicURL == "" {
		return errNoSite
	}
	return nil
}

// checkStatic judges {{static "file"}}.
func (a *App) checkStatic(call view.Call) error {
	if !call.Literal {
		return nil
	}
	_, err := a.assets.URLName(call.Name)
	return err
}

// checkText judges {{t "key"}}: some locale must have the text.
func (a *App) checkText(call view.Call) error {
	if !call.Literal {
		return nil
	}
	for _, locale := range a.catalog.Locales() {
		if a.catalog.Has(locale, call.Name) {
			return nil
		}
	}
	return errors.New(a.unknownText(call.Name))
}

func (a *App) unknownText(key string) string {
	var keys []string
	for _, locale := range a.catalog.Locales() {
		keys = append(keys, a.catalog.Keys(locale)...)
	}
	return fmt.Sprintf("no file in locales/ has the text %q%s", key, nearest.Hint(key, keys))
}
