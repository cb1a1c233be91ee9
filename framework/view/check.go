package view

import (
	"errors"
	"text/template/parse"
)

// Call is one call of a function in a template, as [Set.Check] shows it to a
// [Checker].
type Call struct {
	Place
	Func string
	// Name is the first argument if it is a string literal.
	Name    string
	Literal bool
	// Args counts the arguments after the first one, a piped one included.
	Args int
}

// Checker judges a call of a function: it returns what is wrong with it, or
// nil. Checks of names that a template may use (routes, assets, messages) are
// made of these.
type Checker func(Call) error

// Check looks for everything that can be known to be wrong before a request:
// syntax, layouts, templates and blocks that do not exist, contexts that
// html/template cannot escape, and what the checkers (by function name) find.
// All faults come in one error, which is nil if there are none; each of those
// with a place is an [*Error]. No function of the templates is run.
func (s *Set) Check(checkers map[string]Checker) error {
	lib := s.library()
	var found faults
	for _, err := range lib.faults {
		found.add(err)
	}
	for _, f := range lib.files {
		if f.err != nil {
			found.add(f.err)
			continue
		}
		found.add(checkCalls(f, checkers))
	}
	for _, name := range lib.pageNames() {
		found.add(s.checkPage(lib.pages[name]))
	}
	return errors.Join(found.list...)
}

// checkPage builds the page, escapes it and compiles it.
func (s *Set) checkPage(p *page) error {
	if err := p.build(s.funcs); err != nil {
		return err
	}
	return p.compiled(&s.maker).err
}

// checkCalls shows every function call of the file to its checker.
func checkCalls(f *file, checkers map[string]Checker) error {
	var found faults
	trees := []*parse.Tree{f.body}
	for _, name := range sortedKeys(f.defs) {
		trees = append(trees, f.defs[name])
	}
	for _, tree := range trees {
		walk(tree.Root, func(node parse.Node) {
			pipe, ok := node.(*parse.PipeNode)
			if !ok {
				return
			}
			for i, cmd := range pipe.Cmds {
				call, ok := callOf(tree, cmd, i > 0)
				if check := checkers[call.Func]; ok && check != nil {
					if err := check(call); err != nil {
						found.add(&Error{Place: call.Place, Message: err.Error(), Err: err, Source: f.source})
					}
				}
			}
		})
	}
	return errors.Join(found.list...)
}

// callOf reads a command as a call of a function.
func callOf(tree *parse.Tree, cmd *parse.CommandNode, piped bool) (Call, bool) {
	fn, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok {
		return Call{}, false
	}
	call := Call{Place: placeOf(tree, cmd), Func: fn.Ident}
	rest := cmd.Args[1:]
	if len(rest) > 0 {
		if lit, ok := rest[0].(*parse.StringNode); ok {
			call.Name, call.Literal = lit.Text, true
		}
	}
	call.Args = len(rest) - 1
	if piped {
		call.Args++
	}
	call.Args = max(call.Args, 0)
	return call, true
}

// faults collects errors, each text once: a broken layout breaks many pages.
type faults struct {
	list []error
	seen map[string]bool
}

func (f *faults) add(err error) {
	if err == nil {
		return
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			f.add(one)
		}
		return
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	if text := err.Error(); !f.seen[text] {
		f.seen[text] = true
		f.list = append(f.list, err)
	}
}
