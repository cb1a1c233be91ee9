package view

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/dram-go/dram/framework/nearest"
)

// page is one page with everything it needs: its layouts, its blocks and the
// partials that these call.
type page struct {
	name string
	file *file
	lib  *library

	once     sync.Once
	pristine *template.Template // never executed, so that it can be cloned
	err      error
	idle     sync.Pool // of *bound

	making  sync.Once
	program *program
}

// bound is an escaped clone of a page with its scoped functions. It serves one
// render at a time: html/template has no functions per execution.
type bound struct {
	tmpl  *template.Template
	scope *scopeCell
}

// build puts the page together once.
func (p *page) build(funcs template.FuncMap) error {
	p.once.Do(func() { p.pristine, p.err = p.assemble(funcs) })
	return p.err
}

func (p *page) assemble(funcs template.FuncMap) (*template.Template, error) {
	root, trees, err := p.trees()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.references(root, trees)...); err != nil {
		return nil, err
	}
	set := template.New(root).Funcs(funcs)
	for _, name := range reachable(root, trees) {
		if _, err := set.AddParseTree(name, trees[name]); err != nil {
			return nil, p.lib.explain(err)
		}
	}
	return set.Lookup(root), nil
}

// trees returns the name of the template to execute and every template that
// the page may call by name: partials, then the layouts from the outermost to
// the innermost, then the page; what comes later wins.
func (p *page) trees() (root string, trees map[string]*parse.Tree, err error) {
	if len(p.lib.faults) > 0 {
		return "", nil, p.lib.faults[0]
	}
	chain, err := p.layouts()
	if err != nil {
		return "", nil, err
	}
	trees = make(map[string]*parse.Tree, len(p.lib.partials))
	for name, tree := range p.lib.partials {
		trees[name] = tree
	}
	for _, f := range chain {
		for name, tree := range f.defs {
			trees[name] = tree
		}
	}
	outermost := chain[0]
	trees[outermost.shown] = outermost.body
	return outermost.shown, trees, nil
}

// layouts returns the files of the page from the outermost layout to the page
// itself.
func (p *page) layouts() ([]*file, error) {
	chain := []*file{p.file}
	for {
		f := chain[0]
		if f.err != nil {
			return nil, f.err
		}
		name := f.layout
		if name == "" && f == p.file {
			name = DefaultLayout
		}
		if name == "" || name == NoLayout {
			return chain, nil
		}
		outer, ok := p.lib.layouts[name]
		if !ok {
			return nil, p.noLayout(f, name)
		}
		for _, seen := range chain {
			if seen == outer {
				return nil, firstLine(f, fmt.Sprintf("layout %q is its own layout", name))
			}
		}
		if err := onlyDefines(f, name); err != nil {
			return nil, err
		}
		chain = append([]*file{outer}, chain...)
	}
}

func (p *page) noLayout(f *file, name string) error {
	text := fmt.Sprintf("there is no layout %q: expected %slayouts/%s.html%s", name, p.lib.prefix, name,
		nearest.Hint(name, sortedKeys(p.lib.layouts)))
	if f.layout == "" {
		text += "; a page without a layout begins with {{/* layout: none */}}"
	}
	return firstLine(f, text)
}

// onlyDefines refuses text that nobody would ever see.
func onlyDefines(f *file, layout string) error {
	for _, node := range f.body.Root.Nodes {
		if parse.IsEmptyTree(node) {
			continue
		}
		return &Error{Place: placeOf(f.body, node), Source: f.source, Message: fmt.Sprintf(
			"this stands outside of a {{define}} and would never be shown: layout %q shows only its blocks; "+
				"move it into one of them or begin the file with {{/* layout: none */}}", layout)}
	}
	return nil
}

// references reports calls of templates that do not exist, and blocks of the
// page that nothing calls: html/template says nothing about a misspelt define.
func (p *page) references(root string, trees map[string]*parse.Tree) []error {
	var faults []error
	called := map[string]bool{root: true}
	names := sortedKeys(trees)
	for _, name := range reachable(root, trees) {
		tree := trees[name]
		eachCall(tree, func(node *parse.TemplateNode) {
			called[node.Name] = true
			if trees[node.Name] == nil {
				faults = append(faults, p.fault(tree, node, fmt.Sprintf("there is no template %q%s", node.Name, nearest.Hint(node.Name, names))))
			}
		})
	}
	for _, name := range sortedKeys(p.file.defs) {
		if !called[name] {
			tree := p.file.defs[name]
			faults = append(faults, p.fault(tree, tree.Root, fmt.Sprintf(
				"nothing shows the block %q: the layout has %s", name, blockList(called, p.file.defs, root))))
		}
	}
	return faults
}

func (p *page) fault(tree *parse.Tree, node parse.Node, message string) error {
	at := placeOf(tree, node)
	return &Error{Place: at, Message: message, Source: p.lib.sourceOf(at.File)}
}

func blockList(called map[string]bool, own map[string]*parse.Tree, root string) string {
	var names []string
	for _, name := range sortedKeys(called) {
		if name != root && own[name] == nil {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	if len(names) == 0 {
		return "no other block"
	}
	return strings.Join(names, ", ")
}

// borrow takes a clone from the pool or makes one.
func (p *page) borrow(scoped *scoped) (*bound, error) {
	if b, ok := p.idle.Get().(*bound); ok {
		return b, nil
	}
	clone, err := p.pristine.Clone()
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", p.name, err)
	}
	cell := &scopeCell{}
	return &bound{tmpl: clone.Funcs(cell.bind(scoped)), scope: cell}, nil
}

// giveBack keeps the clone for the next render, without the request.
func (p *page) giveBack(b *bound) {
	b.scope.clear()
	p.idle.Put(b)
}
