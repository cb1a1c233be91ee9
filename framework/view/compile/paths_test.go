package compile_test

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// path is a way from a type to one of its members: ".Leaf.Next".
type path struct {
	text string
	typ  reflect.Type
	trap bool // it ends in an error for some or all data
}

// traps are members that fail by design.
var traps = []string{"Panics", "PanicsErr", "secret", "hidden", "Deref", "BadJ"}

var pathsByType sync.Map

// paths returns the ways of at most two steps from t, without t itself.
func paths(t reflect.Type) []path {
	if known, ok := pathsByType.Load(t); ok {
		return known.([]path)
	}
	var all []path
	for _, first := range members(t) {
		all = append(all, first)
		for _, second := range members(first.typ) {
			second.text = first.text + second.text
			second.trap = second.trap || first.trap
			all = append(all, second)
		}
	}
	pathsByType.Store(t, all)
	return all
}

// members are the fields, the methods without parameters and some keys of t.
func members(t reflect.Type) []path {
	var found []path
	add := func(name string, typ reflect.Type) {
		found = append(found, path{"." + name, typ, slices.Contains(traps, name)})
	}
	for i := range t.NumMethod() {
		m := t.Method(i)
		params := m.Type.NumIn()
		if t.Kind() != reflect.Interface {
			params--
		}
		if params == 0 && (m.Type.NumOut() == 1 || m.Type.NumOut() == 2 && m.Type.Out(1) == reflect.TypeFor[error]()) && !strings.HasPrefix(m.Name, "Marshal") {
			add(m.Name, m.Type.Out(0))
		}
	}
	if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			if f.IsExported() {
				add(f.Name, f.Type)
			}
		}
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && t.Key() == reflect.TypeFor[string]():
		for _, k := range append(mapKeys, "none") {
			add(k, t.Elem())
		}
	}
	return found
}

// methodsWithArgs are the methods of t that have parameters.
func methodsWithArgs(t reflect.Type) []reflect.Method {
	var found []reflect.Method
	if t.Kind() == reflect.Interface {
		return nil
	}
	for i := range t.NumMethod() {
		m := t.Method(i)
		out := m.Type.NumOut()
		if m.Type.NumIn() > 1 && (out == 1 || out == 2 && m.Type.Out(1) == reflect.TypeFor[error]()) && !strings.HasPrefix(m.Name, "Unmarshal") && !strings.HasPrefix(m.Name, "Append") {
			found = append(found, m)
		}
	}
	return found
}
