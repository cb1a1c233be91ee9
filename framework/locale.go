package dram

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/config"
)

// yearOfSeconds is how long a browser remembers a locale.
const yearOfSeconds = 365 * 24 * 60 * 60

// LocaleByCookie lets visitors choose their locale: [Context.SetLocale] keeps
// it in a cookie of the name, which then counts more than what the browser
// asks for.
func (a *App) LocaleByCookie(name string) {
	a.describing("LocaleByCookie")
	if err := (&http.Cookie{Name: name, Value: "en"}).Valid(); err != nil {
		a.faults = append(a.faults, &Fault{Where: callerOf(), Text: "LocaleByCookie: " + err.Error()})
		return
	}
	a.localeCookie = name
}

// LocaleByPath gives every page an address for each locale of the app:
// /ko/question/list/ is answered by the route /question/list/, in Korean, and
// the addresses that the page writes begin with /ko too. The locale of the
// path counts more than a cookie and what the browser asks for, which decide
// where the path has none. {{inlocale "en"}} leads from a page to the same in
// English.
func (a *App) LocaleByPath() {
	a.describing("LocaleByPath")
	a.localePaths = true
}

// Locale returns the locale of the response, one of the app's: that of the
// path ([App.LocaleByPath]), else that of the cookie ([App.LocaleByCookie]),
// else the one that suits the client's Accept-Language best, else the default.
func (c *Context) Locale() string {
	locale, source := c.chooseLocale()
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	c.x.localised = c.x.localised || source != byPath
	c.x.ownLocale = c.x.ownLocale || source == byCookie
	return locale
}

// negotiated is Locale for what does not show in the response.
func (c *Context) negotiated() string {
	locale, _ := c.chooseLocale()
	return locale
}

// localeSource is what decided about a locale.
type localeSource int

const (
	byHeader localeSource = iota // or by default
	byCookie
	byPath
)

func (c *Context) chooseLocale() (string, localeSource) {
	a := c.app
	if c.x.localePath != "" {
		return c.x.localePath[1:], byPath
	}
	if chosen := c.x.chosenLocale(); chosen != "" {
		return chosen, byCookie
	}
	if a.localeCookie != "" {
		if cookie, err := c.Request.Cookie(a.localeCookie); err == nil && a.hasLocale(cookie.Value) {
			return cookie.Value, byCookie
		}
	}
	return a.catalog.Negotiate(c.Request.Header.Get("Accept-Language")), byHeader
}

// offerLanguages tells caches which languages a public response could have been
// in, so that they keep one for each, and not one for each Accept-Language that
// a client can think of (draft-ietf-httpbis-availability-hints).
func (c *Context) offerLanguages(header http.Header) {
	locale, source := c.chooseLocale()
	if source != byHeader || !isPublic(header) {
		return
	}
	var offer strings.Builder
	for i, l := range c.app.catalog.Locales() { // the default first
		if i == 0 {
			offer.WriteString(l + ";d")
		} else {
			offer.WriteString(", " + l)
		}
	}
	header.Set("Avail-Language", offer.String())
	setDefault(header, "Content-Language", locale)
}

// secureCookies reports whether cookies are for HTTPS only.
func (a *App) secureCookies() bool { return a.conf.Env == config.Production }

func (a *App) hasLocale(locale string) bool {
	return a.catalog != nil && slices.Contains(a.catalog.Locales(), locale)
}

// SetLocale remembers the locale that the visitor has chosen, for this
// response and in the cookie of [App.LocaleByCookie] for a year. The text may
// come from the client: one that is none of the app's locales is an error of
// status 400.
func (c *Context) SetLocale(locale string) error {
	name := c.app.localeCookie
	if name == "" {
		return errors.New("SetLocale at " + callerOf() + ": there is no cookie for it, see App.LocaleByCookie")
	}
	if !c.app.hasLocale(locale) {
		return BadRequest("").Wrap(fmt.Errorf("%q is no locale of the app", locale))
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: name, Value: locale, Path: c.x.base + "/", MaxAge: yearOfSeconds,
		HttpOnly: true, Secure: c.app.secureCookies(), SameSite: http.SameSiteLaxMode,
	})
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	c.x.chosen, c.x.ownLocale = locale, true
	return nil
}

// InLocale returns the address of this page in another locale, with its query.
// It fails without [App.LocaleByPath] and for a locale that the app does not
// have.
func (c *Context) InLocale(locale string) (string, error) {
	if !c.app.localePaths {
		return "", errors.New("inlocale: addresses have no locale, see App.LocaleByPath")
	}
	if !c.app.hasLocale(locale) {
		return "", fmt.Errorf("inlocale: %q is no locale of the app, it has %s", locale, strings.Join(c.app.catalog.Locales(), ", "))
	}
	path := c.x.base + "/" + locale + c.Request.URL.EscapedPath()
	if c.Request.URL.RawQuery != "" {
		path += "?" + c.Request.URL.RawQuery
	}
	return path, nil
}

// takeLocale cuts the locale off the path, if the app wants that and the path
// has one.
func (c *Context) takeLocale() {
	if !c.app.localePaths {
		return
	}
	head, left, ok := below(c.Request.URL, 1)
	if !ok || len(head) < 2 || !c.app.hasLocale(head[1:]) {
		return
	}
	c.x.localePath = head
	inner := *c.Request
	inner.URL = left
	c.Request = &inner
}

// checkLocalePaths reports routes that a locale in the path would hide.
func (a *App) checkLocalePaths() error {
	if !a.localePaths {
		return nil
	}
	var hidden []error
	for _, e := range a.router.Entries() {
		head, _ := cutSegments(e.Pattern, 1)
		if len(head) > 1 && a.hasLocale(head[1:]) {
			hidden = append(hidden, &Fault{Where: e.Where, Text: fmt.Sprintf(
				"route %s is hidden: with LocaleByPath, %s before a path means the locale", e.Pattern, head)})
		}
	}
	return errors.Join(hidden...)
}
