package compile

import (
	"reflect"
	"strings"
	"text/template/parse"

	"github.com/dram-go/dram/framework/view/escape"
)

// action is {{.X}}: a value and the escapers that html/template put behind it.
type action struct {
	e     expr
	chain *chain // e, if it is one
	esc   *escape.Escaper
	loose bool // what is escaped does not depend on how a named type is called
	forms cache[form]
}

// form is how to write values of one type.
type form func(a *action, st *state, v reflect.Value)

func (c *compiler) action(n *parse.ActionNode) node {
	if len(n.Pipe.Decl) > 0 {
		e, slots := c.declaring(n.Pipe)
		return func(st *state) control {
			st.assign(slots, e.eval(st))
			return onward
		}
	}
	cmds, esc := c.escapers(n.Pipe.Cmds)
	e := c.commands(cmds)
	if esc == nil {
		c.leave(n, "it is not escaped")
		return nil
	}
	a := &action{e: e, esc: esc, loose: !strings.Contains(esc.Name(), "jsval") && !strings.Contains(esc.Name(), "cssvalue")}
	if a.chain, _ = e.(*chain); a.chain != nil {
		return a.runChain
	}
	return a.run
}

// escapers parts the commands that the escaper added at the end, or that it
// took for its own, from the others.
func (c *compiler) escapers(cmds []*parse.CommandNode) ([]*parse.CommandNode, *escape.Escaper) {
	var found []*escape.Escaper
	for len(cmds) > 1 {
		last := cmds[len(cmds)-1]
		name, ok := last.Args[0].(*parse.IdentifierNode)
		if !ok || len(last.Args) > 1 {
			break
		}
		if _, ours := c.funcs[name.Ident]; ours {
			break
		}
		e, ok := escape.Named(name.Ident)
		if !ok {
			break
		}
		found = append([]*escape.Escaper{e}, found...)
		cmds = cmds[:len(cmds)-1]
	}
	if found == nil {
		return cmds, nil
	}
	return cmds, escape.Chain(found...)
}

func (a *action) run(st *state) control {
	a.write(st, a.e.eval(st))
	return onward
}

// runChain is run for a chain whose last name may know to write itself.
func (a *action) runChain(st *state) control {
	f, v := a.chain.holder(st)
	if v.kind != reflected || !v.any.IsValid() {
		a.write(st, f.of(st, v).dig())
		return onward
	}
	holder := f.holder(v.any)
	access := f.access(holder)
	if access.put != nil {
		access.put(st, holder, a.esc)
		return onward
	}
	a.write(st, access.get(st, holder).dig())
	return onward
}

// write escapes the value to the page.
func (a *action) write(st *state, v value) {
	switch v.kind {
	case text:
		st.out = a.esc.AppendString(st.out, v.str())
		return
	case integer, long:
		st.out = a.esc.AppendInt(st.out, v.num())
		return
	case boolean:
		st.out = a.esc.AppendBool(st.out, v.num() != 0)
		return
	case reflected:
		if v.any.IsValid() {
			f := a.forms.find(v.any)
			if f == nil {
				f = a.forms.add(v.any, a.form(v.any.Type()))
			}
			(*f)(a, st, v.any)
			return
		}
	}
	a.append(st, v.reflect())
}

// form chooses how to write values of type t.
func (a *action) form(t reflect.Type) form {
	plain := t.PkgPath() == "" || a.loose && t.NumMethod() == 0
	f := form((*action).append)
	switch {
	case !plain:
	case t.Kind() == reflect.String && t.PkgPath() != "html/template":
		f = func(a *action, st *state, v reflect.Value) { st.out = a.esc.AppendString(st.out, v.String()) }
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		f = func(a *action, st *state, v reflect.Value) { st.out = a.esc.AppendInt(st.out, v.Int()) }
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uintptr:
		f = func(a *action, st *state, v reflect.Value) { st.out = a.esc.AppendUint(st.out, v.Uint()) }
	case t.Kind() == reflect.Float64, t.Kind() == reflect.Float32:
		f = func(a *action, st *state, v reflect.Value) {
			st.out = a.esc.AppendFloat(st.out, v.Float(), v.Type().Bits())
		}
	case t.Kind() == reflect.Bool:
		f = func(a *action, st *state, v reflect.Value) { st.out = a.esc.AppendBool(st.out, v.Bool()) }
	}
	return f
}

// append leaves the type of the value to the escaper.
func (a *action) append(st *state, v reflect.Value) {
	var x any
	if v.IsValid() {
		x = v.Interface()
	}
	out, err := a.esc.Append(st.out, x)
	if err != nil {
		bail(func() string { return "" }, "escaping: %v", err)
	}
	st.out = out
}
