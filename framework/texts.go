package dram

import (
	"fmt"
	"sync"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/nearest"
	"github.com/dram-go/dram/framework/view"
)

// T returns a text of the catalogue in a locale, see [i18n.Catalog.T]. For
// texts outside of a request, such as those of a mail. As with [Context.T],
// development logs a key that is not there.
func (a *App) T(locale, key string, args ...any) string {
	if !a.HasText(locale, key) {
		a.textMissing(locale, key, callerOf)
	}
	return a.catalog.T(locale, key, args...)
}

// HasText reports whether T has a text for the key: in the locale, or else in
// the default one.
func (a *App) HasText(locale, key string) bool {
	return a.catalog.Has(locale, key) || a.catalog.Has(a.catalog.Default(), key)
}

// T returns a text of the catalogue in the locale of the response. Arguments
// are described in package i18n. A key that is not there is returned itself,
// and development logs it once, with the place that asked for it;
// [App.HasText] asks without a word.
func (c *Context) T(key string, args ...any) string {
	return c.text(key, args, callerOf)
}

// templateText is [Context.T] for templates.
func templateText(c *Context, key string, args ...any) string {
	return c.text(key, args, func() string { return c.app.whereText(key, c.page) })
}

func (c *Context) text(key string, args []any, where func() string) string {
	locale := c.Locale()
	if !c.app.HasText(locale, key) {
		c.app.textMissing(locale, key, where)
	}
	return c.app.catalog.T(locale, key, args...)
}

// textsMissed are the keys that were warned of. The zero value is ready.
type textsMissed struct{ keys sync.Map }

// textMissing warns of a key that has no text, once. Only development does:
// elsewhere Build has refused the keys that templates name, and a visitor who
// makes up others would fill the log.
func (a *App) textMissing(locale, key string, where func() string) {
	if a.conf.Env != config.Development {
		return
	}
	if _, known := a.textsMissed.keys.LoadOrStore(key, true); known {
		return
	}
	attrs := []any{"key", key, "locale", locale, "at", where()}
	if near := nearest.Name(key, a.catalog.Keys(a.catalog.Default())); near != "" {
		attrs = append(attrs, "near", near)
	}
	a.Log.Warn("locales/ lacks a text, the page shows its key", attrs...)
}

// whereText returns where a template asks for the text, or, since a key may be
// put together while it renders, the page.
func (a *App) whereText(key, page string) string {
	place := ""
	// What else is wrong with the templates is said where it matters.
	_ = a.views.Check(map[string]view.Checker{"t": func(call view.Call) error {
		if call.Literal && call.Name == key && place == "" {
			place = call.Place.String()
		}
		return nil
	}})
	if place == "" {
		return fmt.Sprintf("templates/%s or what it includes", page)
	}
	return place
}
