package compile

import (
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// compiler turns the trees of one page into nodes.
type compiler struct {
	set     *template.Template
	funcs   map[string]Func
	bodies  map[string]*body
	program *Program

	// Of the template in work:
	tree  *parse.Tree
	name  string
	scope []string // the names of its variables, by slot
	seen  []int    // the slots that can be named here, the innermost last
}

// body is one template. Those that call each other refer to it before it is
// complete.
type body struct {
	nodes list
	slots int
}

// run writes the template with st.dot as its dot.
func (b *body) run(st *state) {
	before := st.enter(b.slots)
	st.vars[st.base] = st.dot
	b.nodes.run(st)
	st.leave(before)
}

// template compiles the template of that name, once.
func (c *compiler) template(name string) *body {
	if b, ok := c.bodies[name]; ok {
		return b
	}
	t := c.set.Lookup(name)
	if t == nil || t.Tree == nil || t.Root == nil {
		return nil
	}
	b := &body{}
	c.bodies[name] = b
	own := *c
	own.tree, own.name, own.scope, own.seen = t.Tree, name, nil, nil
	own.declare("$")
	b.nodes = own.list(t.Root)
	b.slots = len(own.scope)
	return b
}

// declare gives a new variable its slot.
func (c *compiler) declare(name string) int {
	slot := len(c.scope)
	c.scope = append(c.scope, name)
	c.seen = append(c.seen, slot)
	return slot
}

// slot finds the variable that the name means here.
func (c *compiler) slot(name string) (int, bool) {
	for i := len(c.seen) - 1; i >= 0; i-- {
		if slot := c.seen[i]; c.scope[slot] == name {
			return slot, true
		}
	}
	return 0, false
}

// where returns the place of a node in its file, columns counted from 1. The
// parser counts them from 0.
func (c *compiler) where(n parse.Node) spot {
	tree, name := c.tree, c.name
	return func() string {
		location, _ := tree.ErrorContext(n)
		colon := strings.LastIndexByte(location, ':')
		if colon <= 0 || location[0] == ':' {
			return name
		}
		column, _ := strconv.Atoi(location[colon+1:])
		return fmt.Sprintf("%s:%d", location[:colon], column+1)
	}
}

// leave notes that a node cannot be compiled. What is returned is never run.
func (c *compiler) leave(n parse.Node, format string, args ...any) {
	c.program.leave(c.where(n)(), fmt.Sprintf(format, args...))
}

func (c *compiler) list(l *parse.ListNode) list {
	if l == nil {
		return nil
	}
	var nodes list
	var static []byte
	for _, n := range l.Nodes {
		if t, ok := n.(*parse.TextNode); ok {
			static = append(static, t.Text...)
			continue
		}
		nodes, static = appendText(nodes, static), nil
		if compiled := c.node(n); compiled != nil {
			nodes = append(nodes, compiled)
		}
	}
	return appendText(nodes, static)
}

func appendText(nodes list, static []byte) list {
	if len(static) == 0 {
		return nodes
	}
	return append(nodes, func(st *state) control {
		st.out = append(st.out, static...)
		return onward
	})
}

func (c *compiler) node(n parse.Node) node {
	switch n := n.(type) {
	case *parse.ActionNode:
		return c.action(n)
	case *parse.IfNode:
		return c.branch(&n.BranchNode, false)
	case *parse.WithNode:
		return c.branch(&n.BranchNode, true)
	case *parse.RangeNode:
		return c.ranging(n)
	case *parse.TemplateNode:
		return c.invoke(n)
	case *parse.BreakNode:
		return func(*state) control { return breaks }
	case *parse.ContinueNode:
		return func(*state) control { return continues }
	case *parse.CommentNode:
		return nil
	}
	c.leave(n, "%T is unknown to the compiler", n)
	return nil
}

// branch compiles if and with. Variables of the pipeline and of both lists end
// with it.
func (c *compiler) branch(n *parse.BranchNode, with bool) node {
	defer c.forget(len(c.seen))
	cond, slots := c.declaring(n.Pipe)
	mark := len(c.seen)
	then := c.list(n.List)
	c.forget(mark)
	otherwise := c.list(n.ElseList)
	at := c.where(n)
	return func(st *state) control {
		v := cond.eval(st)
		st.assign(slots, v)
		truth, ok := v.truth()
		if !ok {
			bail(at, "if and with cannot use the value")
		}
		if !truth {
			return otherwise.run(st)
		}
		if !with {
			return then.run(st)
		}
		outer := st.dot
		st.dot = v
		end := then.run(st)
		st.dot = outer
		return end
	}
}

// forget ends the variables that were declared since there were n.
func (c *compiler) forget(n int) { c.seen = c.seen[:n] }

func (st *state) assign(slots []int, v value) {
	for _, slot := range slots {
		st.vars[st.base+slot] = v
	}
}

// invoke compiles {{template}}, which block is as well.
func (c *compiler) invoke(n *parse.TemplateNode) node {
	var arg expr = constant{}
	var slots []int
	if n.Pipe != nil {
		arg, slots = c.declaring(n.Pipe)
	}
	called := c.template(n.Name)
	if called == nil {
		c.leave(n, "there is no template %q", n.Name)
		return nil
	}
	at := c.where(n)
	return func(st *state) control {
		v := arg.eval(st)
		st.assign(slots, v)
		if st.depth == maxDepth {
			bail(at, "templates call each other %d times deep", maxDepth)
		}
		outer := st.dot
		st.dot = v
		st.depth++
		called.run(st)
		st.depth--
		st.dot = outer
		return onward
	}
}
