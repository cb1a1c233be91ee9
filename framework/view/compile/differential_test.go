package compile_test

import (
	"encoding/binary"
	"html/template"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
)

// TestAnyPages is a short run of FuzzPages, with the same pages each time,
// that also sees to it that pages are compiled and succeed: a comparison of
// errors proves little.
func TestAnyPages(t *testing.T) {
	pages, good, alone := 0, 0, 0
	for i := range uint32(500) {
		seed := binary.BigEndian.AppendUint32(nil, i)
		p, data := anyPair(t, seed, seed)
		pages++
		if reference(p.set, data).err == "" {
			good++
			if _, ok := p.own.render(data); ok {
				alone++
			}
		}
	}
	t.Logf("%d pages, %d without an error, %d of them by the compiled page", pages, good, alone)
	if good < pages/3 || alone < good*9/10 {
		t.Errorf("of %d pages %d have no error, and the compiled page gives %d of them", pages, good, alone)
	}
}

// anyPair makes a page of shape and data of values, and compares.
func anyPair(t *testing.T, shape, values []byte) (*engines, any) {
	text, root := anyPage(newChoices(shape, 400))
	p, err := newEngines(text, oracleFuncs())
	if err != nil {
		t.Fatalf("the page does not parse: %v\n%s", err, text)
	}
	data := anyData(newChoices(values, 3000), root)
	p.check(t, row{text, either, wrapped(data)})
	// The same page again, and with data of other types: caches are warm, and wrong.
	for i := range byte(3) {
		c := newChoices(append([]byte{i}, values...), 1000)
		other := anyData(c, roots[c.n(len(roots))])
		p.check(t, row{text, either, wrapped(other)})
		p.check(t, row{text, either, wrapped(data)})
		if t.Failed() {
			break
		}
	}
	return p, data
}

// FuzzPages compares the engines on pages that a grammar makes of bytes, with
// data made of bytes.
func FuzzPages(f *testing.F) {
	for i := range byte(20) {
		f.Add([]byte{i}, []byte{i})
	}
	f.Fuzz(func(t *testing.T, shape, values []byte) { anyPair(t, shape, values) })
}

// FuzzText compares the engines on whatever parses.
func FuzzText(f *testing.F) {
	for _, text := range seeds() {
		f.Add(text)
	}
	s := newShop()
	f.Fuzz(func(t *testing.T, text string) {
		p, err := newEngines(text, oracleFuncs())
		if err != nil || endless(p.set) {
			return
		}
		p.check(t, row{text, either, s})
		p.check(t, row{text, either, *s})
		p.check(t, row{text, either, s.MAny})
		p.check(t, row{text, either, s.List})
		p.check(t, row{text, either, s})
	})
}

// seeds are templates of all kinds: those of the places and of pages.
func seeds() []string {
	all := slices.Clone(places)
	for i := range uint32(40) {
		text, _ := anyPage(newChoices(binary.BigEndian.AppendUint32(nil, i), 60))
		all = append(all, text)
	}
	for _, table := range [][]row{fieldRows(), methodRows(), branchRows(), variableRows(), rangeRows(), comparisonRows(), logicRows(), indexRows(), printRows(), functionRows(), templateRows()} {
		for _, r := range table {
			if r.data == nil {
				all = append(all, r.text)
			}
		}
	}
	return all
}

// endless says of a page that it may run too long to compare: a fuzzer finds
// nested loops and templates that call themselves soon.
func endless(set *template.Template) bool {
	loops, large := 0, false
	calls := map[string][]string{}
	for _, t := range set.Templates() {
		if t.Tree == nil {
			continue
		}
		inspect(t.Tree.Root, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.RangeNode:
				loops++
			case *parse.NumberNode:
				large = large || n.Int64 > 50 || n.Float64 > 50 && n.IsInt
			case *parse.StringNode:
				large = large || strings.Contains(n.Text, "%") && strings.ContainsAny(n.Text, "0123456789*")
			case *parse.TemplateNode:
				calls[t.Name()] = append(calls[t.Name()], n.Name)
			}
		})
	}
	return large || loops > 4 || cyclic(calls)
}

func cyclic(calls map[string][]string) bool {
	var visit func(name string, above []string) bool
	visit = func(name string, above []string) bool {
		if slices.Contains(above, name) || len(above) > 20 {
			return true
		}
		return slices.ContainsFunc(calls[name], func(next string) bool { return visit(next, append(above, name)) })
	}
	for name := range calls {
		if visit(name, nil) {
			return true
		}
	}
	return false
}

// inspect calls visit for n and what is below it.
func inspect(n parse.Node, visit func(parse.Node)) {
	visit(n)
	branch := func(b *parse.BranchNode) {
		inspect(b.Pipe, visit)
		inspect(b.List, visit)
		if b.ElseList != nil {
			inspect(b.ElseList, visit)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			inspect(child, visit)
		}
	case *parse.ActionNode:
		inspect(n.Pipe, visit)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			inspect(n.Pipe, visit)
		}
	case *parse.PipeNode:
		for _, cmd := range n.Cmds {
			inspect(cmd, visit)
		}
	case *parse.CommandNode:
		for _, arg := range n.Args {
			inspect(arg, visit)
		}
	case *parse.ChainNode:
		inspect(n.Node, visit)
	}
}

// FuzzValues puts one hostile text, as a value of every type that can hold it,
// into every place.
func FuzzValues(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, uint8(i))
	}
	var pairs []*engines
	for _, place := range places {
		p, err := newEngines(place, oracleFuncs())
		if err != nil {
			f.Fatal(err)
		}
		pairs = append(pairs, p)
	}
	f.Fuzz(func(t *testing.T, s string, as uint8) {
		v := valueOf(s, as)
		for i, p := range pairs {
			p.check(t, row{places[i], either, v})
		}
	})
}

// valueOf is s as a value of one of many types.
func valueOf(s string, as uint8) any {
	all := []func() any{
		func() any { return s }, func() any { return template.HTML(s) }, func() any { return template.HTMLAttr(s) }, func() any { return template.JS(s) }, func() any { return template.JSStr(s) },
		func() any { return template.CSS(s) }, func() any { return template.URL(s) }, func() any { return template.Srcset(s) }, func() any { return kind(s) }, func() any { return htmlNamed(s) }, func() any { return &s },
		func() any { return []byte(s) }, func() any { return []string{s, s} }, func() any { return map[string]string{s: s} }, func() any { return map[string]any{"a": s} }, func() any { return leaf{Name: s} },
		func() any { return speaking(s) }, func() any { return failing(s) }, func() any { return textual{s} }, func() any { return marshal{s} }, func() any { return tagged{A: s, D: []any{s}} },
		func() any { return ptr(template.HTML(s)) }, func() any { return ptr(any(s)) }, func() any { return []any{template.JS(s), s} }, func() any { return len(s) }, func() any { return ptr(ptr(s)) },
	}
	return all[int(as)%len(all)]()
}

type (
	speaking string // a Stringer that says what it is
	failing  string // an error
)

func (s speaking) String() string { return string(s) }
func (f failing) Error() string   { return string(f) }
