package compile

import (
	"reflect"
	"strings"
	"text/template/parse"
)

// literal returns the value of a literal where no type is asked for. ok is
// false for other nodes and for numbers that do not fit.
func (c *compiler) literal(n parse.Node) (v reflect.Value, ok bool) {
	switch n := n.(type) {
	case *parse.BoolNode:
		return reflect.ValueOf(n.True), true
	case *parse.StringNode:
		return reflect.ValueOf(n.Text), true
	case *parse.NumberNode:
		return number(n)
	}
	return reflect.Value{}, false
}

// number follows text/template: the way in which a number is written decides
// its type.
func number(n *parse.NumberNode) (v reflect.Value, ok bool) {
	switch {
	case n.IsComplex:
		return reflect.ValueOf(n.Complex128), true
	case n.IsFloat && !isHex(n.Text) && !strings.HasPrefix(n.Text, "'") && strings.ContainsAny(n.Text, ".eEpP"):
		return reflect.ValueOf(n.Float64), true
	case n.IsInt:
		i := int(n.Int64)
		return reflect.ValueOf(i), int64(i) == n.Int64
	}
	return reflect.Value{}, false
}

func isHex(s string) bool {
	return len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && !strings.ContainsAny(s, "pP")
}

// literalAs returns the value of a literal as an argument of a parameter of
// type t. ok is false if text/template would refuse it.
func (c *compiler) literalAs(n parse.Node, t reflect.Type) (v reflect.Value, ok bool) {
	if _, isNil := n.(*parse.NilNode); isNil {
		return reflect.Zero(t), canBeNil(t)
	}
	if t == valueType {
		v, ok := c.literal(n)
		return reflect.ValueOf(v), ok
	}
	v = reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return v, false
		}
		return c.literal(n)
	case reflect.Bool:
		if n, ok := n.(*parse.BoolNode); ok {
			v.SetBool(n.True)
			return settled(v), true
		}
	case reflect.String:
		if n, ok := n.(*parse.StringNode); ok {
			v.SetString(n.Text)
			return settled(v), true
		}
	default:
		if n, ok := n.(*parse.NumberNode); ok && setNumber(v, n) {
			return settled(v), true
		}
	}
	return v, false
}

func setNumber(v reflect.Value, n *parse.NumberNode) bool {
	switch {
	case v.CanInt() && n.IsInt:
		v.SetInt(n.Int64)
	case v.CanUint() && n.IsUint:
		v.SetUint(n.Uint64)
	case v.CanFloat() && n.IsFloat:
		v.SetFloat(n.Float64)
	case v.CanComplex() && n.IsComplex:
		v.SetComplex(n.Complex128)
	default:
		return false
	}
	return true
}

// settled returns v as nobody can change it.
func settled(v reflect.Value) reflect.Value { return reflect.ValueOf(v.Interface()) }
