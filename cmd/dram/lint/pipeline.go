package lint

import (
	"go/types"
	"text/template/parse"
)

// pipe returns what a pipeline yields.
func (c *typer) pipe(s *scope, dot value, pipe *parse.PipeNode) value {
	v := unknown
	for i, cmd := range pipe.Cmds {
		v = c.command(s, dot, cmd, v, i > 0)
	}
	return v
}

// command returns what a command yields; piped is set when the value of the
// command before it is its last argument.
func (c *typer) command(s *scope, dot value, cmd *parse.CommandNode, final value, piped bool) value {
	given := make([]value, 0, len(cmd.Args))
	for _, arg := range cmd.Args[1:] {
		given = append(given, c.argument(s, dot, arg))
	}
	if piped {
		given = append(given, final)
	}
	if fn, ok := cmd.Args[0].(*parse.IdentifierNode); ok {
		return c.call(s, fn, given)
	}
	return c.operand(s, dot, cmd.Args[0], len(given))
}

// argument returns what an argument is; a function is called.
func (c *typer) argument(s *scope, dot value, arg parse.Node) value {
	if fn, ok := arg.(*parse.IdentifierNode); ok {
		return c.call(s, fn, nil)
	}
	return c.operand(s, dot, arg, 0)
}

// operand returns what a value is that is no function; its last method takes
// so many arguments.
func (c *typer) operand(s *scope, dot value, node parse.Node, args int) value {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return c.path(s, dot, n.Ident, n.Position(), fieldsBegin(n.Ident, int(n.Position())), args)
	case *parse.VariableNode:
		begin := int(n.Position())
		return c.path(s, s.lookup(n.Ident[0]), n.Ident[1:], n.Position(), begin, args)
	case *parse.ChainNode:
		return c.path(s, c.argument(s, dot, n.Node), n.Field, n.Position(), int(n.Position()), args)
	case *parse.PipeNode:
		v := c.pipe(s, dot, n)
		c.declare(s, n, v)
		return v
	case *parse.StringNode:
		return of(types.Typ[types.String], false)
	case *parse.BoolNode:
		return of(types.Typ[types.Bool], false)
	case *parse.NumberNode:
		switch {
		case n.IsInt:
			return of(types.Typ[types.Int], false)
		case n.IsFloat:
			return of(types.Typ[types.Float64], false)
		}
	}
	return unknown
}

// fieldsBegin returns where .A.B.C begins: the position of such a node is that
// of its second field, if it has one.
func fieldsBegin(idents []string, pos int) int {
	if len(idents) > 1 {
		return pos - len("."+idents[0])
	}
	return pos
}

// path follows the fields of v, the first of which stands at offset begin.
func (c *typer) path(s *scope, v value, names []string, pos parse.Pos, begin, args int) value {
	for i, name := range names {
		given := 0
		if i == len(names)-1 {
			given = args
		}
		next, wrong := v.member(name, given)
		if wrong != "" {
			c.report(s.tree, c.place(s.tree, name, begin, int(pos)), "."+name+": "+wrong)
			return unknown
		}
		v = next
		begin += len("." + name)
	}
	return v
}

// place returns where .name stands: at offset begin, or as good as that is
// known.
func (c *typer) place(tree *parse.Tree, name string, begin, pos int) int {
	source := c.source(tree.ParseName)
	if end := begin + len("."+name); begin >= 0 && end <= len(source) && source[begin:end] == "."+name {
		return begin
	}
	return pos
}

// call returns what a function yields.
func (c *typer) call(s *scope, fn *parse.IdentifierNode, given []value) value {
	switch fn.Ident {
	case "and", "or":
		return common(given)
	case "index":
		return indexed(given)
	case "slice":
		return sliced(given)
	case "call":
		if len(given) > 0 && given[0].typ != nil {
			if sig, ok := given[0].typ.Underlying().(*types.Signature); ok {
				return result(sig)
			}
		}
		return unknown
	}
	if t, ok := builtins[fn.Ident]; ok {
		return of(t, false)
	}
	sig := c.funcs[fn.Ident]
	if sig == nil {
		return unknown
	}
	if wrong := badCall(sig, fn.Ident, len(given)); wrong != "" {
		c.report(s.tree, int(fn.Position()), wrong)
		return unknown
	}
	return result(sig)
}

// common returns what all values are: one of them is chosen at run time.
func common(values []value) value {
	if len(values) == 0 {
		return unknown
	}
	settable := false
	for _, v := range values {
		if v.typ == nil || !types.Identical(v.typ, values[0].typ) {
			return unknown
		}
		settable = settable || v.settable
	}
	return value{values[0].typ, settable}
}

// indexed returns what {{index x 1 "k"}} yields.
func indexed(given []value) value {
	if len(given) == 0 {
		return unknown
	}
	v := given[0]
	for range given[1:] {
		v = v.indirect()
		if v.typ == nil {
			return unknown
		}
		switch u := v.typ.Underlying().(type) {
		case *types.Slice:
			v = of(u.Elem(), true)
		case *types.Array:
			v = of(u.Elem(), v.settable)
		case *types.Map:
			v = of(u.Elem(), false)
		case *types.Basic:
			return of(types.Typ[types.Uint8], false)
		default:
			return unknown
		}
	}
	return v
}

// sliced returns what {{slice x 1 2}} yields.
func sliced(given []value) value {
	if len(given) == 0 {
		return unknown
	}
	v := given[0].indirect()
	if v.typ == nil {
		return unknown
	}
	switch u := v.typ.Underlying().(type) {
	case *types.Slice:
		return value{v.typ, false}
	case *types.Array:
		return of(types.NewSlice(u.Elem()), false)
	case *types.Basic:
		return of(types.Typ[types.String], false)
	}
	return unknown
}

// eachPipe visits the pipelines of node and of all below it, those in
// parentheses included.
func eachPipe(node parse.Node, visit func(*parse.PipeNode)) {
	branch := func(b *parse.BranchNode) {
		eachPipe(b.Pipe, visit)
		eachPipe(b.List, visit)
		if b.ElseList != nil {
			eachPipe(b.ElseList, visit)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			eachPipe(child, visit)
		}
	case *parse.ActionNode:
		eachPipe(n.Pipe, visit)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			eachPipe(n.Pipe, visit)
		}
	case *parse.ChainNode:
		eachPipe(n.Node, visit)
	case *parse.PipeNode:
		visit(n)
		for _, cmd := range n.Cmds {
			for _, arg := range cmd.Args {
				eachPipe(arg, visit)
			}
		}
	}
}
