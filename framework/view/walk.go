package view

import "text/template/parse"

// walk calls visit for node and everything below it.
func walk(node parse.Node, visit func(parse.Node)) {
	visit(node)
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			walk(child, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *parse.PipeNode:
		for _, cmd := range n.Cmds {
			walk(cmd, visit)
		}
	case *parse.CommandNode:
		for _, arg := range n.Args {
			walk(arg, visit)
		}
	case *parse.ChainNode:
		walk(n.Node, visit)
	}
}

func walkBranch(n *parse.BranchNode, visit func(parse.Node)) {
	walk(n.Pipe, visit)
	walk(n.List, visit)
	if n.ElseList != nil {
		walk(n.ElseList, visit)
	}
}

// eachCall visits every {{template "name"}} of the tree, {{block}} included.
func eachCall(tree *parse.Tree, visit func(*parse.TemplateNode)) {
	walk(tree.Root, func(node parse.Node) {
		if call, ok := node.(*parse.TemplateNode); ok {
			visit(call)
		}
	})
}

// reachable returns root and the names it calls, directly or through others,
// in the order in which they are met. Names without a tree are left out.
func reachable(root string, trees map[string]*parse.Tree) []string {
	seen := map[string]bool{root: true}
	names := []string{root}
	for i := 0; i < len(names); i++ {
		eachCall(trees[names[i]], func(call *parse.TemplateNode) {
			if !seen[call.Name] && trees[call.Name] != nil {
				seen[call.Name] = true
				names = append(names, call.Name)
			}
		})
	}
	return names
}
