package form

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// problem is why a text cannot be a value: a rule of the message catalogue.
type problem struct{ rule, param string }

// fine is no problem.
var fine = problem{}

// fill sets the fields of the struct from in. It returns those that could not
// be set, which are not validated: their message is there already.
func (c *core) fill(in *input) map[*field]bool {
	c.detach()
	failed := map[*field]bool{}
	for _, f := range c.plan.fields {
		p, known := in.problems[f.name]
		if !known {
			p = c.set(f, in)
		}
		if p != fine {
			failed[f] = true
			c.fail(f.name, c.say(f, p.rule, p.param))
		}
	}
	return failed
}

// detach gives nested structs behind pointers a copy of their own, so that
// filling the form does not change what the value given to Edit points to.
func (c *core) detach() {
	for _, n := range c.plan.nested {
		pointer := c.target.FieldByIndex(n.index)
		if !pointer.IsNil() {
			own := reflect.New(pointer.Type().Elem())
			own.Elem().Set(pointer.Elem())
			pointer.Set(own)
		}
	}
}

// set fills one field.
func (c *core) set(f *field, in *input) problem {
	texts, present := in.values[f.name]
	files := in.files[f.name]
	if c.keep && !present && len(files) == 0 {
		return fine
	}
	empty := len(entries(texts)) == 0 && len(files) == 0
	place, ok := c.place(f, !empty)
	if !ok {
		return fine
	}
	place.SetZero()
	switch {
	case empty:
		return fine
	case f.kind == file && f.tooLarge(files):
		return problem{"maxsize", readableSize(f.maxSize)}
	case f.kind == file:
		return setFiles(place, f, files)
	case f.slice:
		return c.setSlice(place, f, texts)
	case f.kind == boolean:
		return c.setOne(place, f, texts[len(texts)-1]) // a hidden 0 before the box
	}
	return c.setOne(place, f, texts[0])
}

// place returns the struct field, with the structs on the way to it made if
// make says so. It is false if one of them is nil.
func (c *core) place(f *field, make bool) (reflect.Value, bool) {
	v := c.target
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !make {
					return v, false
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

// entries returns the texts that are not blank.
func entries(texts []string) []string {
	var out []string
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			out = append(out, t)
		}
	}
	return out
}

func (c *core) setSlice(place reflect.Value, f *field, texts []string) problem {
	texts = entries(texts)
	slice := reflect.MakeSlice(place.Type(), len(texts), len(texts))
	for i, t := range texts {
		if p := c.setOne(slice.Index(i), f, t); p != fine {
			return p
		}
	}
	place.Set(slice)
	return fine
}

// setOne sets a value, or what it points to, from one text.
func (c *core) setOne(place reflect.Value, f *field, t string) problem {
	if !f.verbatim {
		t = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(t))
	}
	if !utf8.ValidString(t) || strings.ContainsRune(t, 0) {
		return problem{rule: "characters"}
	}
	value := reflect.New(f.typ)
	if p := c.parse(value, f, t); p != fine {
		return p
	}
	if f.pointer {
		place.Set(value)
		return fine
	}
	place.Set(value.Elem())
	return fine
}

// parse reads t into the new value that pointer points to.
func (c *core) parse(pointer reflect.Value, f *field, t string) problem {
	value := pointer.Elem()
	switch f.kind {
	case text:
		value.SetString(t)
	case integer:
		n, err := strconv.ParseInt(t, 10, value.Type().Bits())
		value.SetInt(n)
		return numberProblem(err, "integer")
	case unsigned:
		if strings.HasPrefix(t, "-") && isInteger(t) {
			return problem{rule: "range"}
		}
		n, err := strconv.ParseUint(strings.TrimPrefix(t, "+"), 10, value.Type().Bits())
		value.SetUint(n)
		return numberProblem(err, "integer")
	case decimal:
		return parseDecimal(value, t)
	case boolean:
		return parseBool(value, t)
	case moment:
		return c.parseTime(value, f, t)
	case duration:
		d, err := time.ParseDuration(t)
		value.SetInt(int64(d))
		return numberProblem(err, "duration")
	case custom:
		if err := pointer.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(t)); err != nil {
			return problem{rule: "invalid"}
		}
	}
	return fine
}

// numberProblem says whether a text is no number or too large a one.
func numberProblem(err error, rule string) problem {
	if err == nil {
		return fine
	}
	if number, ok := err.(*strconv.NumError); ok && number.Err == strconv.ErrRange {
		return problem{rule: "range"}
	}
	return problem{rule: rule}
}

func isInteger(t string) bool {
	_, err := strconv.ParseInt(t, 10, 64)
	return numberProblem(err, "integer").rule != "integer"
}

// parseDecimal reads a finite decimal number; hexadecimal is none of people's.
func parseDecimal(value reflect.Value, t string) problem {
	if strings.ContainsAny(t, "xX_") {
		return problem{rule: "decimal"}
	}
	x, err := strconv.ParseFloat(t, value.Type().Bits())
	if p := numberProblem(err, "decimal"); p != fine {
		return p
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return problem{rule: "decimal"}
	}
	value.SetFloat(x)
	return fine
}

// parseBool reads what browsers and programs send for a box.
func parseBool(value reflect.Value, t string) problem {
	switch strings.ToLower(t) {
	case "on", "true", "1", "yes":
		value.SetBool(true)
	case "off", "false", "0", "no":
	default:
		return problem{rule: "boolean"}
	}
	return fine
}

// layout is how a browser writes the value of an input for times; layouts are
// what is understood beside RFC 3339.
func (f *field) layout() string {
	switch f.input {
	case "date":
		return time.DateOnly
	case "time":
		return "15:04"
	case "month":
		return "2006-01"
	}
	return "2006-01-02T15:04"
}

func (c *core) parseTime(value reflect.Value, f *field, t string) problem {
	layouts := []string{f.layout(), time.RFC3339}
	switch f.input {
	case "date", "month":
	case "time":
		layouts = append(layouts, time.TimeOnly)
	default:
		layouts = append(layouts, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateTime)
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, t, c.zone); err == nil {
			value.Set(reflect.ValueOf(at))
			return fine
		}
	}
	switch f.input {
	case "date", "time", "month":
		return problem{rule: "bad_" + f.input, param: readable(f.layout())}
	}
	return problem{rule: "bad_datetime", param: readable(f.layout())}
}

// format returns the texts of the value of a field, the reverse of set. A zero
// time has none, and nothing has one in a form that was made empty.
func (c *core) format(f *field) []string {
	place, ok := c.place(f, false)
	if !ok || f.kind == file {
		return nil
	}
	if f.slice {
		var texts []string
		for i := range place.Len() {
			texts = append(texts, c.formatOne(f, place.Index(i)))
		}
		return texts
	}
	if place.IsZero() && (f.kind == moment || c.blank && !c.submitted) {
		return nil
	}
	return []string{c.formatOne(f, place)}
}

func (c *core) formatOne(f *field, v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch f.kind {
	case decimal:
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())
	case moment:
		return v.Interface().(time.Time).In(c.zone).Format(f.layout())
	case custom:
		return formatCustom(v)
	}
	return fmt.Sprint(plain(v))
}

// plain returns v as its basic type, so that a String method of the type does
// not replace what the decoder reads. Durations are read as they are written.
func plain(v reflect.Value) any {
	switch {
	case v.Type() == durationType:
		return v.Interface()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return v.Uint()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	}
	return v.String()
}

// formatCustom writes a value that reads itself from text.
func formatCustom(v reflect.Value) string {
	own := reflect.New(v.Type())
	own.Elem().Set(v)
	if m, ok := own.Interface().(encoding.TextMarshaler); ok {
		if t, err := m.MarshalText(); err == nil {
			return string(t)
		}
		return ""
	}
	return fmt.Sprint(own.Elem().Interface())
}
