package i18n

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/i18n/tags"
)

// builtIn are the locales that Dram itself has texts for.
var builtIn = [...]string{"en", "ko"}

// Args are named arguments of [Catalog.T]: {name} in the text is Args["name"].
type Args map[string]any

// Catalog is a set of texts by locale and key. It is made by [Load] and never
// changes. A nil Catalog has no texts and no locales.
type Catalog struct {
	def     string
	locales []string // the default first, then by name
	texts   map[string]map[string]text
}

// text is one entry of a catalogue: a message, or a plural of several.
type text struct {
	where string // file:line
	other message
	forms map[string]message // of a plural, those beside other
}

// T returns the text for key in locale. A key that the locale lacks is looked
// up in the locale's parents (ko for ko-KR) and then in the default locale; a
// key that is nowhere is returned itself. Arguments fill placeholders as the
// package documentation says.
func (c *Catalog) T(locale, key string, args ...any) string {
	if c == nil {
		return key
	}
	t, in, ok := c.find(locale, key)
	if !ok {
		t, in, ok = c.find(c.def, key)
	}
	if !ok {
		return key
	}
	values := newValues(args)
	if len(t.forms) > 0 && values.counted {
		if form, ok := t.forms[category(in, values.count)]; ok {
			return form.format(values)
		}
	}
	return t.other.format(values)
}

// Has reports whether locale, or a parent of it, has a text for key. Unlike
// [Catalog.T] it does not look into the default locale.
func (c *Catalog) Has(locale, key string) bool {
	_, _, ok := c.find(locale, key)
	return ok
}

// find returns the text and the locale that it was found in.
func (c *Catalog) find(locale, key string) (text, string, bool) {
	if c == nil {
		return text{}, "", false
	}
	for locale != "" {
		if t, ok := c.texts[locale][key]; ok {
			return t, locale, true
		}
		locale = tags.Parent(locale)
	}
	return text{}, "", false
}

// Default returns the locale that is used where nothing else fits.
func (c *Catalog) Default() string {
	if c == nil {
		return ""
	}
	return c.def
}

// Locales returns the locales of the catalogue, the default one first, the
// others by name.
func (c *Catalog) Locales() []string {
	if c == nil {
		return nil
	}
	return slices.Clone(c.locales)
}

// Keys returns the keys that locale itself has, sorted.
func (c *Catalog) Keys(locale string) []string {
	if c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.texts[locale]))
}

// Gap is a key that one locale has and another lacks.
type Gap struct {
	Locale string // the locale that lacks the key
	Key    string
	Where  string // file:line of a text for the key in another locale
}

// Gaps returns the keys that some locale has and another lacks, sorted. They
// are not errors: T falls back to the default locale. Yet they are mostly
// texts that somebody forgot to translate. Labels and messages of forms are
// left out, because those have texts elsewhere.
func (c *Catalog) Gaps() []Gap {
	if c == nil {
		return nil
	}
	where := map[Gap]string{}
	for _, has := range c.locales {
		for key, t := range c.texts[has] {
			if strings.HasPrefix(key, "form.") {
				continue
			}
			for _, lacks := range c.locales {
				gap := Gap{Locale: lacks, Key: key}
				if where[gap] == "" && !c.Has(lacks, key) {
					where[gap] = t.where
				}
			}
		}
	}
	gaps := make([]Gap, 0, len(where))
	for gap, at := range where {
		gap.Where = at
		gaps = append(gaps, gap)
	}
	slices.SortFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Locale, b.Locale), cmp.Compare(a.Key, b.Key))
	})
	return gaps
}

// Negotiate returns the locale of the catalogue that suits an Accept-Language
// header best, by [tags.Choose]; what suits nothing gives the default locale. A
// nil catalogue gives "".
func (c *Catalog) Negotiate(acceptLanguage string) string {
	if c == nil {
		return ""
	}
	return tags.Choose(acceptLanguage, c.locales, c.def)
}
