package escape

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
)

// call is one call of html/template's own escaper.
type call struct {
	in  any
	out string
}

// stubs holds one template for each escaper that is called by genuine. When
// html/template escapes the set it puts its own functions in the place of
// those of the same names, and what is given to a variable is not escaped.
var stubs = sync.OnceValue(func() *template.Template {
	funcs := template.FuncMap{
		"in":  func(c *call) any { return c.in },
		"put": func(c *call, out string) string { c.out = out; return "" },
	}
	var text strings.Builder
	for _, name := range []string{attrEscaper, nospaceEscaper, htmlNameFilter, srcsetEscaper, jsValEscaper, cssValueFilter} {
		funcs[name] = func(any) string { return "" }
		fmt.Fprintf(&text, "{{define %q}}{{$out := %s (in .)}}{{$done := put . $out}}{{end}}", name, name)
	}
	return template.Must(template.New("stubs").Funcs(funcs).Parse(text.String()))
})

// genuine appends what html/template's own function of that name makes of v.
// The error is a panic of one of v's methods.
func genuine(dst []byte, name string, v any) ([]byte, error) {
	c := &call{in: v}
	if err := stubs().ExecuteTemplate(io.Discard, name, c); err != nil {
		return dst, err
	}
	return append(dst, c.out...), nil
}

// appendGenuine leaves a value to html/template's own function.
func appendGenuine(e *Escaper, dst []byte, v any) ([]byte, error) { return genuine(dst, e.name, v) }

// mustGenuine appends what html/template's own function makes of a string,
// which has no methods that could panic. It may be a view of dst.
func mustGenuine(dst []byte, name, s string) []byte {
	dst, err := genuine(dst, name, strings.Clone(s))
	if err != nil {
		panic(err)
	}
	return dst
}

// appendHTMLName asks html/template, which knows the attributes.
func appendHTMLName(dst []byte, s string, _ int) []byte { return mustGenuine(dst, htmlNameFilter, s) }
