package compile

import (
	"fmt"
	"reflect"
	"text/template"
	"text/template/parse"
)

// computed is an expression that is a function of the render.
type computed func(st *state) value

func (f computed) eval(st *state) value { return f(st) }

// builtin compiles a call of one of text/template's own functions.
func (c *compiler) builtin(name string, n parse.Node, args []parse.Node, final expr) expr {
	if fn := printing(name); fn != nil {
		return c.withArguments(n, args, final, true, func(a *arguments) expr { return funcCallOf(name, Func{Fn: fn}, a) })
	}
	build, ok := c.builders()[name]
	if !ok {
		c.leave(n, "function %q is unknown to the compiler", name)
		return constant{}
	}
	// What is piped into and and or is evaluated even if they stop before it.
	late := name != "and" && name != "or"
	return c.withArguments(n, args, final, late, func(a *arguments) expr {
		if e := build(name, a, a.operands()); e != nil {
			return e
		}
		return failing{a.at, "wrong arguments for " + name}
	})
}

// printing returns those that are ordinary functions.
func printing(name string) any {
	switch name {
	case "print":
		return fmt.Sprint
	case "printf":
		return fmt.Sprintf
	case "println":
		return fmt.Sprintln
	case "html":
		return template.HTMLEscaper
	case "js":
		return template.JSEscaper
	case "urlquery":
		return template.URLQueryEscaper
	case "_eval_args_":
		return evalArgs
	}
	return nil
}

// evalArgs is what html/template makes of the arguments of {{html a b}}.
func evalArgs(args ...any) string {
	for i, arg := range args {
		args[i] = printable(arg)
	}
	return fmt.Sprint(args...)
}

// printable follows pointers up to what knows how to print itself.
func printable(v any) any {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		switch r.Interface().(type) {
		case fmt.Stringer, error:
			return r.Interface()
		}
		r = r.Elem()
	}
	if !r.IsValid() {
		return nil
	}
	return r.Interface()
}

// operands returns how to get the arguments for parameters of type
// reflect.Value, as most builtins have them; nil if a literal is none.
func (a *arguments) operands() []expr {
	list := make([]expr, 0, len(a.list))
	for _, arg := range a.list {
		if arg.lit == nil {
			list = append(list, operandExpr{arg.e, arg.at})
			continue
		}
		if _, isNil := arg.lit.(*parse.NilNode); isNil {
			list = append(list, constant{})
			continue
		}
		v, ok := arg.c.literal(arg.lit)
		if !ok {
			return nil
		}
		list = append(list, constant{unboxed(v)})
	}
	return list
}

// operandExpr is an expression whose value a builtin gets as its reflect.Value.
type operandExpr struct {
	expr
	at spot
}

func (o operandExpr) eval(st *state) value {
	v := o.expr.eval(st)
	if v.kind == reflected && v.any.IsValid() && v.any.Type() == valueType {
		// Whether it is taken for the value inside depends on where it came from.
		bail(o.at, "the data is a reflect.Value")
	}
	return v
}

// builder compiles a builtin. It returns nil if the arguments do not fit.
type builder func(name string, a *arguments, x []expr) expr

func (c *compiler) builders() map[string]builder {
	return map[string]builder{
		"and": shortCircuit, "or": shortCircuit, "not": not,
		"eq": comparison, "ne": comparison, "lt": comparison, "le": comparison, "gt": comparison, "ge": comparison,
		"len": length, "index": indexing, "slice": slicing, "call": calling,
	}
}

func shortCircuit(name string, _ *arguments, x []expr) expr {
	if len(x) == 0 {
		return nil
	}
	ends := name == "or"
	return computed(func(st *state) (v value) {
		for _, e := range x {
			v = e.eval(st)
			if truth, _ := v.truth(); truth == ends {
				break
			}
		}
		return v
	})
}

func not(_ string, _ *arguments, x []expr) expr {
	if len(x) != 1 {
		return nil
	}
	e := x[0]
	return computed(func(st *state) value {
		truth, _ := e.eval(st).truth()
		return booleanOf(!truth)
	})
}

func comparison(name string, a *arguments, x []expr) expr {
	compare, at := compareBy(name), a.at
	switch {
	case len(x) == 2:
		first, second := x[0], x[1]
		return computed(func(st *state) value {
			left := operandOf(first.eval(st))
			truth, ok := compare(left, operandOf(second.eval(st)))
			if !ok {
				bail(at, "incompatible types for comparison")
			}
			return booleanOf(truth)
		})
	case len(x) < 2 || name != "eq":
		return nil
	}
	// eq a b c…: all are evaluated, then compared until one is equal.
	return computed(func(st *state) value {
		list := make([]operand, len(x))
		for i, e := range x {
			list[i] = operandOf(e.eval(st))
		}
		for _, other := range list[1:] {
			truth, ok := equal(list[0], other)
			if !ok {
				bail(at, "incompatible types for comparison")
			}
			if truth {
				return booleanOf(true)
			}
		}
		return booleanOf(false)
	})
}

func length(_ string, a *arguments, x []expr) expr {
	if len(x) != 1 {
		return nil
	}
	e, at := x[0], a.at
	return computed(func(st *state) value {
		v := e.eval(st)
		if v.kind == text || v.kind == markup {
			return integerOf(len(v.str()))
		}
		item, isNil := indirect(v.reflect())
		if isNil {
			bail(at, "len of nil pointer")
		}
		switch item.Kind() {
		case reflect.Array, reflect.Chan, reflect.Map, reflect.Slice, reflect.String:
			return integerOf(item.Len())
		}
		bail(at, "len of a value without a length")
		return value{}
	})
}
