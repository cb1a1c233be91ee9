package form

import (
	"encoding"
	"errors"
	"fmt"
	"mime/multipart"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/dram-go/dram/framework/config"
)

// kind is what a field holds, apart from slices and pointers around it.
type kind int

const (
	text kind = iota
	integer
	unsigned
	decimal
	boolean
	moment
	duration
	custom // an encoding.TextUnmarshaler
	file
)

// plan is how a struct type is read and shown, made once for each type.
type plan struct {
	typ    reflect.Type
	key    string // in catalogue keys: sign_up
	fields []*field
	byName map[string]*field
	byPath map[string]*field // by Go path: Address.City
	nested []*nested
	files  bool // has a file field
}

// nested is a pointer to a struct inside the form.
type nested struct {
	index []int
}

// field is one input of a form.
type field struct {
	name    string // address.city
	id      string // address-city
	path    string // Address.City
	index   []int
	typ     reflect.Type // without slice and pointer
	kind    kind
	slice   bool
	pointer bool // *T, or []*T

	label, help, input, autocomplete, accept, unique string
	verbatim                                         bool        // keep white space
	maxSize                                          config.Size // of one file, 0 for any
	rules                                            []rule
	length                                           length // of a text
}

var (
	fileType        = reflect.TypeFor[*multipart.FileHeader]()
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// newPlan reads the tags of a struct type. The error joins all faults.
func newPlan(typ reflect.Type) (*plan, error) {
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("form: %v is not a struct", typ)
	}
	p := &plan{typ: typ, key: formKey(typ), byName: map[string]*field{}, byPath: map[string]*field{}}
	b := &builder{plan: p, ids: map[string]string{}}
	b.structure(typ, nil, "", "", 0)
	return p, errors.Join(b.faults...)
}

// builder collects fields and faults.
type builder struct {
	plan   *plan
	ids    map[string]string // the name that has an id
	faults []error
}

func (b *builder) fault(path, format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("form: %v.%s: %s", b.plan.typ, path, fmt.Sprintf(format, args...)))
}

// structure adds the tagged fields of typ. prefix is "" or ends in a dot.
func (b *builder) structure(typ reflect.Type, index []int, path, prefix string, depth int) {
	for i := range typ.NumField() {
		sf := typ.Field(i)
		at := append(append([]int(nil), index...), i)
		b.member(sf, at, path+sf.Name, prefix, depth)
	}
}

// member adds one struct field, if it has a form tag.
func (b *builder) member(sf reflect.StructField, index []int, path, prefix string, depth int) {
	tag, tagged := sf.Tag.Lookup("form")
	if !tagged || tag == "-" {
		for _, other := range []string{"label", "input", "help", "unique", "accept", "autocomplete"} {
			if _, has := sf.Tag.Lookup(other); has {
				b.fault(path, "has a tag %s but no form tag, which gives it its name", other)
			}
		}
		return
	}
	if tag == ",inline" {
		if sf.Type.Kind() != reflect.Struct || !sf.Anonymous {
			b.fault(path, `form:",inline" is for embedded structs`)
			return
		}
		b.structure(sf.Type, index, path+".", prefix, depth)
		return
	}
	if !sf.IsExported() {
		b.fault(path, "is not exported, so it cannot be filled")
		return
	}
	if !isName(tag) {
		b.fault(path, "form:%q is no name: a letter, then letters, digits, - and _", tag)
		return
	}
	if inner, pointer, ok := structOf(sf.Type); ok {
		if depth > 0 {
			b.fault(path, "is a struct inside a nested struct; forms nest once")
			return
		}
		if pointer {
			b.plan.nested = append(b.plan.nested, &nested{index})
		}
		b.structure(inner, index, path+".", prefix+tag+".", depth+1)
		return
	}
	b.input(sf, index, path, prefix+tag)
}

// input adds a field that is filled from text or a file.
func (b *builder) input(sf reflect.StructField, index []int, path, name string) {
	f := &field{
		name: name, id: strings.ReplaceAll(name, ".", "-"), path: path, index: index,
		label: sf.Tag.Get("label"), help: sf.Tag.Get("help"), input: sf.Tag.Get("input"),
		autocomplete: sf.Tag.Get("autocomplete"), accept: sf.Tag.Get("accept"), unique: sf.Tag.Get("unique"),
		rules: parseRules(sf.Tag.Get("validate")),
	}
	if !f.setType(sf.Type) {
		b.fault(path, "a form cannot fill a %v", sf.Type)
		return
	}
	switch trim := sf.Tag.Get("trim"); trim {
	case "", "no":
		f.verbatim = trim == "no"
	default:
		b.fault(path, `trim:%q: only trim:"no" is known`, trim)
	}
	if f.kind == text {
		f.length = lengthOf(sf.Tag.Get("validate"), f.slice)
	}
	if tag, has := sf.Tag.Lookup("maxsize"); has {
		size, err := config.ParseSize(tag)
		switch {
		case f.kind != file:
			b.fault(path, "maxsize is for files; texts have validate:\"max=…\"")
		case err != nil || size == 0:
			b.fault(path, "maxsize:%q: expected a size like \"512KiB\" or \"2MiB\"", tag)
		}
		f.maxSize = size
	}
	if f.input == "" {
		f.input = f.defaultInput()
	} else if !f.suits() {
		b.fault(path, "input:%q does not suit a field of type %v", f.input, sf.Type)
	}
	if f.input == "password" {
		f.verbatim = true
	}
	if other, taken := b.ids[f.id]; taken {
		b.fault(path, "the names %s and %s cannot be told apart in a page", name, other)
		return
	}
	b.ids[f.id] = name
	b.plan.files = b.plan.files || f.kind == file
	b.plan.fields = append(b.plan.fields, f)
	b.plan.byName[name], b.plan.byPath[path] = f, f
}

// setType takes typ apart; false means that no text can fill it.
func (f *field) setType(typ reflect.Type) bool {
	if typ.Kind() == reflect.Slice && !implements(typ) {
		f.slice = true
		typ = typ.Elem()
	}
	if typ == fileType {
		f.typ, f.kind = typ, file
		return true
	}
	if typ.Kind() == reflect.Pointer {
		f.pointer = true
		typ = typ.Elem()
	}
	f.typ = typ
	k, ok := kindOf(typ)
	f.kind = k
	return ok
}

func kindOf(typ reflect.Type) (kind, bool) {
	switch {
	case typ == timeType:
		return moment, true
	case typ == durationType:
		return duration, true
	case implements(typ):
		return custom, true
	}
	switch typ.Kind() {
	case reflect.String:
		return text, true
	case reflect.Bool:
		return boolean, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer, true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return unsigned, true
	case reflect.Float32, reflect.Float64:
		return decimal, true
	}
	return 0, false
}

// implements reports whether a *typ can unmarshal text.
func implements(typ reflect.Type) bool { return reflect.PointerTo(typ).Implements(unmarshalerType) }

// structOf returns the struct that typ is or points to, unless it is filled
// from one text.
func structOf(typ reflect.Type) (inner reflect.Type, pointer, ok bool) {
	if typ == fileType {
		return nil, false, false
	}
	if typ.Kind() == reflect.Pointer {
		pointer, typ = true, typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return nil, false, false
	}
	_, scalar := kindOf(typ)
	return typ, pointer, !scalar
}

// defaultInput is the kind of input that fits type and rules.
func (f *field) defaultInput() string {
	switch f.kind {
	case integer, unsigned, decimal:
		if f.has("oneof") {
			return "select"
		}
		return "number"
	case boolean:
		return "checkbox"
	case moment:
		return "datetime-local"
	case file:
		return "file"
	}
	for _, r := range f.rules {
		switch r.tag {
		case "oneof", "oneofci":
			return "select"
		case "email", "url":
			return r.tag
		case "http_url", "https_url":
			return "url"
		case "e164":
			return "tel"
		}
	}
	if f.slice {
		return "select"
	}
	return "text"
}

// suits reports whether the input can show and send what the field holds.
func (f *field) suits() bool {
	switch f.input {
	case "file":
		return f.kind == file
	case "select", "hidden":
		return f.kind != file
	case "checkbox":
		return f.kind != file && (f.slice || f.kind == boolean)
	case "text", "textarea", "password", "email", "url", "tel", "search", "number", "range", "color", "radio",
		"date", "time", "month", "datetime-local":
		return f.kind != file && !f.slice
	}
	return false
}

// isName reports whether s may stand in a form tag.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// formKey returns the name of a form in catalogue keys.
func formKey(typ reflect.Type) string {
	name, _, _ := strings.Cut(typ.Name(), "[") // without type arguments
	if short := strings.TrimSuffix(name, "Form"); short != "" || name == "" {
		return snake(short)
	}
	pkg, _, _ := strings.Cut(typ.String(), ".")
	return pkg
}

// snake turns SignUp into sign_up and URLForm into url_form.
func snake(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// names lists the fields for an error message.
func (p *plan) names() string {
	names := make([]string, len(p.fields))
	for i, f := range p.fields {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// unknown is the error for a name that the form does not have.
func (p *plan) unknown(name string) error {
	if len(p.fields) == 0 {
		return fmt.Errorf("form: %v has no field %q; none of its fields has a form tag", p.typ, name)
	}
	return fmt.Errorf("form: %v has no field %q; its fields are %s", p.typ, name, p.names())
}
