package lint

import (
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/dram-go/dram/framework/view"
)

// templateDir is where an app keeps its templates, below its home.
const templateDir = "templates"

// CheckPages checks the templates against the types of the data that handlers
// render them with: every field and method that a page, its layouts and its
// partials name must be there. Each fault stands in the template, and carries
// the places that give the page such data. What a type does not tell, such as
// what an interface holds, is not judged.
//
// A page is looked for in the homes of the app; one that several of them have
// is not judged either. Pages of errors have the data that Dram gives them.
func (p *Program) CheckPages() ([]Fault, error) {
	var sets []templateSet
	for _, home := range p.Homes() {
		set, err := newTemplateSet(home, os.DirFS(filepath.Join(home, templateDir)))
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return p.checkPages(sets), nil
}

func (p *Program) checkPages(sets []templateSet) []Fault {
	c := &typer{funcs: p.templateFuncs(), found: map[site]*Fault{}}
	for _, f := range p.files {
		if f.ownApp {
			continue
		}
		for _, r := range f.renders() {
			if set := owner(sets, r.page); set != nil {
				c.page(set, r.page, of(r.data, false), p.source(r))
			}
		}
	}
	if shown := p.errorPage(); shown.typ != nil {
		from := &Fault{Text: "Dram shows errors with " + shown.String()}
		dirs := p.errorDirs()
		for i := range sets {
			for _, name := range sets[i].Pages() {
				if isErrorPage(name, dirs) {
					c.page(&sets[i], name, shown, from)
				}
			}
		}
	}
	faults := make([]Fault, 0, len(c.order))
	for _, at := range c.order {
		faults = append(faults, *c.found[at])
	}
	return sorted(faults)
}

// source says where data comes from, nil when nothing is known of it.
func (p *Program) source(r render) *Fault {
	dot := of(r.data, false)
	if dot.typ == nil {
		return nil
	}
	place := p.fset.Position(r.pos)
	return &Fault{File: place.Filename, Line: place.Line, Column: place.Column, Text: fmt.Sprintf("%s gives %s", r.call, dot)}
}

// templateSet is the templates of one home.
type templateSet struct {
	*view.Set
	home string
	dir  fs.FS
}

// newTemplateSet reads templates, which parse when their functions are known,
// whatever they are.
func newTemplateSet(home string, dir fs.FS) (templateSet, error) {
	names, err := calledNames(dir)
	stubs := template.FuncMap{}
	for name := range names {
		stubs[name] = func() string { return "" }
	}
	return templateSet{view.New(view.Options{FS: dir, Prefix: templateDir + "/", Funcs: stubs}), home, dir}, err
}

// owner returns the only set that has the page, or nil.
func owner(sets []templateSet, page string) *templateSet {
	var found *templateSet
	for i := range sets {
		if sets[i].Has(page) {
			if found != nil {
				return nil
			}
			found = &sets[i]
		}
	}
	return found
}

// calledNames returns the names that stand in the templates where functions
// do.
func calledNames(dir fs.FS) (map[string]bool, error) {
	names := map[string]bool{}
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return skipMissing(err)
		}
		text, err := fs.ReadFile(dir, path)
		if err != nil {
			return err
		}
		tree := parse.New(path)
		tree.Mode = parse.SkipFuncCheck
		all := map[string]*parse.Tree{}
		if _, err := tree.Parse(string(text), "", "", all); err != nil {
			return nil // the app itself says so
		}
		for _, one := range all {
			eachIdentifier(one.Root, func(name string) { names[name] = true })
		}
		return nil
	})
	for name := range builtins {
		delete(names, name)
	}
	for _, name := range []string{"and", "or", "call", "index", "slice", "break", "continue"} {
		delete(names, name)
	}
	return names, err
}

func skipMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// eachIdentifier visits the functions that node and all below it call.
func eachIdentifier(node parse.Node, visit func(name string)) {
	eachPipe(node, func(pipe *parse.PipeNode) {
		for _, cmd := range pipe.Cmds {
			for _, arg := range cmd.Args {
				if chain, ok := arg.(*parse.ChainNode); ok {
					arg = chain.Node
				}
				if fn, ok := arg.(*parse.IdentifierNode); ok {
					visit(fn.Ident)
				}
			}
		}
	})
}

// site is a place of a template and what is wrong there.
type site struct {
	file   string
	offset int
	text   string
}

// add keeps a fault once, with every place that gives the data.
func (c *typer) add(at site) {
	f := c.found[at]
	if f == nil {
		f = c.fault(at)
		c.found[at] = f
		c.order = append(c.order, at)
	}
	if c.from != nil && !slices.ContainsFunc(f.From, func(other Fault) bool { return compare(other, *c.from) == 0 }) {
		f.From = append(f.From, *c.from)
	}
}

// fault makes a fault of a place.
func (c *typer) fault(at site) *Fault {
	f := &Fault{File: filepath.Join(c.set.home, filepath.FromSlash(at.file)), Text: at.text}
	text := c.source(at.file)
	before, after := text[:at.offset], text[at.offset:]
	f.Line = strings.Count(before, "\n") + 1
	begin := strings.LastIndexByte(before, '\n') + 1
	f.Column = at.offset - begin + 1
	end, _, _ := strings.Cut(after, "\n")
	f.Code = strings.TrimSuffix(before[begin:]+end, "\r")
	return f
}
