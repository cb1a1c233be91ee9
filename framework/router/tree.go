package router

import (
	"slices"
	"strings"
)

// Any as a method stands for every method that has no route of its own at the
// same pattern.
const Any = "*"

// node is a place in the tree of patterns: where a path has led after some
// segments. Since the place fixes the number of segments, a search visits each
// node at most once: backtracking costs no more than the size of the tree.
type node struct {
	literals []edge           // tried first; short lists are searched in order
	index    map[string]*node // of long lists of literals
	typed    []*branch        // by rank of their converters
	plain    *branch
	rest     *branch
	bare     *leaf // the path ends here
	slash    *leaf // the path ends here with a slash
}

type edge struct {
	text string
	node *node
}

// branch leads on through a parameter.
type branch struct {
	name  string
	conv  *converter // nil: plain or rest
	where string     // who made it, for conflict messages
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

// manyLiterals is the length from which a map beats a search in order.
const manyLiterals = 10

// find returns the entry for a method, with HEAD falling back to GET and all
// to Any; -1 when there is none.
func (l *leaf) find(name string) int {
	if l == nil {
		return -1
	}
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
			b = n.grow(s, p.text, where)
		}
		if b.name != s.text {
			return nil, &conflict{name: b.name, text: b.text, where: b.where}
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
	for _, e := range n.literals {
		if e.text == text {
			return e.node
		}
	}
	child := &node{}
	n.literals = append(n.literals, edge{text, child})
	if len(n.literals) >= manyLiterals {
		n.index = make(map[string]*node, len(n.literals))
		for _, e := range n.literals {
			n.index[e.text] = e.node
		}
	}
	return child
}

func (n *node) branch(s segment) *branch {
	switch s.kind {
	case plain:
		return n.plain
	case rest:
		return n.rest
	}
	for _, b := range n.typed {
		if b.conv == s.conv {
			return b
		}
	}
	return nil
}

func (n *node) grow(s segment, text, where string) *branch {
	b := &branch{name: s.text, conv: s.conv, where: where, text: text, node: &node{}}
	switch s.kind {
	case plain:
		n.plain = b
	case rest:
		n.rest = b
	default:
		n.typed = append(n.typed, b)
		slices.SortFunc(n.typed, func(a, b *branch) int { return a.conv.rank - b.conv.rank })
	}
	return b
}

// search is one walk through the tree.
type search struct {
	method string
	flip   bool      // look for the other slash form of the path
	allow  *[]string // collect the methods of all leaves instead of stopping at one
	params *Params
	leaf   *leaf
	entry  int
}

// walk follows left, what is left of the path: empty, or beginning with a
// slash. depth counts the parameters so far. It reports whether it found an
// entry.
func (s *search) walk(n *node, left string, depth int) bool {
	if len(left) <= 1 {
		return s.end(n, left != "", depth)
	}
	text := left[1:]
	after := ""
	if i := strings.IndexByte(text, '/'); i >= 0 {
		text, after = text[:i], text[i:]
	}
	if text == "" {
		return false
	}
	if child := n.child(text); child != nil && s.walk(child, after, depth) {
		return true
	}
	for _, b := range n.typed {
		if b.conv.Match(text) && s.walk(b.node, after, depth+1) {
			s.params.values[depth] = text
			return true
		}
	}
	if n.plain != nil && s.walk(n.plain.node, after, depth+1) {
		s.params.values[depth] = text
		return true
	}
	if n.rest != nil && !strings.Contains(left, "//") && s.take(n.rest.node.bare) {
		s.params.values[depth] = left[1:]
		return true
	}
	return false
}

// end is walk where the path ends, with a slash or without.
func (s *search) end(n *node, slash bool, depth int) bool {
	if slash == s.flip {
		return s.take(n.bare)
	}
	if s.take(n.slash) {
		return true
	}
	if n.rest != nil && s.take(n.rest.node.bare) {
		s.params.values[depth] = ""
		return true
	}
	return false
}

// take ends the search at a leaf that has the method.
func (s *search) take(l *leaf) bool {
	if l == nil {
		return false
	}
	if s.allow != nil {
		for _, m := range l.methods {
			*s.allow = append(*s.allow, m.name)
		}
		return false
	}
	if s.entry = l.find(s.method); s.entry < 0 {
		return false
	}
	s.leaf = l
	return true
}

func (n *node) child(text string) *node {
	if n.index != nil {
		return n.index[text]
	}
	for i := range n.literals {
		if n.literals[i].text == text {
			return n.literals[i].node
		}
	}
	return nil
}
