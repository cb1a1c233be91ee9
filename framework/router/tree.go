package router

// Any as a method stands for every method that has no route of its own at the
// same pattern.
const Any = "*"

// node is a place in the tree of patterns: where a path has led after some
// segments. The tree says which patterns are the same and which contradict
// each other; what matches is looked for in lanes.
type node struct {
	literals map[string]*node
	branches []*branch
	bare     *leaf // the path ends here
	slash    *leaf // the path ends here with a slash
}

// branch leads on through a parameter.
type branch struct {
	seg   segment
	where string // who made it, for conflict messages
	text  string
	node  *node
}

// leaf is where a pattern ends.
type leaf struct {
	pattern *pattern
	methods []method
}

type method struct {
	name  string
	entry int // index into the router's entries
}

// find returns the entry for a method, with HEAD falling back to GET and all
// to Any; -1 when there is none.
func (l *leaf) find(name string) int {
	get, all := -1, -1
	for _, m := range l.methods {
		switch m.name {
		case name:
			return m.entry
		case "GET":
			get = m.entry
		case Any:
			all = m.entry
		}
	}
	if name == "HEAD" && get >= 0 {
		return get
	}
	return all
}

// conflict is returned by insert: what the new pattern collides with.
type conflict struct{ name, text, where string }

// insert returns the leaf of a pattern, making the nodes on the way.
func (n *node) insert(p *pattern, where string) (*leaf, *conflict) {
	for _, s := range p.segments {
		if s.kind == literal {
			n = n.literal(s.text)
			continue
		}
		b := n.branch(s)
		if b == nil {
			b = &branch{seg: s, where: where, text: p.text, node: &node{}}
			n.branches = append(n.branches, b)
		}
		if b.seg.text != s.text {
			return nil, &conflict{name: b.seg.text, text: b.text, where: b.where}
		}
		n = b.node
	}
	end := &n.bare
	if p.slash {
		end = &n.slash
	}
	if *end == nil {
		*end = &leaf{pattern: p}
	}
	return *end, nil
}

func (n *node) literal(text string) *node {
	child := n.literals[text]
	if child == nil {
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		child = &node{}
		n.literals[text] = child
	}
	return child
}

// branch returns the branch for a parameter of the same kind.
func (n *node) branch(s segment) *branch {
	for _, b := range n.branches {
		if b.seg.kind == s.kind && b.seg.conv == s.conv {
			return b
		}
	}
	return nil
}
