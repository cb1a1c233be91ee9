package compile

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"reflect"
	texttemplate "text/template"
)

// Escape makes html/template escape root and everything it calls, and runs
// nothing: a wrapper that ends with an error in its first action is executed.
// It returns what html/template says of templates that cannot be escaped.
// Afterwards root can no longer be cloned.
func Escape(root *template.Template) error {
	stop := errors.New("stop")
	// The functions of a set are common to it, hence the name.
	wrapper, err := root.New("escape of " + root.Name()).
		Funcs(template.FuncMap{"_stop_here_": func() (string, error) { return "", stop }}).
		Parse(fmt.Sprintf(`{{_stop_here_}}{{template %q .}}`, root.Name()))
	if err != nil {
		return err
	}
	if err := wrapper.Execute(io.Discard, nil); !errors.Is(err, stop) {
		return err
	}
	return nil
}

// inner returns the text/template below an html/template. It is the only way
// to the templates that the escaper derives, one for each context in which a
// template is called (a block inside of <title> is one): html/template's own
// Lookup does not know them. ok is false if this release of Go keeps it
// elsewhere.
func inner(t *template.Template) (tmpl *texttemplate.Template, ok bool) {
	field := reflect.ValueOf(t).Elem().FieldByName("text")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*texttemplate.Template]() {
		return nil, false
	}
	// The field is unexported, so its pointer is taken and made a value again
	// of the type that was just checked.
	return (*texttemplate.Template)(field.UnsafePointer()), true
}

// defaultMissingKey reports whether a missing key of a map is nothing, as it
// is unless Option said otherwise. ok is false if that cannot be known.
func defaultMissingKey(t *texttemplate.Template) (isDefault, ok bool) {
	common := reflect.ValueOf(t).Elem().FieldByName("common")
	if !common.IsValid() || common.Kind() != reflect.Pointer {
		return false, false
	}
	if common.IsNil() {
		return true, true
	}
	option := common.Elem().FieldByName("option")
	if !option.IsValid() || option.Kind() != reflect.Struct {
		return false, false
	}
	missing := option.FieldByName("missingKey")
	if !missing.IsValid() || !missing.CanInt() {
		return false, false
	}
	return missing.Int() == 0, true
}
