package escape_test

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/view/escape"
)

// contextual are html/template's own escapers, predefined those that a
// template may name, too.
var (
	contextual = []string{
		"_html_template_attrescaper", "_html_template_commentescaper", "_html_template_cssescaper",
		"_html_template_cssvaluefilter", "_html_template_htmlnamefilter", "_html_template_htmlescaper",
		"_html_template_jsregexpescaper", "_html_template_jsstrescaper", "_html_template_jstmpllitescaper",
		"_html_template_jsvalescaper", "_html_template_nospaceescaper", "_html_template_rcdataescaper",
		"_html_template_srcsetescaper", "_html_template_urlescaper", "_html_template_urlfilter",
		"_html_template_urlnormalizer", "_eval_args_",
	}
	predefined = []string{"html", "js", "urlquery"}
	// chains are those that html/template makes.
	chains = [][]string{
		{"_html_template_urlfilter", "_html_template_urlnormalizer", "_html_template_attrescaper"},
		{"_html_template_urlfilter", "_html_template_urlnormalizer", "_html_template_nospaceescaper"},
		{"_html_template_urlnormalizer", "_html_template_attrescaper"},
		{"_html_template_urlescaper", "_html_template_attrescaper"},
		{"_html_template_urlescaper", "_html_template_nospaceescaper"},
		{"_html_template_jsvalescaper", "_html_template_attrescaper"},
		{"_html_template_jsvalescaper", "_html_template_nospaceescaper"},
		{"_html_template_jsstrescaper", "_html_template_nospaceescaper"},
		{"_html_template_jsregexpescaper", "_html_template_nospaceescaper"},
		{"_html_template_cssvaluefilter", "_html_template_attrescaper"},
		{"_html_template_cssvaluefilter", "_html_template_nospaceescaper"},
		{"_html_template_urlfilter", "_html_template_cssescaper"},
		{"_html_template_srcsetescaper", "_html_template_attrescaper"},
		{"_html_template_srcsetescaper", "_html_template_nospaceescaper"},
		{"_html_template_htmlnamefilter"},
		{"_html_template_commentescaper", "_html_template_nospaceescaper"},
		{"urlquery", "_html_template_attrescaper"},
		{"_eval_args_", "html"},
		{"js", "_html_template_htmlescaper"},
	}
)

// call is what the oracle's template is executed with.
type call struct {
	in  any
	out string
}

// oracle runs html/template's own functions: its escaper puts them in the
// place of the stubs of the same names.
type oracle struct {
	set *template.Template
}

func newOracle(t testing.TB, lists ...[]string) *oracle {
	t.Helper()
	funcs := template.FuncMap{
		"in":  func(c *call) any { return c.in },
		"put": func(c *call, out string) string { c.out = out; return "" },
	}
	for _, name := range contextual {
		funcs[name] = func(any) string { return "stub" }
	}
	var text strings.Builder
	for _, list := range lists {
		fmt.Fprintf(&text, "{{define %q}}{{$out := in . | %[2]s}}{{$done := put . $out}}{{end}}", strings.Join(list, "|"), strings.Join(list, " | "))
	}
	set, err := template.New("").Funcs(funcs).Parse(text.String())
	if err != nil {
		t.Fatal(err)
	}
	return &oracle{set}
}

func (o *oracle) escape(list []string, v any) (string, error) {
	c := &call{in: v}
	err := o.set.ExecuteTemplate(io.Discard, strings.Join(list, "|"), c)
	return c.out, err
}

// everyList returns each escaper alone, and the chains.
func everyList() [][]string {
	var lists [][]string
	for _, name := range append(append([]string{}, contextual...), predefined...) {
		lists = append(lists, []string{name})
	}
	for _, chain := range chains {
		if len(chain) > 1 {
			lists = append(lists, chain)
		}
	}
	return lists
}

// chainOf returns our escaper of the same names.
func chainOf(t testing.TB, list []string) *escape.Escaper {
	t.Helper()
	var escapers []*escape.Escaper
	for _, name := range list {
		e, ok := escape.Named(name)
		if !ok {
			t.Fatalf("there is no escaper %s", name)
		}
		escapers = append(escapers, e)
	}
	return escape.Chain(escapers...)
}
