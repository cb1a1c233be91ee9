package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setText fills dst from text of the environment or of a flag. Lists are
// separated by commas; maps and lists of sections cannot be written as text.
func setText(dst reflect.Value, text string) error {
	switch dst.Type() {
	case reflect.TypeFor[time.Duration]():
		d, err := parseDuration(text)
		dst.SetInt(int64(d))
		return err
	case reflect.TypeFor[Size]():
		n, err := ParseSize(text)
		dst.SetInt(int64(n))
		return err
	}
	if readsText(dst.Type()) { // time.Time too: RFC 3339
		return unmarshalText(dst, text)
	}
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(text)
		return nil
	case reflect.Bool:
		v, err := strconv.ParseBool(text)
		dst.SetBool(v)
		return err
	case reflect.Float32, reflect.Float64:
		v, err := strconv.ParseFloat(text, dst.Type().Bits())
		dst.SetFloat(v)
		return err
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return setText(dst.Elem(), text)
	case reflect.Slice:
		return setList(dst, text)
	}
	return setNumber(dst, text)
}

func setNumber(dst reflect.Value, text string) error {
	switch {
	case dst.CanInt():
		v, err := strconv.ParseInt(text, 10, dst.Type().Bits())
		dst.SetInt(v)
		return err
	case dst.CanUint():
		v, err := strconv.ParseUint(text, 10, dst.Type().Bits())
		dst.SetUint(v)
		return err
	}
	return errKind
}

func setList(dst reflect.Value, text string) error {
	if strings.TrimSpace(text) == "" {
		dst.Set(reflect.MakeSlice(dst.Type(), 0, 0))
		return nil
	}
	parts := strings.Split(text, ",")
	filled := reflect.MakeSlice(dst.Type(), len(parts), len(parts))
	for i, part := range parts {
		if filled.Index(i).Kind() == reflect.Slice {
			return errKind
		}
		if err := setText(filled.Index(i), strings.TrimSpace(part)); err != nil {
			return err
		}
	}
	dst.Set(filled)
	return nil
}

// expectedText is expected for text without quotes.
func expectedText(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list separated by commas, each " + expectedText(t.Elem())
	case reflect.Map, reflect.Struct:
		if !readsText(t) {
			return "a table, which only dram.toml can hold"
		}
	}
	return expected(t)
}

// textOf writes a value as it would stand in the environment.
func textOf(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x)
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case fmt.Stringer:
		return x.String()
	case string:
		return x
	}
	switch v.Kind() {
	case reflect.Interface:
		return textOf(v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return textOf(v.Elem())
	case reflect.Map:
		return fmt.Sprintf("%d entries", v.Len())
	case reflect.Slice:
		if isSection(v.Type().Elem()) {
			return fmt.Sprintf("%d sections", v.Len())
		}
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = textOf(v.Index(i))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v.Interface())
}
