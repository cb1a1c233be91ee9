package lint

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dram-go/dram/framework/i18n"
	"github.com/dram-go/dram/framework/nearest"
)

// Names is what an app has.
type Names struct {
	// Routes are the patterns of the named routes; nil leaves routes unjudged.
	Routes map[string]string
	// Catalog holds the texts; nil leaves texts unjudged.
	Catalog *i18n.Catalog
	// Pages are the templates that can be rendered; nil leaves pages
	// unjudged.
	Pages []string
}

// Fault is something wrong, or worth a look, at one place.
type Fault struct {
	File   string `json:"file"`             // absolute, or as the app gave it
	Line   int    `json:"line"`             // from 1
	Column int    `json:"column,omitempty"` // in bytes from 1, 0 when unknown
	Text   string `json:"text"`
	// Warning is set for what does not keep the app from working.
	Warning bool `json:"warning,omitempty"`
	// Code is the line of a template that the fault stands in.
	Code string `json:"code,omitempty"`
	// From are the places that give a page the data which it cannot show.
	From []Fault `json:"from,omitempty"`
}

// String returns "file:line:column: text".
func (f Fault) String() string {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	if f.Column > 0 {
		place += ":" + strconv.Itoa(f.Column)
	}
	if place != "" {
		place += ": "
	}
	if f.Warning {
		place += "warning: "
	}
	return place + f.Text
}

// Frame returns the line of code with a mark below the column, or "".
func (f Fault) Frame() string {
	if f.Code == "" {
		return ""
	}
	number := strconv.Itoa(f.Line)
	// Tabs stay, so that the mark stands where the editor has it.
	var below strings.Builder
	for _, r := range f.Code[:min(max(f.Column-1, 0), len(f.Code))] {
		switch {
		case r == '\t':
			below.WriteRune(r)
		case r >= '\u1100': // where the wide characters begin
			below.WriteString("  ")
		default:
			below.WriteByte(' ')
		}
	}
	return fmt.Sprintf("%5s | %s\n%5s | %s^", number, f.Code, "", below.String())
}

// Check returns everything that the source names and the app does not have,
// and the statements that an added column would break, in the order of files
// and lines.
func (p *Program) Check(names Names) []Fault {
	var faults []Fault
	for _, f := range p.files {
		at := func(pos token.Pos, what string) {
			place := p.fset.Position(pos)
			faults = append(faults, Fault{File: place.Filename, Line: place.Line, Column: place.Column, Text: what})
		}
		if !f.ownApp {
			for _, u := range f.uses() {
				if what := names.judge(u); what != "" {
					at(u.pos, what)
				}
			}
		}
		if !f.test {
			f.statements(at)
		}
	}
	return sorted(faults)
}

// sorted puts faults in the order of files and lines, each once: a file may
// belong to several variants of its package.
func sorted(faults []Fault) []Fault {
	slices.SortStableFunc(faults, compare)
	return slices.CompactFunc(faults, func(a, b Fault) bool { return compare(a, b) == 0 && a.Warning == b.Warning })
}

func compare(a, b Fault) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
}

// judge says what is wrong with a name, "" when nothing is.
func (n Names) judge(u use) string {
	switch {
	case u.kind == route && n.Routes != nil:
		return n.judgeRoute(u)
	case u.kind == text && n.Catalog != nil:
		return n.judgeText(u.name)
	case u.kind == page && n.Pages != nil && !slices.Contains(n.Pages, u.name):
		return fmt.Sprintf("there is no templates/%s%s", u.name, nearest.Hint(u.name, n.Pages))
	}
	return ""
}

func (n Names) judgeRoute(u use) string {
	pattern, ok := n.Routes[u.name]
	if !ok {
		return fmt.Sprintf("no route named %q%s", u.name, nearest.Hint(u.name, sortedKeys(n.Routes)))
	}
	if want := params(pattern); u.args >= 0 && u.args != want {
		return fmt.Sprintf("route %q is %s: it takes %d %s, not %d", u.name, pattern, want, plural(want, "value"), u.args)
	}
	return ""
}

func (n Names) judgeText(key string) string {
	var keys []string
	for _, locale := range n.Catalog.Locales() {
		if n.Catalog.Has(locale, key) {
			return ""
		}
		keys = append(keys, n.Catalog.Keys(locale)...)
	}
	return fmt.Sprintf("no file in locales/ has the text %q%s", key, nearest.Hint(key, keys))
}

// params counts the parameters of a pattern: each takes a whole segment.
func params(pattern string) int { return strings.Count(pattern, "/{") }

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// star finds a statement that selects whatever columns there are: at the
// beginning of a literal, in parentheses or behind UNION, so not in prose.
// Inside of EXISTS the columns do not matter.
var star = regexp.MustCompile("(?i)(?:^[\"`]|(exists\\s*)?\\(|\\bunion(?:\\s+all)?\\s)\\s*" +
	`(select\s+(?:distinct\s+)?(?:[a-z_][a-z0-9_]*\.)?\*)`)

// statements reports SELECT * in the literals of a file.
func (f *source) statements(report func(token.Pos, string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		for _, m := range star.FindAllStringSubmatchIndex(lit.Value, -1) {
			if m[2] >= 0 {
				continue
			}
			// The place inside of a raw literal is that in its source.
			report(lit.Pos()+token.Pos(m[4]), "SELECT * takes whatever columns the table has, "+
				"and during a reload that can be those of another build: name the columns")
		}
		return true
	})
}

// Gaps reports the texts that one locale has and another lacks. A text that
// the default locale lacks is a fault: nothing stands in for it.
func Gaps(c *i18n.Catalog) []Fault {
	var faults []Fault
	for _, gap := range c.Gaps() {
		f := Fault{Text: fmt.Sprintf("%s has no text %q, %s stands in", gap.Locale, gap.Key, c.Default()), Warning: true}
		if gap.Locale == c.Default() {
			f.Text = fmt.Sprintf("the default locale %s has no text %q: visitors would read the key", gap.Locale, gap.Key)
			f.Warning = false
		}
		file, line, _ := strings.Cut(gap.Where, ":")
		f.File = file
		f.Line, _ = strconv.Atoi(line)
		faults = append(faults, f)
	}
	return faults
}
