package lint

import (
	"go/types"
	"io/fs"
	"strings"
	"text/template/parse"
)

// typer walks the templates of a page with the types of what they show.
type typer struct {
	funcs map[string]*types.Signature
	found map[site]*Fault
	order []site

	// The page that is checked, and what gives its data; nil when nothing is
	// known of them.
	set     *templateSet
	trees   map[string]*parse.Tree
	from    *Fault
	seen    map[visit]bool
	sources map[string]string
}

// visit is one template with one type of dot.
type visit struct {
	name, dot string
	settable  bool
}

// scope is what the actions of a template see.
type scope struct {
	tree *parse.Tree
	vars []variable
	// changed are the variables that an assignment may give another type.
	changed map[string]bool
}

type variable struct {
	name  string
	value value
}

// page checks a page with one dot. One whose files do not parse is left to the
// app, which says what is wrong.
func (c *typer) page(set *templateSet, name string, dot value, from *Fault) {
	root, trees, err := set.Trees(name)
	if err != nil {
		return
	}
	if c.set != set {
		c.set, c.sources = set, map[string]string{}
	}
	c.trees, c.from, c.seen = trees, from, map[visit]bool{}
	c.template(root, dot)
}

// template checks the template of this name with a dot.
func (c *typer) template(name string, dot value) {
	tree := c.trees[name]
	v := visit{name: name, settable: dot.settable}
	if dot.typ != nil {
		v.dot = types.TypeString(dot.typ, nil)
	}
	if tree == nil || c.seen[v] {
		return
	}
	c.seen[v] = true
	s := &scope{tree: tree, changed: map[string]bool{}}
	s.findChanged(tree.Root)
	s.push("$", dot)
	c.list(s, dot, tree.Root)
}

func (s *scope) push(name string, v value) {
	if s.changed[name] {
		v = unknown
	}
	s.vars = append(s.vars, variable{name, v})
}

func (s *scope) lookup(name string) value {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if s.vars[i].name == name {
			return s.vars[i].value
		}
	}
	return unknown
}

// within runs f and forgets the variables that it declares.
func (s *scope) within(f func()) {
	mark := len(s.vars)
	f()
	s.vars = s.vars[:mark]
}

// findChanged notes the variables that are assigned to.
func (s *scope) findChanged(node parse.Node) {
	eachPipe(node, func(p *parse.PipeNode) {
		if p.IsAssign {
			for _, v := range p.Decl {
				s.changed[v.Ident[0]] = true
			}
		}
	})
}

func (c *typer) list(s *scope, dot value, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		c.node(s, dot, node)
	}
}

func (c *typer) node(s *scope, dot value, node parse.Node) {
	switch n := node.(type) {
	case *parse.ActionNode:
		c.declare(s, n.Pipe, c.pipe(s, dot, n.Pipe))
	case *parse.IfNode:
		s.within(func() {
			c.declare(s, n.Pipe, c.pipe(s, dot, n.Pipe))
			s.within(func() { c.list(s, dot, n.List) })
			s.within(func() { c.list(s, dot, n.ElseList) })
		})
	case *parse.WithNode:
		s.within(func() {
			v := c.pipe(s, dot, n.Pipe)
			c.declare(s, n.Pipe, v)
			s.within(func() { c.list(s, v, n.List) })
			s.within(func() { c.list(s, dot, n.ElseList) })
		})
	case *parse.RangeNode:
		s.within(func() { c.rangeOver(s, dot, n) })
	case *parse.TemplateNode:
		arg := unknown
		if n.Pipe != nil {
			arg = c.pipe(s, dot, n.Pipe)
		}
		c.template(n.Name, arg)
	}
}

// declare gives the variables of a pipeline its value.
func (c *typer) declare(s *scope, pipe *parse.PipeNode, v value) {
	if pipe.IsAssign {
		return // such a variable is of no known type
	}
	for _, decl := range pipe.Decl {
		s.push(decl.Ident[0], v)
	}
}

func (c *typer) rangeOver(s *scope, dot value, n *parse.RangeNode) {
	over := c.pipe(s, dot, n.Pipe)
	key, elem, wrong := over.elements()
	if wrong != "" {
		c.report(s.tree, int(n.Pipe.Position()), wrong)
	}
	s.within(func() {
		if decl := n.Pipe.Decl; !n.Pipe.IsAssign {
			switch len(decl) {
			case 1:
				s.push(decl[0].Ident[0], elem)
			case 2:
				s.push(decl[0].Ident[0], key)
				s.push(decl[1].Ident[0], elem)
			}
		}
		c.list(s, elem, n.List)
	})
	s.within(func() {
		for _, decl := range n.Pipe.Decl {
			s.push(decl.Ident[0], unknown)
		}
		c.list(s, dot, n.ElseList)
	})
}

// report says what is wrong at an offset of the file that tree stands in.
func (c *typer) report(tree *parse.Tree, offset int, text string) {
	if offset < 0 || offset > len(c.source(tree.ParseName)) {
		offset = 0
	}
	c.add(site{tree.ParseName, offset, text})
}

// source returns the text of a template file, "" if it cannot be read.
func (c *typer) source(name string) string {
	text, read := c.sources[name]
	if !read {
		content, err := fs.ReadFile(c.set.dir, strings.TrimPrefix(name, templateDir+"/"))
		if err == nil {
			text = string(content)
		}
		c.sources[name] = text
	}
	return text
}
