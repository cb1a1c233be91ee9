package front

import (
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/runner/control"
)

// errorPages are the pages that an app ships for answers that the front gives
// by itself: static files named errors/503.html, errors/4xx.html, errors/5xx.html
// and errors/maintenance.html, also with a language: errors/503.ko.html. {{id}},
// {{status}}, {{title}} and {{text}} in them are replaced.
type errorPages struct {
	place control.Assets
	kinds map[string]*variants // "503", "5xx", "maintenance"
}

// variants are one page in several languages.
type variants struct {
	pages   []string
	matcher language.Matcher // of the same order
}

// pageCSP is what pages of an app may load: what is its own.
const pageCSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// maxPage bounds a page: all of them are held in memory.
const maxPage = 256 << 10

var pageName = regexp.MustCompile(`^errors/([45](?:[0-9]{2}|xx)|maintenance)(?:\.([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*))?\.html$`)

// loadErrorPages reads the pages among the published files. One without a
// language is in that of locale. A page that cannot be read is left out.
func loadErrorPages(a control.Assets, locale string, log *slog.Logger) (*errorPages, error) {
	p := &errorPages{place: a, kinds: map[string]*variants{}}
	manifest, err := asset.ReadManifest(a.Manifest)
	if err != nil {
		return nil, err
	}
	store, err := asset.OpenStore(a.Store)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	found := map[string][]localPage{}
	for _, name := range slices.Sorted(maps.Keys(manifest.Files)) {
		m := pageName.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		page, err := readPage(store, manifest.Files[name])
		if err != nil {
			log.Error("error page of the app", "file", name, "err", err)
			continue
		}
		found[m[1]] = append(found[m[1]], localPage{m[2], page})
	}
	for kind, pages := range found {
		p.kinds[kind] = newVariants(pages, locale)
	}
	return p, nil
}

type localPage struct{ locale, page string }

// newVariants puts the page without a language first: it is the one for who
// wants none of those there are.
func newVariants(pages []localPage, locale string) *variants {
	v := &variants{}
	var tags []language.Tag
	slices.SortStableFunc(pages, func(a, b localPage) int { return len(a.locale) - len(b.locale) })
	for _, p := range pages {
		if p.locale == "" {
			p.locale = locale
		}
		v.pages = append(v.pages, p.page)
		tags = append(tags, language.Make(p.locale))
	}
	v.matcher = language.NewMatcher(tags)
	return v
}

func readPage(store *asset.Store, file asset.File) (string, error) {
	if file.Size > maxPage {
		return "", fmt.Errorf("it has %d bytes, more than %d", file.Size, maxPage)
	}
	f, err := store.Open(file.Asset)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), err
}

// page returns the app's page for an answer, false when it has none.
func (p *errorPages) page(d decline, acceptLanguage string) (string, bool) {
	if p == nil || len(p.kinds) == 0 {
		return "", false
	}
	status := strconv.Itoa(d.status)
	kinds := []string{status, status[:1] + "xx"}
	if d.maintenance {
		kinds = []string{"maintenance", status, status[:1] + "xx"}
	}
	for _, kind := range kinds {
		if v := p.kinds[kind]; v != nil {
			return v.choose(acceptLanguage), true
		}
	}
	return "", false
}

func (v *variants) choose(acceptLanguage string) string {
	_, at := language.MatchStrings(v.matcher, acceptLanguage)
	return v.pages[at]
}

// fill replaces what a page leaves open.
func fill(page string, status int, id, title, text string) string {
	return strings.NewReplacer(
		"{{id}}", html.EscapeString(id), "{{status}}", strconv.Itoa(status),
		"{{title}}", html.EscapeString(title), "{{text}}", html.EscapeString(text),
	).Replace(page)
}

// useErrorPages takes over the pages of the files that a table names.
func (f *front) useErrorPages(a *control.Assets) {
	now := f.errorPages.Load()
	if a == nil {
		f.errorPages.Store(nil)
		return
	}
	if now != nil && now.place == *a {
		return
	}
	loaded, err := loadErrorPages(*a, f.live.Load().locale, f.log)
	if err != nil {
		f.log.Error("error pages of the new generation; those before stay", "err", err)
		return
	}
	f.errorPages.Store(loaded)
}
