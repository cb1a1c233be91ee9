package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// fileName is looked for in Options.Dir when no file is named.
const fileName = "dram.toml"

// maxFile bounds dram.toml and files with secrets: whoever names a device or
// a log by mistake gets a fault, not a full memory.
const maxFile = 1 << 20

// file is a parsed dram.toml. The zero file has no settings.
type file struct {
	name  string         // as faults show it
	tree  map[string]any // values by key, tables nested
	lines map[string]int // line of each dotted key
}

// where names the place of a key; the key of a list's element lies where the
// list does if the list is written in one go.
func (f *file) where(key string) string {
	if line, ok := f.lines[key]; ok {
		return fmt.Sprintf("%s:%d", f.name, line)
	}
	return f.name
}

// noSection is the fault of a key that should have been a section.
func (f *file) noSection(key string) placed {
	text := fmt.Sprintf("%s is a section: write [%s] above its settings", key, key)
	return placed{f.lines[key], Fault{Where: f.where(key), Text: text}}
}

// parseFile reads TOML text. A fault of syntax is the only fault of a file.
func parseFile(name string, text []byte) (*file, *placed) {
	f := &file{name: name}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // editors on Windows write it
	if err := toml.Unmarshal(text, &f.tree); err != nil {
		fault := placed{0, Fault{Where: name, Text: "not valid TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}}
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			line, column := syntax.Position()
			fault.line, fault.Where = line, fmt.Sprintf("%s:%d:%d", name, line, column)
			if hint := mistake(nthLine(text, line)); hint != "" {
				fault.Text = "not valid TOML: " + hint
			}
		}
		return nil, &fault
	}
	f.lines = keyLines(text)
	return f, nil
}

// mistake says in plain words what is wrong with a line that is not valid TOML,
// if it is one of the two usual things: text without quotes, and no value. It
// does not repeat the value, which may be a secret.
func mistake(line string) string {
	key, value, found := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	switch {
	case !found || key == "" || strings.ContainsAny(key, `"'#[]{}`):
		return ""
	case value == "" || value[0] == '#':
		return fmt.Sprintf(`%s has no value; text is written in quotes: %s = "…"`, key, key)
	case strings.ContainsRune(`"'[{`, rune(value[0])):
		return ""
	}
	if toml.Unmarshal([]byte("x = "+value), &map[string]any{}) == nil {
		return ""
	}
	return fmt.Sprintf(`text is written in quotes: %s = "…"`, key)
}

// nthLine is a line of a text, counted from 1.
func nthLine(text []byte, n int) string {
	for line := range bytes.Lines(text) {
		if n--; n == 0 {
			return strings.TrimSpace(string(line))
		}
	}
	return ""
}

// keyLines finds the line of every key and table header of valid TOML text.
func keyLines(text []byte) map[string]int {
	w := lineWalk{lines: map[string]int{}, tables: map[string]int{}}
	for i, b := range text {
		if b == '\n' {
			w.ends = append(w.ends, i)
		}
	}
	w.parser.Reset(text)
	prefix := ""
	for w.parser.NextExpression() {
		switch e := w.parser.Expression(); e.Kind {
		case unstable.Table:
			prefix = w.keys("", e.Key())
		case unstable.ArrayTable:
			prefix = w.keys("", e.Key())
			w.tables[prefix]++
			prefix = w.element(prefix)
			header := e.Key()
			header.Next()
			w.lines[prefix] = w.line(header.Node())
		case unstable.KeyValue:
			w.keyValue(prefix, e)
		}
	}
	return w.lines
}

// lineWalk goes through a document and notes where the keys are.
type lineWalk struct {
	parser unstable.Parser
	ends   []int          // offsets of line ends
	lines  map[string]int // result
	tables map[string]int // number of elements of each array of tables so far
}

func (w *lineWalk) keyValue(prefix string, e *unstable.Node) {
	key := w.keys(prefix, e.Key())
	w.value(key, e.Value())
}

func (w *lineWalk) value(key string, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				w.keyValue(key, it.Node())
			}
		}
	case unstable.Array:
		line, i := w.lines[key], 0
		for it := v.Children(); it.Next(); i++ {
			element := elementKey(key, i)
			w.lines[element] = line
			if n := it.Node(); n.Raw.Length > 0 {
				w.lines[element] = w.line(n)
			}
			w.value(element, it.Node())
		}
	}
}

// keys appends the parts of a key to prefix, notes the line of each and
// returns the whole. In TOML a header below an array of tables means its last
// element, so every part may become one.
func (w *lineWalk) keys(prefix string, parts unstable.Iterator) string {
	key := prefix
	for parts.Next() {
		key = join(w.element(key), string(parts.Node().Data))
		if _, known := w.lines[key]; !known {
			w.lines[key] = w.line(parts.Node())
		}
	}
	return key
}

// element returns the last element of an array of tables, key itself if it is none.
func (w *lineWalk) element(key string) string {
	if n := w.tables[key]; n > 0 {
		return elementKey(key, n-1)
	}
	return key
}

func (w *lineWalk) line(n *unstable.Node) int {
	return 1 + sort.SearchInts(w.ends, int(n.Raw.Offset))
}

// readBounded reads a file of settings.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("longer than %s", Size(maxFile))
	}
	return text, nil
}

// shown returns a path as a person in dir would write it.
func shown(path, dir string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
