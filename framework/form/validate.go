package form

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// checkRules validates an empty struct, because the validator finds rules that
// do not exist or do not suit their field by panicking when it meets them.
func checkRules(check *validator.Validate, typ reflect.Type) error {
	_, err := run(check, reflect.New(typ).Interface())
	return err
}

// run validates a struct, but for the fields at these paths. The error is a rule
// that cannot be applied.
func run(check *validator.Validate, value any, except ...string) (found validator.ValidationErrors, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("form: %v: the rules of a validate tag do not work: %v", reflect.TypeOf(value).Elem(), fault)
		}
	}()
	if len(except) == 0 {
		err = check.Struct(value)
	} else {
		err = check.StructExcept(value, except...)
	}
	if errors.As(err, &found) {
		return found, nil
	}
	return nil, err
}

// validate adds the messages of all rules that are broken. Fields that could
// not be read or are too long for the other rules, and rules that compare with
// one of them, are left out.
func (c *core) validate(failed map[*field]bool) error {
	found, err := run(c.check, c.target.Addr().Interface(), c.measure(failed)...)
	if err != nil {
		return err
	}
	for _, broken := range found {
		path := c.path(broken)
		f := c.plan.byPath[path]
		if failed[f] || failed[c.otherField(path, broken.Tag(), broken.Param())] {
			continue
		}
		if f == nil {
			c.fail("", c.sayUntagged(broken))
			continue
		}
		if !c.said(f, broken) {
			c.fail(f.name, c.sayBroken(f, broken))
		}
	}
	return nil
}

// said reports whether the field has the message of a broken rule already:
// three bad elements of a slice need one sentence.
func (c *core) said(f *field, broken validator.FieldError) bool {
	if !f.slice {
		return false
	}
	message := c.sayBroken(f, broken)
	for _, known := range c.errors[f.name] {
		if known == message {
			return true
		}
	}
	return false
}

// path returns the Go path of the field that an error is about, without the
// type in front and the indices of elements.
func (c *core) path(broken validator.FieldError) string {
	path := broken.StructNamespace()
	if name := c.plan.typ.Name(); name != "" {
		path = strings.TrimPrefix(path, name+".")
	}
	for {
		before, after, ok := strings.Cut(path, "[")
		if !ok {
			return path
		}
		_, after, _ = strings.Cut(after, "]")
		path = before + after
	}
}

// comparesFields reports rules whose parameter is the name of another field.
func comparesFields(tag string) bool {
	switch tag {
	case "eqfield", "nefield", "gtfield", "gtefield", "ltfield", "ltefield",
		"eqcsfield", "necsfield", "gtcsfield", "gtecsfield", "ltcsfield", "ltecsfield",
		"fieldcontains", "fieldexcludes":
		return true
	}
	return false
}

// otherField returns the field that a rule of the field at path compares with,
// nil if there is none in the form.
func (c *core) otherField(path, tag, param string) *field {
	if !comparesFields(tag) {
		return nil
	}
	beside := path[:strings.LastIndexByte(path, '.')+1] + param
	if f := c.plan.byPath[beside]; f != nil {
		return f
	}
	return c.plan.byPath[param]
}
