package escape_test

import (
	"html/template"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/dram-go/dram/framework/view/escape"
)

// everywhere has an action in every place that html/template tells apart.
const everywhere = `<p id="{{.}}" id='{{.}}' id={{.}}>{{.}}</p><title>{{.}}</title><textarea>{{.}}</textarea>
<a {{.}} {{.}}="x" href="{{.}}" href='/{{.}}?{{.}}#{{.}}' href={{.}}><meta content="{{.}}"><meta http-equiv="refresh" content="0;url={{.}}">
<img srcset="{{.}}" srcset={{.}}><p style="a: {{.}}; b: url('{{.}}') url({{.}}) url(&quot;{{.}}&quot;) '{{.}}' &quot;{{.}}&quot;" style=a:{{.}} srcdoc="{{.}}">
<!-- {{.}} --><script>a = {{.}} + "{{.}}" + '{{.}}' + /{{.}}/ + ` + "`{{.}} ${ {{.}} }`" + ` // {{.}}
/* {{.}} */ <!-- {{.}}
--> {{.}}
</script><script type="text/x-template">{{.}}</script><script type="application/json">{{.}}</script>
<style>a{{.}} { b: {{.}} "{{.}}" '{{.}}' url({{.}}) url("{{.}}?{{.}}") } /* {{.}} */</style>
<p onclick="{{.}} + '{{.}}' + /{{.}}/" onclick={{.}} data-url="{{.}}">{{.}}{{. | html}}{{. | urlquery}}{{js .}}{{html . .}}<a href="?{{. | urlquery}}"><p title={{urlquery .}}>`

// TestEveryName fails when this Go's html/template has an escaper that Named
// lacks: by what it puts into the pipelines, and by its own list.
func TestEveryName(t *testing.T) {
	t.Parallel()
	tmpl := template.Must(template.New("").Parse(everywhere))
	if err := tmpl.Execute(io.Discard, "x"); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, node := range tmpl.Tree.Root.Nodes {
		if action, ok := node.(*parse.ActionNode); ok {
			for _, cmd := range action.Pipe.Cmds {
				if name, ok := cmd.Args[0].(*parse.IdentifierNode); ok {
					found[name.Ident] = true
				}
			}
		}
	}
	for _, name := range append(slices.Clone(contextual), predefined...) {
		if !found[name] {
			t.Errorf("no context of the test has the escaper %s", name)
		}
	}
	for _, name := range functionsOf(t, tmpl) {
		if strings.HasPrefix(name, "_") {
			found[name] = true
		}
	}
	for name := range found {
		if _, ok := escape.Named(name); !ok {
			t.Errorf("html/template has the escaper %s and Named has not", name)
		}
		if !slices.Contains(contextual, name) && !slices.Contains(predefined, name) {
			t.Errorf("the escaper %s is not compared with html/template's", name)
		}
	}
}

// functionsOf returns the functions that the template knows after it has been
// escaped, html/template's own ones among them.
func functionsOf(t *testing.T, tmpl *template.Template) []string {
	t.Helper()
	common := reflect.ValueOf(tmpl).Elem().FieldByName("text").Elem().FieldByName("common").Elem()
	var names []string
	for _, key := range common.FieldByName("parseFuncs").MapKeys() {
		names = append(names, key.String())
	}
	if len(names) < len(contextual) {
		t.Errorf("html/template knows the functions %q alone", names)
	}
	return names
}
