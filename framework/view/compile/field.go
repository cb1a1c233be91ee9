package compile

import (
	"reflect"
	"text/template/parse"

	"github.com/dram-go/dram/framework/view/escape"
)

// field is one name of a chain such as .Question.Subject: a field of a struct,
// a key of a map or a method, whatever the value before it has.
type field struct {
	name  string
	at    spot
	args  *arguments // of a method; nil if there are none
	plans cache[access]
}

// access is how to get the field from values of one type.
type access struct {
	get func(st *state, v reflect.Value) value
	// put writes what get would return, escaped; nil unless that is shorter.
	put func(st *state, v reflect.Value, e *escape.Escaper)
}

// chain is a base followed by names.
type chain struct {
	base   expr
	fields []*field
	digs   bool
}

// chain compiles the names after a base; args and final belong to the last.
func (c *compiler) chain(base expr, n parse.Node, names []string, args []parse.Node, final expr) expr {
	ch := &chain{base: base}
	at := c.where(n)
	for _, name := range names {
		ch.fields = append(ch.fields, &field{name: name, at: at})
	}
	if len(args) == 0 && final == nil {
		return ch
	}
	late := len(names) == 1 && simple(base)
	return c.withArguments(n, args, final, late, func(a *arguments) expr {
		ch.fields[len(names)-1].args = a
		return ch
	})
}

func (ch *chain) eval(st *state) value {
	f, v := ch.holder(st)
	result := f.of(st, v)
	if ch.digs {
		return result.dig()
	}
	return result
}

// holder returns the last name and what has it.
func (ch *chain) holder(st *state) (last *field, v value) {
	switch base := ch.base.(type) {
	case dot:
		v = st.dot
	case variable:
		v = st.vars[st.base+base.slot]
	default:
		v = ch.base.eval(st)
	}
	n := len(ch.fields) - 1
	for _, f := range ch.fields[:n] {
		v = f.of(st, v)
	}
	return ch.fields[n], v
}

// of returns the field of v.
func (f *field) of(st *state, v value) value {
	if v.kind != reflected {
		bail(f.at, "can't evaluate field %s in type %s", f.name, v.reflect().Type())
	}
	if !v.any.IsValid() {
		return value{} // nothing has nothing
	}
	holder := f.holder(v.any)
	return f.access(holder).get(st, holder)
}

// holder follows pointers and interfaces. A nil pointer may have methods, a
// nil interface has nothing.
func (f *field) holder(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct {
		return v
	}
	holder, isNil := indirect(v)
	if isNil && holder.Kind() == reflect.Interface {
		bail(f.at, "nil pointer evaluating %s.%s", v.Type(), f.name)
	}
	return holder
}

func (f *field) access(holder reflect.Value) *access {
	if known := f.plans.find(holder); known != nil {
		return known
	}
	return f.plans.add(holder, f.plan(holder.Type(), holder.CanAddr()))
}

// plan finds out what the name is for values of type t.
func (f *field) plan(t reflect.Type, addressable bool) access {
	if a, ok := f.method(t, addressable); ok {
		return a
	}
	if f.args != nil {
		return f.failing("%s of %s has arguments but is no method", t)
	}
	switch t.Kind() {
	case reflect.Struct:
		if found, ok := t.FieldByName(f.name); ok && found.IsExported() {
			return f.inStruct(t, found)
		}
	case reflect.Map:
		if stringType.AssignableTo(t.Key()) {
			return f.inMap(t)
		}
	}
	return f.failing("can't evaluate field %s in type %s", t)
}

func (f *field) failing(format string, t reflect.Type) access {
	return access{get: func(*state, reflect.Value) value {
		bail(f.at, format, f.name, t)
		return value{}
	}}
}

func (f *field) inStruct(t reflect.Type, found reflect.StructField) access {
	if len(found.Index) > 1 {
		index := found.Index
		return access{get: func(_ *state, v reflect.Value) value {
			inner, err := v.FieldByIndexErr(index)
			if err != nil {
				bail(f.at, "%v", err)
			}
			return opened(inner)
		}}
	}
	i := found.Index[0]
	switch found.Type {
	case stringType:
		return access{
			get: func(_ *state, v reflect.Value) value { return textOf(v.Field(i).String()) },
			put: func(st *state, v reflect.Value, e *escape.Escaper) {
				st.out = e.AppendString(st.out, v.Field(i).String())
			},
		}
	case htmlType:
		return access{get: func(_ *state, v reflect.Value) value { return markupOf(v.Field(i).String()) }}
	case intType:
		return access{
			get: func(_ *state, v reflect.Value) value { return integerOf(int(v.Field(i).Int())) },
			put: func(st *state, v reflect.Value, e *escape.Escaper) { st.out = e.AppendInt(st.out, v.Field(i).Int()) },
		}
	case int64Type:
		return access{
			get: func(_ *state, v reflect.Value) value { return longOf(v.Field(i).Int()) },
			put: func(st *state, v reflect.Value, e *escape.Escaper) { st.out = e.AppendInt(st.out, v.Field(i).Int()) },
		}
	case boolType:
		return access{get: func(_ *state, v reflect.Value) value { return booleanOf(v.Field(i).Bool()) }}
	}
	if found.Type.Kind() == reflect.Interface {
		return access{get: func(_ *state, v reflect.Value) value { return opened(v.Field(i)) }}
	}
	return access{get: func(_ *state, v reflect.Value) value { return value{any: v.Field(i)} }}
}

// opened is what a chain makes of a field: an interface{} is opened unless it
// is nil. Whoever gets it next would do so first of all.
func opened(v reflect.Value) value {
	if v.Kind() == reflect.Interface && v.Type().NumMethod() == 0 && !v.IsNil() {
		v = v.Elem()
	}
	return unboxed(v)
}

func (f *field) inMap(t reflect.Type) access {
	name := f.name
	switch t {
	case reflect.TypeFor[map[string]any]():
		return access{get: func(_ *state, v reflect.Value) value {
			item, ok := v.Interface().(map[string]any)[name]
			if ok && item == nil {
				return value{any: nilInterface}
			}
			return ofInterface(item)
		}}
	case reflect.TypeFor[map[string]string]():
		return access{get: func(_ *state, v reflect.Value) value {
			item, ok := v.Interface().(map[string]string)[name]
			if !ok {
				return value{}
			}
			return textOf(item)
		}}
	}
	key := reflect.ValueOf(name)
	return access{get: func(_ *state, v reflect.Value) value {
		item := v.MapIndex(key)
		if !item.IsValid() {
			return value{}
		}
		return opened(item)
	}}
}
