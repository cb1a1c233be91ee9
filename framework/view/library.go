package view

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"slices"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/dram-go/dram/framework/nearest"
)

// library is one reading of all template files. It never changes.
type library struct {
	prefix   string
	files    []*file // by path
	layouts  map[string]*file
	pages    map[string]*page
	partials map[string]*parse.Tree // by the name that {{template}} uses
	faults   []error                // of partials and of reading: concern every page
}

// file is one template file.
type file struct {
	path   string // "question/form.html"
	shown  string // with the prefix, as errors show it
	source string
	layout string                 // from the first line, or ""
	body   *parse.Tree            // what stands outside of defines
	defs   map[string]*parse.Tree // by name, without body
	err    error
}

// load reads and parses every .html file of fsys.
func load(fsys fs.FS, prefix string, funcs template.FuncMap) *library {
	lib := &library{
		prefix:   prefix,
		layouts:  map[string]*file{},
		pages:    map[string]*page{},
		partials: map[string]*parse.Tree{},
	}
	if fsys == nil {
		return lib
	}
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".html") {
			lib.add(readFile(fsys, path, prefix, funcs))
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		lib.faults = append(lib.faults, fmt.Errorf("reading the templates: %w", err))
	}
	return lib
}

// add files f under what it is: a layout, a partial or a page.
func (lib *library) add(f *file) {
	lib.files = append(lib.files, f)
	if name, ok := strings.CutPrefix(f.path, "layouts/"); ok {
		lib.layouts[strings.TrimSuffix(name, ".html")] = f
		return
	}
	if name, ok := strings.CutPrefix(f.path, "partials/"); ok {
		lib.addPartial(strings.TrimSuffix(name, ".html"), f)
		return
	}
	lib.pages[f.path] = &page{name: f.path, file: f, lib: lib}
}

func (lib *library) addPartial(name string, f *file) {
	if f.err != nil {
		lib.faults = append(lib.faults, f.err)
		return
	}
	// A file of defines only has no body worth a name, unless nothing else
	// carries the name of the file.
	if _, own := f.defs[name]; !own || !parse.IsEmptyTree(f.body.Root) {
		lib.definePartial(name, f.body)
	}
	for _, def := range sortedKeys(f.defs) {
		lib.definePartial(def, f.defs[def])
	}
}

func (lib *library) definePartial(name string, tree *parse.Tree) {
	if other, taken := lib.partials[name]; taken {
		at := placeOf(tree, tree.Root)
		lib.faults = append(lib.faults, &Error{Place: at, Source: lib.sourceOf(at.File), Message: fmt.Sprintf(
			"partial %q is already defined at %s", name, placeOf(other, other.Root))})
		return
	}
	lib.partials[name] = tree
}

// readFile reads and parses one file. Its errors are kept in it.
func readFile(fsys fs.FS, path, prefix string, funcs template.FuncMap) *file {
	f := &file{path: path, shown: prefix + path}
	data, err := fs.ReadFile(fsys, path)
	if err != nil {
		f.err = fmt.Errorf("reading the templates: %w", err)
		return f
	}
	f.source = string(data)
	f.layout = layoutOf(f.source)
	parsed, err := texttemplate.New(f.shown).Funcs(funcs).Parse(f.source)
	if err != nil {
		f.err = suggest(locate(err, func(string) string { return f.source }), funcs)
		return f
	}
	f.defs = map[string]*parse.Tree{}
	for _, t := range parsed.Templates() {
		if t.Name() != f.shown {
			f.defs[t.Name()] = t.Tree
		}
	}
	f.body = parsed.Tree
	if f.body == nil { // an empty file
		f.body = &parse.Tree{Name: f.shown, ParseName: f.shown, Root: &parse.ListNode{NodeType: parse.NodeList}}
	}
	return f
}

// layoutOf returns NAME of a first line {{/* layout: NAME */}}, or "".
func layoutOf(source string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(source, "\ufeff"), "\n")
	comment, _, ok := strings.Cut(strings.TrimSpace(first), "*/")
	if !ok {
		return ""
	}
	for _, open := range []string{"{{/*", "{{- /*"} {
		if text, ok := strings.CutPrefix(comment, open); ok {
			if name, ok := strings.CutPrefix(strings.TrimSpace(text), "layout:"); ok {
				return strings.TrimSpace(name)
			}
		}
	}
	return ""
}

func (lib *library) pageNames() []string { return sortedKeys(lib.pages) }

// sourceOf returns the text of a file by the name that errors show.
func (lib *library) sourceOf(shown string) string {
	for _, f := range lib.files {
		if f.shown == shown {
			return f.source
		}
	}
	return ""
}

// explain gives an error of html/template its place.
func (lib *library) explain(err error) error { return locate(err, lib.sourceOf) }

func (lib *library) unknownPage(name string) error {
	if len(lib.pages) == 0 {
		return fmt.Errorf("there is no page %q: %s has no pages", name, orDefault(lib.prefix, "the template directory"))
	}
	return fmt.Errorf("there is no page %q in %s%s", name, orDefault(lib.prefix, "the template directory"),
		nearest.Hint(name, lib.pageNames()))
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
