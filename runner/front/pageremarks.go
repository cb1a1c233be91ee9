package front

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// answered are the statuses of the front's own answers to browsers.
var answered = []int{400, 405, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505}

// RemarksOnErrorPages says which of an app's static files were probably meant as
// error pages (see the package documentation of runner), but will not be, or not
// for whom they are meant. files may be nil.
func RemarksOnErrorPages(files fs.FS) (remarks []error) {
	if files == nil {
		return nil
	}
	add := func(name, format string, args ...any) {
		remarks = append(remarks, fmt.Errorf("static file %s: %s", name, fmt.Sprintf(format, args...)))
	}
	for _, dir := range []string{"errors", "error"} {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			continue // there is none, or whoever publishes the files says so
		}
		for _, entry := range entries {
			name := path.Join(dir, entry.Name())
			if entry.IsDir() || !strings.HasPrefix(strings.ToLower(path.Ext(name)), ".htm") {
				continue
			}
			if text := remarkOnName(name); text != "" {
				add(name, "%s", text)
			} else if text := remarkOnText(files, name); text != "" {
				add(name, "%s", text)
			}
		}
	}
	return remarks
}

// remarkOnName says what is wrong with the name of a page, "" for nothing.
func remarkOnName(name string) string {
	m := pageName.FindStringSubmatch(name)
	if m == nil {
		if meant := meantName(name); meant != "" {
			return "it is no error page by this name, did you mean " + meant + "?"
		}
		return "it is no error page by this name: they are errors/STATUS.html, errors/4xx.html, errors/5xx.html and errors/maintenance.html, or with a language errors/503.ko.html"
	}
	status, err := strconv.Atoi(m[1])
	if err == nil && !slices.Contains(answered, status) {
		return fmt.Sprintf("the front has no answer of its own with status %d, so nobody sees it; pages for what the app answers are the app's templates (templates/errors/%d.html)", status, status)
	}
	if m[2] == "" {
		return ""
	}
	if _, err := language.Parse(m[2]); err != nil || strings.EqualFold(m[2], "kr") {
		text := fmt.Sprintf("there is no language %q, so nobody gets it", m[2])
		if err == nil {
			text = fmt.Sprintf("%q is the language Kanuri", m[2])
		}
		if spoken := spokenIn(m[2]); spoken != "" {
			text += ", did you mean errors/" + m[1] + "." + spoken + ".html?"
		}
		return text
	}
	return ""
}

// spokenIn is the language of a country, "" when the code is of none: people
// write jp for ja and kr for ko.
func spokenIn(country string) string {
	region, err := language.ParseRegion(country)
	if err != nil || !region.IsCountry() {
		return ""
	}
	tag, err := language.Compose(language.Und, region)
	if err != nil {
		return ""
	}
	base, sure := tag.Base()
	if sure < language.Low || base.String() == "und" {
		return ""
	}
	return base.String()
}

var (
	spelling     = regexp.MustCompile(`^errors?/([45]xx|[45]0?x|[45][0-9]{2}|mainten[a-z]*|maint[a-z]*)(?:[._-]([a-z]{2,3}(?:-[a-z0-9]+)*))?\.html?$`)
	placeholders = regexp.MustCompile(`\{\{[^{}]*\}\}`)
)

// meantName is the page that a name resembles, "" for none.
func meantName(name string) string {
	m := spelling.FindStringSubmatch(strings.ToLower(name))
	if m == nil {
		return ""
	}
	kind := m[1]
	switch {
	case strings.HasPrefix(kind, "maint"):
		kind = "maintenance"
	case strings.Contains(kind, "x"):
		kind = kind[:1] + "xx"
	}
	meant := "errors/" + kind
	if m[2] != "" {
		meant += "." + m[2]
	}
	return meant + ".html"
}

// remarkOnText says what is wrong with a page, "" for nothing.
func remarkOnText(files fs.FS, name string) string {
	info, err := fs.Stat(files, name)
	if err == nil && info.Size() > maxPage {
		return fmt.Sprintf("it has %d bytes, more than %d, and is left out", info.Size(), maxPage)
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return cmp.Or(errors.Unwrap(err), err).Error()
	}
	for _, open := range placeholders.FindAllString(string(text), -1) {
		if !slices.Contains([]string{"{{id}}", "{{status}}", "{{title}}", "{{text}}"}, open) {
			return open + " stays as it is: {{id}}, {{status}}, {{title}} and {{text}} are replaced, nothing else"
		}
	}
	return ""
}
