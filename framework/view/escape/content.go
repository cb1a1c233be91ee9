package escape

import (
	"fmt"
	"html/template"
	"net/url"
	"reflect"
)

// content says what a value of one of html/template's types is made of.
type content uint8

const (
	isPlain content = iota
	isCSS
	isHTML
	isHTMLAttr
	isJS
	isJSStr
	isURL
	isSrcset
)

// Append appends a value of any type, typed content such as [template.HTML]
// and nil included, as html/template does. The error is what a method of the
// value said by panicking; dst is to be thrown away then.
func (e *Escaper) Append(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return e.AppendString(dst, v), nil
	case int:
		return e.AppendInt(dst, int64(v)), nil
	case int64:
		return e.AppendInt(dst, v), nil
	case int32:
		return e.AppendInt(dst, int64(v)), nil
	case int16:
		return e.AppendInt(dst, int64(v)), nil
	case int8:
		return e.AppendInt(dst, int64(v)), nil
	case uint:
		return e.AppendUint(dst, uint64(v)), nil
	case uint64:
		return e.AppendUint(dst, v), nil
	case uint32:
		return e.AppendUint(dst, uint64(v)), nil
	case uint16:
		return e.AppendUint(dst, uint64(v)), nil
	case uint8:
		return e.AppendUint(dst, uint64(v)), nil
	case float64:
		return e.AppendFloat(dst, v, 64), nil
	case float32:
		return e.AppendFloat(dst, float64(v), 32), nil
	case bool:
		return e.AppendBool(dst, v), nil
	case template.HTML:
		return e.appendContent(dst, isHTML, string(v))
	case template.HTMLAttr:
		return e.appendContent(dst, isHTMLAttr, string(v))
	case template.URL:
		return e.appendContent(dst, isURL, string(v))
	case template.JS:
		return e.appendContent(dst, isJS, string(v))
	case template.JSStr:
		return e.appendContent(dst, isJSStr, string(v))
	case template.CSS:
		return e.appendContent(dst, isCSS, string(v))
	case template.Srcset:
		return e.appendContent(dst, isSrcset, string(v))
	}
	return e.other(e, dst, v)
}

// appendContent appends content of a type that html/template knows.
func (e *Escaper) appendContent(dst []byte, kind content, s string) ([]byte, error) {
	switch {
	case e.first != nil:
		from := len(dst)
		dst, err := e.first.appendContent(dst, kind, s)
		if err != nil {
			return dst, err
		}
		return e.rest.EscapeFrom(dst, from), nil
	case e.safe == kind:
		return e.trust(dst, s)
	case e.json && kind == isJSStr:
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"'), nil
	case e.name == srcsetEscaper && kind == isURL:
		return appendGenuine(e, dst, template.URL(s))
	}
	return e.AppendString(dst, s), nil
}

func verbatim(dst []byte, s string) ([]byte, error) { return append(dst, s...), nil }

// rcdata leaves the entities of HTML as they are.
func rcdata(dst []byte, s string) ([]byte, error) { return htmlNormTable.replace(dst, s, 0), nil }

var htmlNormTable = htmlTable.without('&')

// normalURL keeps the escapes of a URL in a query.
func normalURL(dst []byte, s string) ([]byte, error) { return appendURL(dst, s, 0), nil }

// normalJS keeps the escapes of a JavaScript string.
func normalJS(dst []byte, s string) ([]byte, error) { return jsNormTable.replaceJS(dst, s, 0), nil }

var jsNormTable = jsTable.without('\\')

// genuineHTML lets html/template take the tags out of HTML.
func genuineHTML(name string) func([]byte, string) ([]byte, error) {
	return func(dst []byte, s string) ([]byte, error) { return genuine(dst, name, template.HTML(s)) }
}

// appendStringified prints v as html/template does and escapes that.
func appendStringified(e *Escaper, dst []byte, v any) ([]byte, error) {
	if v == nil { // html/template prints no argument where one is nil
		return e.AppendString(dst, ""), nil
	}
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer {
		// Strings and typed content count as what they are behind pointers.
		for p.Kind() == reflect.Pointer && !p.IsNil() {
			p = p.Elem()
		}
		switch s := p.Interface().(type) {
		case string, template.HTML, template.HTMLAttr, template.URL, template.JS, template.JSStr, template.CSS, template.Srcset:
			return e.Append(dst, s)
		}
	}
	return appendPrinted(e, dst, v)
}

// appendPrinted prints v, behind its pointers, and escapes that.
func appendPrinted(e *Escaper, dst []byte, v any) ([]byte, error) {
	from := len(dst)
	return e.EscapeFrom(fmt.Append(dst, printable(v)), from), nil
}

// printable follows pointers until there is something that prints itself.
func printable(v any) any {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer {
		return v
	}
	for !p.Type().Implements(stringerType) && !p.Type().Implements(errorType) && p.Kind() == reflect.Pointer && !p.IsNil() {
		p = p.Elem()
	}
	return p.Interface()
}

var (
	stringerType = reflect.TypeFor[fmt.Stringer]()
	errorType    = reflect.TypeFor[error]()
)

// predefined lets a function that html/template exports do the work.
func predefined(escaped func(...any) string) func(*Escaper, []byte, any) ([]byte, error) {
	return func(_ *Escaper, dst []byte, v any) ([]byte, error) { return append(dst, escaped(v)...), nil }
}

func appendPredefinedJS(dst []byte, s string, _ int) []byte {
	return append(dst, template.JSEscapeString(s)...)
}

func appendPredefinedQuery(dst []byte, s string, _ int) []byte {
	return append(dst, url.QueryEscape(s)...)
}
