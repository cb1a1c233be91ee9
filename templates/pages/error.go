package pages

import (
	_ "embed"
	"io"
)

//go:embed error.html
var errorHTML string

var errorTemplate = mustParse("error", errorHTML, errorCSS)

// ErrorPage is an error as a visitor sees it. Only Status is needed.
type ErrorPage struct {
	Status int    // HTTP status, 400 to 599
	Title  string // a few words; "" for the usual ones of Status
	Text   string // one sentence; "" for the usual one of Status
	ID     string // short id that is also in the log; "" for none
	Locale string // language tag such as "ko-KR"; other languages get English
	Home   string // path of the start page; "" for "/"
}

// Error writes the page. Errors are those of w.
func Error(w io.Writer, p ErrorPage) error {
	title, sentence := Text(p.Status, p.Locale)
	p.Title, p.Text = or(p.Title, title), or(p.Text, sentence)
	return writeError(w, p, p.Status)
}

// MaintenancePage says that a site is closed on purpose.
type MaintenancePage struct {
	Text   string // one sentence, for example until when; "" for the usual one
	ID     string // short id that is also in the log; "" for none
	Locale string // as in [ErrorPage]
}

// Maintenance writes the page; it is to be sent with status 503 and a
// Retry-After. Errors are those of w.
func Maintenance(w io.Writer, p MaintenancePage) error {
	title, sentence := MaintenanceText(p.Locale)
	return writeError(w, ErrorPage{
		Status: 503,
		Title:  title,
		Text:   or(p.Text, sentence),
		ID:     p.ID,
		Locale: p.Locale,
	}, 0)
}

// MaintenanceText returns the title and the usual sentence of the page in a
// locale, for answers that are no HTML.
func MaintenanceText(locale string) (title, sentence string) {
	usual := around[known(locale)]
	return usual.maintenance, usual.pause
}

// writeError writes p with a large number above it unless it is 0.
func writeError(w io.Writer, p ErrorPage, number int) error {
	locale := known(p.Locale)
	usual := around[locale]
	link, label := or(p.Home, "/"), usual.home
	if p.Status >= 500 || p.Status == 408 || p.Status == 429 { // the same may go well later
		link, label = "", usual.again // the address of the page itself
	}
	return errorTemplate.Execute(w, struct {
		ErrorPage
		Lang, IDLabel, Link, Label string
		Number                     int
	}{p, locale, usual.id, link, label, number})
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
