package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// decoder fills structs from the values of a TOML file. It goes on after a
// fault, so that one run finds them all.
type decoder struct {
	file   *file
	faults []placed
	set    func(key string) // told about every setting that was filled
}

// table fills dst from src; path is the dotted key of the table.
func (d *decoder) table(path string, dst reflect.Value, src map[string]any) {
	t := dst.Type()
	known := map[string]int{}
	for i := range t.NumField() {
		if key, ok := t.Field(i).Tag.Lookup("key"); ok && t.Field(i).IsExported() {
			known[key] = i
		}
	}
	for _, name := range sortedKeys(src) {
		key := join(path, name)
		i, ok := known[name]
		if !ok {
			d.unknown(key, src[name], t, path)
			continue
		}
		d.value(key, dst.Field(i), src[name], tagsOf(t.Field(i)))
	}
}

// unknown records a fault about a key or a section that t does not have. A
// section is reported once, not once for each of its keys.
func (d *decoder) unknown(key string, value any, t reflect.Type, path string) {
	if _, isTable := value.(map[string]any); isTable {
		var sections []string
		for i := range t.NumField() {
			if name, ok := t.Field(i).Tag.Lookup("key"); ok && holdsSections(t.Field(i).Type) {
				sections = append(sections, "["+join(path, name)+"]")
			}
		}
		if path == "" {
			sections = append(sections, "["+appSection+"]")
		}
		d.fault(key, unknown("section", "["+key+"]", sections))
		return
	}
	d.fault(key, unknown("key", key, keysOf(fields(t, path))))
}

func (d *decoder) fault(key, text string) {
	d.faults = append(d.faults, placed{d.file.lines[key], Fault{Where: d.file.where(key), Text: text}})
}

// value fills dst, one setting or a section, from src.
func (d *decoder) value(key string, dst reflect.Value, src any, tag tags) {
	switch v := src.(type) {
	case map[string]any:
		if isSection(dst.Type()) || hasKeys(dst.Type()) {
			d.table(key, dst, v)
			return
		}
		if dst.Kind() == reflect.Map && !readsText(dst.Type()) {
			d.dictionary(key, dst, v, tag)
			return
		}
	case []any:
		if dst.Kind() == reflect.Slice && !readsText(dst.Type()) {
			d.list(key, dst, v, tag)
			return
		}
	default:
		fresh := reflect.New(dst.Type()).Elem() // a failed attempt leaves dst as it was
		err := setScalar(fresh, src)
		if err != nil {
			d.fault(key, mismatch(key, expected(dst.Type()), src, tag, err))
			return
		}
		dst.Set(fresh)
		d.set(key)
		return
	}
	d.fault(key, mismatch(key, expected(dst.Type()), src, tag, errKind))
}

// dictionary fills a map whose keys the app leaves open.
func (d *decoder) dictionary(key string, dst reflect.Value, src map[string]any, tag tags) {
	filled := reflect.MakeMapWithSize(dst.Type(), len(src))
	for _, name := range sortedKeys(src) {
		element := newElement(dst.Type().Elem())
		d.value(join(key, name), element, src[name], tag)
		filled.SetMapIndex(reflect.ValueOf(name).Convert(dst.Type().Key()), element)
	}
	dst.Set(filled)
	d.set(key)
}

func (d *decoder) list(key string, dst reflect.Value, src []any, tag tags) {
	filled := reflect.MakeSlice(dst.Type(), len(src), len(src))
	for i, element := range src {
		d.value(elementKey(key, i), filled.Index(i), element, tag)
	}
	dst.Set(filled)
	d.set(key)
}

// mismatch words a fault about a value that does not fit: what was expected,
// what was found unless it is secret, and what the type itself says about it.
func mismatch(key, want string, found any, tag tags, err error) string {
	text := fmt.Sprintf("%s: expected %s", key, want)
	if tag.hidden() {
		return text
	}
	text += ", found " + describe(found)
	var own *textError
	if errors.As(err, &own) {
		text += fmt.Sprintf(" (%v)", own.err)
	}
	return text
}

// describe names a found value, shortened to fit a line.
func describe(found any) string {
	switch v := found.(type) {
	case map[string]any:
		return "a table"
	case []any:
		return "a list"
	case string:
		if len(v) > 60 {
			v = strings.ToValidUTF8(v[:60], "") + "…"
		}
		return fmt.Sprintf("%q", v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(found)
}

// expected says what a setting of type t looks like.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return errDuration.Error()
	case reflect.TypeFor[Size]():
		return errSize.Error()
	case reflect.TypeFor[time.Time]():
		return "a time like 2026-01-02T15:04:05Z"
	}
	if readsText(t) {
		return "text that " + t.String() + " can read"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text in quotes"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "a table"
	case reflect.Struct:
		return "a section"
	}
	return wholeNumber(t)
}

// wholeNumber words the range of an integer type where it may surprise.
func wholeNumber(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint64:
		return "a whole number of at least 0"
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<t.Bits()-1)
	}
	return fmt.Sprintf("a whole number from %d to %d", -(int64(1) << (t.Bits() - 1)), int64(1)<<(t.Bits()-1)-1)
}

// errKind says that a value does not fit; the caller words the fault.
var errKind = errors.New("value does not fit")

// setScalar fills dst from one value of a TOML file.
func setScalar(dst reflect.Value, src any) error {
	if dst.Kind() == reflect.Pointer {
		fresh := reflect.New(dst.Type().Elem())
		if err := setScalar(fresh.Elem(), src); err != nil {
			return err
		}
		dst.Set(fresh)
		return nil
	}
	if dst.Type() == reflect.TypeFor[Size]() {
		if n, ok := src.(int64); ok && n >= 0 {
			dst.SetInt(n)
			return nil
		}
	}
	switch v := src.(type) {
	case string:
		// Only these are text in a file; "4" for a number is a slip.
		if dst.Kind() == reflect.String || isText(dst.Type()) {
			return setText(dst, v)
		}
	case bool:
		if dst.Kind() == reflect.Bool {
			dst.SetBool(v)
			return nil
		}
	case int64:
		return setInteger(dst, v)
	case float64:
		if dst.CanFloat() && !dst.OverflowFloat(v) {
			dst.SetFloat(v)
			return nil
		}
	case time.Time:
		if dst.Type() == reflect.TypeFor[time.Time]() {
			dst.Set(reflect.ValueOf(v))
			return nil
		}
	}
	return errKind
}

// isText reports whether a value of type t that is no string is written as text.
func isText(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[Size]() || readsText(t)
}

// setInteger fills a number. Types that are written as text take none: 30 for
// a duration might be seconds or nanoseconds.
func setInteger(dst reflect.Value, n int64) error {
	switch {
	case isText(dst.Type()):
		return errKind
	case dst.CanInt() && !dst.OverflowInt(n):
		dst.SetInt(n)
	case dst.CanUint() && n >= 0 && !dst.OverflowUint(uint64(n)):
		dst.SetUint(uint64(n))
	case dst.CanFloat():
		dst.SetFloat(float64(n))
	default:
		return errKind
	}
	return nil
}

// textError carries the complaint of a type that reads itself.
type textError struct{ err error }

func (e *textError) Error() string { return e.err.Error() }

// unmarshalText lets a value read itself.
func unmarshalText(dst reflect.Value, text string) error {
	if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return &textError{err}
	}
	return nil
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
