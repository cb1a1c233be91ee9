package compile_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"reflect"
	"time"
)

// anyData is the dot of a page of the type that root says, in one of the forms
// in which an app could hand it over.
func anyData(c *choices, root reflect.Type) any {
	v := reflect.New(root)
	fill(c, v.Elem(), 0)
	if s, ok := v.Interface().(*shop); ok {
		s.setFuncs()
	}
	if s, ok := v.Elem().Interface().(*shop); ok && s != nil {
		s.setFuncs()
	}
	switch c.n(8) {
	case 6:
		return v.Interface() // one pointer more
	case 7:
		return reflect.ValueOf(v.Elem().Interface())
	}
	return v.Elem().Interface()
}

// small are the integers of data: few, so that a range over one ends.
var small = []int64{3, 0, 1, 2, -1, 5, 7}

func fill(c *choices, v reflect.Value, depth int) {
	if !v.CanSet() {
		return
	}
	if special(c, v) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(anyText(c))
	case reflect.Bool:
		v.SetBool(c.n(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(pick(c, small...))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(c.n(6)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(pick(c, 1.5, 0, -2, 1e21, 1e-7, 3, .1))
	case reflect.Complex128:
		v.SetComplex(complex(float64(c.n(3)), float64(c.n(3))))
	case reflect.Pointer:
		if depth < 4 && !c.one(16) {
			v.Set(reflect.New(v.Type().Elem()))
			fill(c, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(c, v.Field(i), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(c, v.Index(i), depth+1)
		}
	case reflect.Slice:
		fillSlice(c, v, depth)
	case reflect.Map:
		fillMap(c, v, depth)
	}
}

func fillSlice(c *choices, v reflect.Value, depth int) {
	if depth > 3 || c.one(10) {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), c.n(4), 4))
	for i := range v.Len() {
		fill(c, v.Index(i), depth+1)
	}
}

func fillMap(c *choices, v reflect.Value, depth int) {
	if depth > 3 || c.one(10) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, name := range mapKeys[:c.n(len(mapKeys)+1)] {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		switch key.Kind() {
		case reflect.String:
			key.SetString(name)
		case reflect.Interface:
			key.Set(reflect.ValueOf(name))
		default:
			fill(c, key, depth+1)
		}
		fill(c, elem, depth+1)
		v.SetMapIndex(key, elem)
	}
}

// mapKeys are the keys of the maps of the data and of the paths into them.
var mapKeys = []string{"a", "k", "one", "x", "Name"}

func special(c *choices, v reflect.Value) bool {
	switch v.Addr().Interface().(type) {
	case *time.Time:
		v.Set(reflect.ValueOf(noon.Add(time.Duration(c.n(5)-2) * 1e9 * 4000)))
	case *time.Duration:
		v.SetInt(int64(c.n(4)) * 1e9)
	case *fmt.Stringer:
		v.Set(reflect.ValueOf(pick[fmt.Stringer](c, grade(2), fold{1, 2}, &dot{3}, (*dot)(nil), noon)))
	case *error:
		if c.n(2) == 0 {
			v.Set(reflect.ValueOf(pick[error](c, errMethod, errStruct{}, &ptrError{1})))
		}
	case *named:
		if n := pick[named](c, leaf{Name: "in"}, &leaf{Name: "ptr"}, level2(1), (*leafPtr)(nil), nil); n != nil {
			v.Set(reflect.ValueOf(n))
		}
	case *any:
		if a := anything(c); a != nil {
			v.Set(reflect.ValueOf(a))
		}
	case *[]byte:
		v.SetBytes([]byte(anyText(c)))
	default:
		return false
	}
	return true
}

// anything is what an interface{} of the data can hold.
func anything(c *choices) any {
	switch c.n(22) {
	case 0, 1:
		return anyText(c)
	case 2, 3:
		return int(pick(c, small...))
	case 4:
		return c.n(2) == 0
	case 5:
		return pick(c, 1.5, 0, -2, 1e21)
	case 6:
		return nil
	case 7:
		return leaf{Name: anyText(c), N: 1}
	case 8:
		return &leaf{Name: anyText(c), Next: &leaf{Name: "n"}, Tags: []string{"t"}}
	case 9:
		return map[string]any{"a": anyText(c), "k": 1, "Name": leaf{Name: "m"}}
	case 10:
		return map[string]string{"a": anyText(c), "one": "1"}
	case 11:
		return []any{1, anyText(c), nil, &leaf{Name: "e"}}
	case 12:
		return []string{anyText(c), "b"}
	case 13:
		return pick[any](c, template.HTML(anyText(c)), template.JS(anyText(c)), template.URL(anyText(c)), template.CSS(anyText(c)), template.HTMLAttr(anyText(c)), template.JSStr(anyText(c)), template.Srcset(anyText(c)))
	case 14:
		return pick[any](c, (*leaf)(nil), (*string)(nil), []int(nil), map[string]int(nil))
	case 15:
		return pick[any](c, noon, &noon, grade(3), fold{}, dot{1}, &dot{2}, errMethod, kind("k"), 90*time.Second)
	case 16:
		return pick[any](c, json.Number("1.5"), json.RawMessage(`{"a":1}`), marshal{1}, &marshalPtr{"x"}, badMarshal{}, textual{"t"})
	case 17:
		return pick[any](c, int8(1), uint8(2), int64(3), uint(4), float32(.1), 'x', 2i, uint64(5))
	case 18:
		return ptr(anyText(c))
	case 19:
		return []leaf{{Name: anyText(c)}, {N: 2}}
	case 20:
		return func() string { return "called" }
	}
	return pick[any](c, panicking{}, panicJSON{}, both2{}, &ptrError{}, deepError{}, [2]int{1, 2}, [0]int{}, struct{ Name string }{"s"})
}

// anyText is a harmless or a hostile string.
func anyText(c *choices) string {
	switch c.n(4) {
	case 0:
		return pick(c, "plain", "", "two words", "<b>&", "한글", "a")
	case 1:
		return pick(c, hostile...)
	case 2:
		return pick(c, hostile...) + pick(c, hostile...)
	}
	raw := make([]byte, c.n(12))
	for i := range raw {
		raw[i] = byte(c.n(256))
	}
	return string(raw)
}
