package form

import (
	"embed"
	"io/fs"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/dram-go/dram/framework/i18n"
)

//go:embed messages/*.toml
var messages embed.FS

// builtin returns Dram's own messages. They are read once and never change.
var builtin = sync.OnceValue(func() *i18n.Catalog {
	folder, err := fs.Sub(messages, "messages")
	if err != nil {
		panic(err)
	}
	catalog, err := i18n.Load(folder, "en")
	if err != nil {
		panic(err) // a test loads them
	}
	return catalog
})

// say returns the message for a rule that a field breaks, or for the form as a
// whole if f is nil.
func (c *core) say(f *field, rule, param string) string {
	return c.compose(f, rule, f.variant(rule), param, "")
}

// sayBroken returns the message for an error of the validator.
func (c *core) sayBroken(f *field, broken validator.FieldError) string {
	variant := variantOf(broken.Kind(), broken.Type())
	if variant == "" || canonicalRule(broken.Tag()) == "required" {
		variant = f.variant(broken.Tag())
	}
	other := ""
	if comparesFields(broken.Tag()) {
		other = c.otherLabel(c.path(broken), broken)
	}
	return c.compose(f, broken.Tag(), variant, c.readableParam(f, broken.Tag(), broken.Param()), other)
}

// sayUntagged returns the message for a field that is no part of the form.
func (c *core) sayUntagged(broken validator.FieldError) string {
	f := &field{name: broken.StructField()}
	return c.sayBroken(f, broken)
}

// compose looks a message up, from the most to the least special, in the
// locale of the form, then in the default locale, then in English.
func (c *core) compose(f *field, rule, variant, param, other string) string {
	args := i18n.Args{"param": param, "other": other}
	last := "invalid_form"
	if f != nil {
		args["label"], last = c.label(f), "invalid"
	}
	if n, err := strconv.Atoi(param); err == nil {
		args["n"] = n
	}
	for _, locale := range []string{c.locale, c.catalog.Default(), "en"} {
		for _, rules := range [][]string{specialise(rule, variant), {last}} {
			if message, ok := c.lookup(locale, f, rules, args); ok {
				return message
			}
		}
	}
	return rule
}

// specialise lists the keys under which a rule may have its message.
func specialise(rule, variant string) []string {
	var keys []string
	for _, r := range []string{rule, canonicalRule(rule)} {
		if variant != "" {
			keys = append(keys, r+"_"+variant)
		}
		keys = append(keys, r)
	}
	return keys
}

// lookup asks the app's catalogue for the field, then in general, then Dram's.
func (c *core) lookup(locale string, f *field, rules []string, args i18n.Args) (string, bool) {
	if f != nil && c.plan.key != "" {
		for _, rule := range rules {
			if key := c.key(f, rule); c.catalog.Has(locale, key) {
				return c.catalog.T(locale, key, args), true
			}
		}
	}
	if f == nil && c.plan.key != "" {
		if key := "form." + c.plan.key + "." + rules[0]; c.catalog.Has(locale, key) {
			return c.catalog.T(locale, key, args), true
		}
	}
	for _, catalog := range []*i18n.Catalog{c.catalog, builtin()} {
		for _, rule := range rules {
			if catalog.Has(locale, "form."+rule) {
				return catalog.T(locale, "form."+rule, args), true
			}
		}
	}
	return "", false
}

// key is the catalogue key of a text that belongs to a field.
func (c *core) key(f *field, what string) string {
	return "form." + c.plan.key + "." + f.name + "." + what
}

// own returns the text of a field in the app's catalogue: in the locale, or
// else in the default one.
func (c *core) own(f *field, what string) (string, bool) {
	if c.plan.key == "" {
		return "", false
	}
	key := c.key(f, what)
	if c.catalog.Has(c.locale, key) || c.catalog.Has(c.catalog.Default(), key) {
		return c.catalog.T(c.locale, key), true
	}
	return "", false
}

// label returns what a field is called.
func (c *core) label(f *field) string {
	if label, ok := c.own(f, "label"); ok {
		return label
	}
	if f.label != "" {
		return f.label
	}
	return humanise(f.name)
}

// humanise turns address.zip_code into "Zip code".
func humanise(name string) string {
	name = name[strings.LastIndexByte(name, '.')+1:]
	name = strings.NewReplacer("_", " ", "-", " ").Replace(name)
	return strings.ToUpper(name[:1]) + name[1:]
}

// otherLabel returns the label of the field that a rule compares with.
func (c *core) otherLabel(path string, broken validator.FieldError) string {
	if other := c.otherField(path, broken.Tag(), broken.Param()); other != nil {
		return c.label(other)
	}
	return humanise(snake(broken.Param()))
}

// readableParam returns the parameter of a rule as people write it.
func (c *core) readableParam(f *field, rule, param string) string {
	switch rule {
	case "oneof", "oneofci", "noneof", "noneofci":
		values := splitChoices(param)
		for i, value := range values {
			values[i] = c.choiceLabel(f, value)
		}
		return strings.Join(values, ", ")
	case "datetime":
		return readable(param)
	}
	return param
}

// readable writes a layout of package time as people know it: YYYY-MM-DD.
func readable(layout string) string {
	return strings.NewReplacer("2006", "YYYY", "01", "MM", "02", "DD", "15", "hh", "04", "mm", "05", "ss", "T", " ").Replace(layout)
}

// variant is the ending that messages about this field may have.
func (f *field) variant(rule string) string {
	if f == nil {
		return ""
	}
	if canonicalRule(rule) == "required" {
		return f.requiredVariant()
	}
	if f.slice {
		return "items"
	}
	switch f.kind {
	case integer, unsigned, decimal:
		return "number"
	case moment:
		return "time"
	case text, custom:
		return "text"
	}
	return ""
}

// requiredVariant tells what has to be done with an empty input.
func (f *field) requiredVariant() string {
	switch f.input {
	case "select", "radio":
		return "choice"
	case "file":
		return "file"
	case "checkbox":
		if f.slice {
			return "choice"
		}
		return "box"
	}
	return ""
}

// variantOf is the ending for the value that an error is about, which may be
// an element of the field.
func variantOf(kind reflect.Kind, typ reflect.Type) string {
	switch kind {
	case reflect.String:
		return "text"
	case reflect.Slice, reflect.Array, reflect.Map:
		return "items"
	case reflect.Struct:
		if typ == timeType {
			return "time"
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return "number"
	}
	return ""
}

// canonicalRule returns the rule whose message a rule shares.
func canonicalRule(rule string) string {
	switch rule {
	case "required_if", "required_unless", "required_with", "required_with_all", "required_without", "required_without_all":
		return "required"
	case "excluded_if", "excluded_unless", "excluded_with", "excluded_with_all", "excluded_without", "excluded_without_all", "isdefault":
		return "excluded"
	case "gte":
		return "min"
	case "lte":
		return "max"
	case "eq_ignore_case":
		return "eq"
	case "ne_ignore_case":
		return "ne"
	case "oneofci":
		return "oneof"
	case "noneofci":
		return "noneof"
	case "eqcsfield", "necsfield", "gtcsfield", "gtecsfield", "ltcsfield", "ltecsfield":
		return rule[:len(rule)-len("csfield")] + "field"
	case "http_url", "https_url", "uri":
		return "url"
	case "uuid3", "uuid4", "uuid5", "uuid7", "uuid_rfc4122", "uuid3_rfc4122", "uuid4_rfc4122", "uuid5_rfc4122":
		return "uuid"
	case "ip_addr":
		return "ip"
	case "ip4_addr":
		return "ipv4"
	case "ip6_addr":
		return "ipv6"
	case "cidrv4", "cidrv6":
		return "cidr"
	case "hostname_rfc1123", "hostname_label", "dns_rfc1035_label":
		return "hostname"
	case "base64url", "base64rawurl":
		return "base64"
	case "rgb", "rgba", "hsl", "hsla", "cmyk", "hexcolor":
		return "iscolor"
	case "isbn10", "isbn13":
		return "isbn"
	case "alphaunicode":
		return "alpha"
	case "alphanumunicode":
		return "alphanum"
	case "bcp47_strict_language_tag":
		return "bcp47_language_tag"
	case "printascii":
		return "ascii"
	case "containsrune":
		return "contains"
	case "excludesrune":
		return "excludes"
	case "iso3166_1_alpha2", "iso3166_1_alpha3", "iso3166_1_alpha_numeric":
		return "country_code"
	}
	return rule
}
