package compile

import (
	"text/template/parse"
)

// constant is a literal.
type constant struct{ v value }

func (c constant) eval(*state) value { return c.v }

// dot is {{.}}.
type dot struct{}

func (dot) eval(st *state) value { return st.dot }

// variable is {{$x}}.
type variable struct{ slot int }

func (v variable) eval(st *state) value { return st.vars[st.base+v.slot] }

// failing is what html/template refuses whenever it is evaluated.
type failing struct {
	at     spot
	reason string
}

func (f failing) eval(*state) value {
	bail(f.at, "%s", f.reason)
	return value{}
}

// dug is an expression whose interface{} is opened, as a pipeline does.
type dug struct{ expr }

func (d dug) eval(st *state) value { return d.expr.eval(st).dig() }

// kept evaluates before, keeps it in a variable that no template can name, and
// goes on: the value that is piped into a command is made before those of its
// arguments.
type kept struct {
	before expr
	slot   int
	then   expr
}

func (k kept) eval(st *state) value {
	v := k.before.eval(st)
	st.vars[st.base+k.slot] = v
	return k.then.eval(st)
}

// declaring compiles a pipeline and returns the slots of the variables that it
// declares or assigns.
func (c *compiler) declaring(p *parse.PipeNode) (expr, []int) {
	e := c.commands(p.Cmds)
	return e, c.variables(p)
}

func (c *compiler) variables(p *parse.PipeNode) []int {
	var slots []int
	for _, v := range p.Decl {
		if !p.IsAssign {
			slots = append(slots, c.declare(v.Ident[0]))
			continue
		}
		slot, ok := c.slot(v.Ident[0])
		if !ok {
			c.leave(v, "variable %s is not declared here", v.Ident[0])
			continue
		}
		slots = append(slots, slot)
	}
	return slots
}

// nested compiles a pipeline in parentheses.
func (c *compiler) nested(p *parse.PipeNode) expr {
	if len(p.Decl) > 0 {
		// Whether it exists afterwards may depend on a short circuit before it.
		c.leave(p, "variable %s is declared inside of an expression", p.Decl[0].Ident[0])
		c.variables(p)
	}
	return c.commands(p.Cmds)
}

// commands compiles commands that are piped into each other.
func (c *compiler) commands(cmds []*parse.CommandNode) expr {
	var e expr
	for _, cmd := range cmds {
		e = dig(c.command(cmd, e))
	}
	return e
}

// dig opens what may be an interface{}.
func dig(e expr) expr {
	switch e := e.(type) {
	case constant, dug, failing:
		return e
	case *chain:
		e.digs = true
		return e
	case *funcCall:
		e.digs = true
		return e
	}
	return dug{e}
}

// command compiles one command; final is what is piped into it, or nil.
func (c *compiler) command(cmd *parse.CommandNode, final expr) expr {
	at := c.where(cmd.Args[0])
	alone := len(cmd.Args) == 1 && final == nil
	switch n := cmd.Args[0].(type) {
	case *parse.FieldNode:
		return c.chain(dot{}, n, n.Ident, cmd.Args[1:], final)
	case *parse.ChainNode:
		return c.chain(c.operand(n.Node), n, n.Field, cmd.Args[1:], final)
	case *parse.IdentifierNode:
		return c.function(n.Ident, cmd, cmd.Args[1:], final)
	case *parse.VariableNode:
		e := c.variable(n)
		if len(n.Ident) > 1 {
			return c.chain(e, n, n.Ident[1:], cmd.Args[1:], final)
		}
		if alone {
			return e
		}
	case *parse.NilNode:
		return failing{at, "nil is not a command"}
	case *parse.PipeNode:
		if alone {
			return c.nested(n)
		}
	case *parse.DotNode:
		if alone {
			return dot{}
		}
	default:
		if v, ok := c.literal(n); ok && alone {
			return constant{unboxed(v)}
		} else if !ok {
			return failing{at, "can't evaluate the command"}
		}
	}
	return failing{at, "can't give an argument to what is no function"}
}

func (c *compiler) variable(n *parse.VariableNode) expr {
	slot, ok := c.slot(n.Ident[0])
	if !ok {
		c.leave(n, "variable %s is not declared here", n.Ident[0])
	}
	return variable{slot}
}

// operand compiles a node that stands for a value without a type to reach.
func (c *compiler) operand(n parse.Node) expr {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot{}
	case *parse.FieldNode:
		return c.chain(dot{}, n, n.Ident, nil, nil)
	case *parse.VariableNode:
		e := c.variable(n)
		if len(n.Ident) > 1 {
			return c.chain(e, n, n.Ident[1:], nil, nil)
		}
		return e
	case *parse.PipeNode:
		return c.nested(n)
	case *parse.IdentifierNode:
		return c.function(n.Ident, n, nil, nil)
	case *parse.ChainNode:
		return c.chain(c.operand(n.Node), n, n.Field, nil, nil)
	}
	return failing{c.where(n), "can't evaluate the operand"}
}

// simple reports whether evaluating e early or late makes no difference.
func simple(e expr) bool {
	switch e.(type) {
	case constant, dot, variable:
		return true
	}
	return false
}
