package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// field is one setting as a struct declares it.
type field struct {
	key   string // dotted: "server.listen"
	index []int  // for reflect.Value.FieldByIndex
	tags  tags
	entry string // of the map at index, "" when that is the setting itself
	inner []int  // the setting within the entry
}

// get returns the value of f in a struct; that of an entry that is not there
// is its default.
func (f field) get(v reflect.Value) reflect.Value {
	v = v.FieldByIndex(f.index)
	if f.entry == "" {
		return v
	}
	return f.entryOf(v).FieldByIndex(f.inner)
}

// put sets f in a struct. Maps are replaced, not changed: copies of a Config
// share them.
func (f field) put(v, value reflect.Value) {
	v = v.FieldByIndex(f.index)
	if f.entry == "" {
		v.Set(value)
		return
	}
	next := reflect.MakeMap(v.Type())
	for it := v.MapRange(); it.Next(); {
		next.SetMapIndex(it.Key(), it.Value())
	}
	entry := f.entryOf(v)
	entry.FieldByIndex(f.inner).Set(value)
	next.SetMapIndex(reflect.ValueOf(f.entry), entry)
	v.Set(next)
}

// entryOf returns a copy of an entry that can be changed.
func (f field) entryOf(entries reflect.Value) reflect.Value {
	entry := newElement(entries.Type().Elem())
	if found := entries.MapIndex(reflect.ValueOf(f.entry)); found.IsValid() {
		entry.Set(found)
	}
	return entry
}

// newElement makes an element of a map with its defaults.
func newElement(t reflect.Type) reflect.Value {
	element := reflect.New(t)
	if d, ok := element.Interface().(interface{ setDefaults() }); ok {
		d.setDefaults()
	}
	return element.Elem()
}

// settings lists the fields of c: those that every configuration has, and
// those of the named sections that this one has.
func (c *Config) settings() []field {
	var list []field
	for _, f := range fields(reflect.TypeFor[Config](), "") {
		v := reflect.ValueOf(c).Elem().FieldByIndex(f.index)
		if v.Kind() != reflect.Map {
			list = append(list, f)
			continue
		}
		names := make([]string, 0, v.Len())
		for _, name := range v.MapKeys() {
			names = append(names, name.String())
		}
		slices.Sort(names)
		for _, name := range names {
			for _, inner := range fields(v.Type().Elem(), join(f.key, name)) {
				list = append(list, field{key: inner.key, index: f.index, tags: inner.tags, entry: name, inner: inner.index})
			}
		}
	}
	return list
}

// tags is what a struct says about a setting beside its key.
type tags struct {
	help string
	// secret is "true" (never shown), "url" (its password is never shown),
	// "false" (shown whatever the key is called) or "".
	secret string
}

// hidden reports whether a value may not appear in a message.
func (t tags) hidden() bool { return t.secret == "true" || t.secret == "url" }

// fields lists the settings of a struct type in the order of its source.
// Fields without a key tag are none: names from outside are always explicit.
func fields(t reflect.Type, prefix string) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, ok := f.Tag.Lookup("key")
		if !ok || !f.IsExported() {
			continue
		}
		key := join(prefix, name)
		if isSection(f.Type) {
			for _, inner := range fields(f.Type, key) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
			continue
		}
		list = append(list, field{key: key, index: []int{i}, tags: tagsOf(f)})
	}
	return list
}

func tagsOf(f reflect.StructField) tags {
	return tags{help: f.Tag.Get("help"), secret: f.Tag.Get("secret")}
}

// isSection reports whether a type is a table in dram.toml, not one value.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && !readsText(t)
}

// holdsSections reports whether a type is a table in dram.toml, or many by
// their names.
func holdsSections(t reflect.Type) bool {
	return isSection(t) || t.Kind() == reflect.Map && isSection(t.Elem())
}

// readsText reports whether a type reads itself from text.
func readsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// hasKeys reports whether a type that reads itself from text can be a table
// in dram.toml, too.
func hasKeys(t reflect.Type) bool { return t.Kind() == reflect.Struct && len(fields(t, "")) > 0 }

// keysOf lists the dotted keys of fields.
func keysOf(list []field) []string {
	keys := make([]string, len(list))
	for i, f := range list {
		keys[i] = f.key
	}
	return keys
}

// checkType returns an error if settings of type t cannot be decoded: a slip
// in the program, found at its first start whatever the settings are.
func checkType(t reflect.Type, path string, inside []reflect.Type) error {
	for _, outer := range inside {
		if outer == t {
			return nil
		}
	}
	if t == reflect.TypeFor[time.Time]() || readsText(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Slice:
		return checkType(t.Elem(), path, append(inside, t))
	case reflect.Pointer:
		if isSection(t.Elem()) {
			return fmt.Errorf("field %s is a pointer to a struct: use the struct itself", path)
		}
		return checkType(t.Elem(), path, inside)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("field %s is a map with keys of type %s: use string", path, t.Key())
		}
		return checkType(t.Elem(), path, append(inside, t))
	case reflect.Struct:
		return checkStruct(t, path, append(inside, t))
	}
	return fmt.Errorf("field %s has type %s, which no setting can fill", path, t)
}

func checkStruct(t reflect.Type, path string, inside []reflect.Type) error {
	seen := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		key, ok := f.Tag.Lookup("key")
		if !ok {
			continue
		}
		place := path + "." + f.Name
		if !f.IsExported() {
			return fmt.Errorf("field %s has a key but is not exported", place)
		}
		if !isBare(key) {
			return fmt.Errorf("field %s has key %q: use letters, digits, _ and -", place, key)
		}
		if other, twice := seen[key]; twice {
			return fmt.Errorf("fields %s and %s have the same key %q", other, place, key)
		}
		seen[key] = place
		if err := checkType(f.Type, place, inside); err != nil {
			return err
		}
	}
	return nil
}

// isBare reports whether TOML lets a key stand without quotes.
func isBare(key string) bool {
	return key != "" && strings.IndexFunc(key, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) < 0
}

// join appends a part to a dotted key, quoted if it has to be.
func join(prefix, part string) string {
	if !isBare(part) {
		part = fmt.Sprintf("%q", part)
	}
	if prefix == "" {
		return part
	}
	return prefix + "." + part
}

// elementKey is the key of an element of a list.
func elementKey(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
