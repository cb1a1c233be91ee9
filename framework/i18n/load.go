package i18n

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/dram-go/dram/framework/i18n/tags"
)

// MaxFile is the largest catalogue file that [Load] reads, in bytes.
const MaxFile = 4 << 20

// Load reads every <locale>.toml at the top of fsys, which is the folder
// locales of an app. def is the default locale ("" means en) and must have a
// file if any locale has one. Other files are left alone.
//
// Where there are no catalogue files (fsys is nil, missing or without any),
// the catalogue has no texts and the locales are def and those that Dram
// brings texts of its own for, en and ko.
//
// The error joins all faults; each names file and line.
func Load(fsys fs.FS, def string) (*Catalog, error) {
	if def == "" {
		def = "en"
	}
	tag, ok := tags.Canonical(def)
	if !ok {
		return nil, fmt.Errorf("i18n: default locale %q is not a language tag such as en, ko or pt-BR", def)
	}
	c := &Catalog{def: tag, texts: map[string]map[string]text{}}
	if err := c.read(fsys); err != nil {
		return nil, err
	}
	if len(c.texts) == 0 {
		c.locales = append(c.locales, builtIn[:]...)
	}
	for locale := range c.texts {
		c.locales = append(c.locales, locale)
	}
	slices.Sort(c.locales)
	if len(c.texts) > 0 && c.texts[tag] == nil {
		return nil, fmt.Errorf("i18n: the default locale is %q, but there is no locales/%s.toml (there is %s): "+
			"add the file or set [locale] default in dram.toml", tag, tag, strings.Join(c.locales, ", "))
	}
	c.locales = slices.DeleteFunc(c.locales, func(l string) bool { return l == tag })
	c.locales = slices.Insert(c.locales, 0, tag)
	return c, nil
}

// read fills the catalogue from the files of fsys and joins their faults.
func (c *Catalog) read(fsys fs.FS) error {
	if fsys == nil {
		return nil
	}
	entries, err := fs.ReadDir(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("i18n: %w", err)
	}
	var faults []error
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".toml" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		faults = append(faults, c.readFile(fsys, e.Name()))
	}
	return errors.Join(faults...)
}

// readFile adds the texts of one file.
func (c *Catalog) readFile(fsys fs.FS, name string) error {
	file := "locales/" + name
	locale, ok := tags.Canonical(strings.TrimSuffix(name, ".toml"))
	if !ok {
		return fmt.Errorf("%s: the name of the file is not a language tag such as ko.toml or pt-BR.toml", file)
	}
	if c.texts[locale] != nil {
		return fmt.Errorf("%s: the locale %s has two files, their names differ only in case", file, locale)
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	texts, err := parseFile(file, data)
	c.texts[locale] = texts
	return err
}

// parseFile returns the texts of one file by dotted key. The map is never nil.
func parseFile(file string, data []byte) (map[string]text, error) {
	if len(data) > MaxFile {
		return map[string]text{}, fmt.Errorf("%s: %d bytes are more than a catalogue may have (%d)", file, len(data), MaxFile)
	}
	r := &reader{file: file, texts: map[string]text{}}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		var fault *toml.DecodeError
		if errors.As(err, &fault) {
			row, _ := fault.Position()
			err = fmt.Errorf("%s:%d: %s", file, row, strings.TrimPrefix(fault.Error(), "toml: "))
			return r.texts, err
		}
		return r.texts, fmt.Errorf("%s: %w", file, err)
	}
	r.lines = keyLines(data)
	r.table("", tree)
	slices.SortFunc(r.faults, func(a, b fault) int { return a.line - b.line })
	errs := make([]error, len(r.faults))
	for i, f := range r.faults {
		errs[i] = fmt.Errorf("%s:%d: %s", file, f.line, f.text)
	}
	return r.texts, errors.Join(errs...)
}

// reader turns the decoded tree of one file into texts.
type reader struct {
	file   string
	lines  map[string]int // by dotted key
	texts  map[string]text
	faults []fault
}

// fault is what is wrong in one line.
type fault struct {
	line int
	text string
}

func (r *reader) fault(key, format string, args ...any) {
	line := max(r.lines[key], 1)
	r.faults = append(r.faults, fault{line, fmt.Sprintf("%s: ", key) + fmt.Sprintf(format, args...)})
}

// table reads all entries below prefix, which is "" or ends in a dot.
func (r *reader) table(prefix string, entries map[string]any) {
	for name, value := range entries {
		key := prefix + name
		switch v := value.(type) {
		case string:
			r.add(key, text{other: r.message(key, v)})
		case map[string]any:
			if isPlural(v) {
				r.plural(key, v)
				continue
			}
			r.table(key+".", v)
		default:
			r.fault(key, "a text in quotes is expected, not %s", kindOf(value))
		}
	}
}

// plural reads a table of forms.
func (r *reader) plural(key string, forms map[string]any) {
	t := text{forms: map[string]message{}}
	for name, source := range forms {
		m := r.message(key+"."+name, source.(string))
		if name == other {
			t.other = m
			continue
		}
		t.forms[name] = m
	}
	if r.lines[key] == 0 { // a table made by dotted keys has no line of its own
		r.lines[key] = r.lines[key+".other"]
	}
	r.add(key, t)
}

func (r *reader) message(key, source string) message {
	m, err := parse(source)
	if err != nil {
		r.fault(key, "%v", err)
	}
	return m
}

func (r *reader) add(key string, t text) {
	t.where = fmt.Sprintf("%s:%d", r.file, max(r.lines[key], 1))
	if first, ok := r.texts[key]; ok {
		r.fault(key, "the key is there twice, also at %s", first.where)
		return
	}
	r.texts[key] = t
}

// isPlural reports whether a table is one text in forms: other, and beside it
// nothing but other forms, all texts.
func isPlural(entries map[string]any) bool {
	if _, ok := entries[other].(string); !ok {
		return false
	}
	for name, value := range entries {
		if _, ok := value.(string); !ok || !isCategory(name) {
			return false
		}
	}
	return true
}

// kindOf names a TOML value for people.
func kindOf(value any) string {
	switch value.(type) {
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case []any:
		return "an array"
	}
	return "a date"
}

// keyLines returns the line that each dotted key of a valid document stands
// in. The decoder forgets it, so the document is walked once more.
func keyLines(data []byte) map[string]int {
	w := lineWalker{data: data, lines: map[string]int{}}
	p := &unstable.Parser{}
	p.Reset(data)
	var table []string
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = w.key(nil, e.Key())
		case unstable.KeyValue:
			w.value(table, e)
		}
	}
	return w.lines
}

// lineWalker counts line ends while it moves through a document.
type lineWalker struct {
	data  []byte
	lines map[string]int
	at    int // bytes counted so far
	line  int // line ends before at
}

// value notes the keys of one "key = value", also those of inline tables.
func (w *lineWalker) value(table []string, e *unstable.Node) {
	key := w.key(table, e.Key())
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for it := e.Value().Children(); it.Next(); {
		if it.Node().Kind == unstable.KeyValue {
			w.value(key, it.Node())
		}
	}
}

// key returns prefix with the parts of a key and notes the line it stands in.
func (w *lineWalker) key(prefix []string, parts unstable.Iterator) []string {
	key := slices.Clone(prefix)
	for parts.Next() {
		key = append(key, string(parts.Node().Data))
		if to := int(parts.Node().Raw.Offset); to >= w.at && to <= len(w.data) {
			w.line += bytes.Count(w.data[w.at:to], []byte("\n"))
			w.at = to
		}
	}
	if dotted := strings.Join(key, "."); w.lines[dotted] == 0 {
		w.lines[dotted] = w.line + 1
	}
	return key
}
