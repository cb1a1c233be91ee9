package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Text returns what a page says without HTML: paragraphs with a blank line
// between, items with a dash, addresses of links behind their text.
func Text(page string) string {
	_, text := readHTML(page)
	return text
}

// readHTML returns title and text of a page.
func readHTML(page string) (title, text string) {
	w := &textWriter{}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: text in memory has no other error
			return fold(w.title.String()), w.finish()
		case html.TextToken:
			w.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(z.Token())
		case html.EndTagToken:
			w.close(z.Token().DataAtom)
		}
	}
}

// fold makes one line of a text.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// textWriter collects the text of a page.
type textWriter struct {
	out    strings.Builder
	title  strings.Builder
	breaks int  // line ends that the next text needs before it
	space  bool // a space, if it continues a line
	silent atom.Atom
	pre    bool
	href   string
	link   int // where the text of the present link begins
}

func (w *textWriter) open(t html.Token) {
	switch t.DataAtom {
	case atom.Style, atom.Script, atom.Title, atom.Template:
		if t.Type == html.StartTagToken {
			w.silent = t.DataAtom
		}
	case atom.Br:
		w.breaks++
	case atom.Hr:
		w.paragraph()
		w.write("----")
		w.paragraph()
	case atom.Li:
		w.line()
		w.write("-")
		w.space = true
	case atom.Td, atom.Th:
		w.space = true
	case atom.Img:
		w.write(fold(attribute(t, "alt")))
	case atom.A:
		w.href = attribute(t, "href")
		w.link = w.out.Len()
	case atom.Pre:
		w.paragraph()
		w.pre = true
	default:
		w.block(t.DataAtom)
	}
}

func (w *textWriter) close(tag atom.Atom) {
	switch tag {
	case w.silent:
		w.silent = 0
	case atom.A:
		w.endLink()
	case atom.Pre:
		w.paragraph()
		w.pre = false
	default:
		w.block(tag)
	}
}

// block begins a new line where a block begins or ends.
func (w *textWriter) block(tag atom.Atom) {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table, atom.Blockquote:
		w.paragraph()
	case atom.Div, atom.Tr, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Body, atom.Dt, atom.Dd:
		w.line()
	}
}

func (w *textWriter) line()      { w.breaks = max(w.breaks, 1) }
func (w *textWriter) paragraph() { w.breaks = max(w.breaks, 2) }

// text takes text between tags.
func (w *textWriter) text(s string) {
	switch {
	case w.silent == atom.Title:
		w.title.WriteString(s)
	case w.silent != 0:
	case w.pre:
		w.write(s)
	default:
		w.space = w.space || startsBlank(s)
		if words := fold(s); words != "" {
			w.write(words)
			w.space = startsBlank(s[len(s)-1:])
		}
	}
}

func startsBlank(s string) bool { return s != "" && strings.ContainsRune(" \t\r\n", rune(s[0])) }

// write appends text that stays as it is.
func (w *textWriter) write(s string) {
	if s == "" {
		return
	}
	switch {
	case w.out.Len() == 0:
	case w.breaks > 0:
		w.out.WriteString(strings.Repeat("\n", min(w.breaks, 2)))
	case w.space:
		w.out.WriteByte(' ')
	}
	w.breaks, w.space = 0, false
	w.out.WriteString(s)
}

// endLink writes the address of a link, unless its text says it already.
func (w *textWriter) endLink() {
	address := strings.TrimPrefix(w.href, "mailto:")
	said := strings.TrimSpace(w.out.String()[min(w.link, w.out.Len()):])
	w.href = ""
	if address == "" || strings.HasPrefix(address, "#") || said == address {
		return
	}
	w.space = said != "" || w.space
	w.write("(" + address + ")")
}

func (w *textWriter) finish() string {
	if w.out.Len() == 0 {
		return ""
	}
	return strings.TrimRight(w.out.String(), " \n") + "\n"
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
