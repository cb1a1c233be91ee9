package escape

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"text/template/parse"
)

// everyChain has an action for every chain of escapers that html/template
// makes; .s is the string.
const everyChain = `{{.s}}{{.s | html}}{{.s | urlquery}}{{js .s}}<title>{{.s}}</title>
<a title="{{.s}}" title={{.s}} {{.s}}=1 href="{{.s}}" href="/a/{{.s}}?q={{.s}}" href={{.s}} href=/{{.s}}?{{.s}}>
<img srcset="{{.s}}" srcset={{.s}} style="color: {{.s}}; a: url('{{.s}}') '{{.s}}'" style=a:{{.s}}><!-- {{.s}} -->
<script>let v = {{.s}}, s = '{{.s}}', r = /{{.s}}/, t = ` + "`{{.s}}`" + `</script>
<style>p { content: "{{.s}}"; background: url("/?{{.s}}") }</style>
<button onclick="f({{.s}}, '{{.s}}', /{{.s}}/)" onclick=f({{.s}})>`

// strings for everyChain: all of ASCII but most of its letters and digits,
// what is above it, and what the filters refuse.
var selfTestStrings = func() []string {
	var nasty []byte
	for c := range byte(128) {
		if c <= '0' || c > '9' && c <= 'A' || c > 'Z' && c <= 'a' || c > 'z' {
			nasty = append(nasty, c)
		}
	}
	return []string{string(nasty) + "한\u2028\u2029\ufdd0\ufffd\xff%2f%", "", "javascript:x,a.png"}
}()

// everyKind has an action for every kind of value that an escaper knows.
const everyKind = `{{.html}}{{.int}}{{.float}}{{.bool}}{{.list}}{{.nil}}{{.url}}<title>{{.html}}</title>
<a title="{{.html}}" title={{.html}} {{.attr}} href="{{.url}}" href="?{{.url}}" href="{{.int}}" srcset="{{.set}}" srcset="{{.url}}" style="{{.css}}">
<script>a = {{.js}} + {{.jsstr}} + {{.int}} + {{.float}} + {{.bool}} + {{.list}} + {{.nil}} + '{{.jsstr}}' + '{{.js}}'</script>`

// selfTestKinds are the values of everyKind.
var selfTestKinds = map[string]any{
	"html": template.HTML(`<b title=x>&amp; "+"</b>`), "attr": template.HTMLAttr("dir=ltr"), "url": template.URL("x:/?a=b'%41,"),
	"js": template.JS("f('1')"), "jsstr": template.JSStr(`a\n'b`), "css": template.CSS("a: b"), "set": template.Srcset("a, b 2x"),
	"int": -42, "float": 1e21, "bool": true, "list": []string{"<a>", "b"}, "nil": nil,
}

// SelfTest compares every escaper with html/template's of the Go that the
// program was built with, in every context and with every kind of value, and
// returns the first difference. It takes about a millisecond.
func SelfTest() error {
	chains, err := newProbe(everyChain)
	if err != nil {
		return err
	}
	for _, s := range selfTestStrings {
		if err := chains.compare(map[string]any{"s": s}); err != nil {
			return err
		}
	}
	kinds, err := newProbe(everyKind)
	if err != nil {
		return err
	}
	return kinds.compare(selfTestKinds)
}

// probe is a page of texts and of actions that name a value of a map each.
type probe struct {
	tmpl *template.Template
	// escapers has one for each action, in their order.
	escapers []*Escaper
}

// newProbe escapes the page and reads its pipelines.
func newProbe(page string) (*probe, error) {
	tmpl, err := template.New("self-test").Parse(page)
	if err == nil {
		err = tmpl.Execute(io.Discard, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("escape: self-test: %w", err)
	}
	p := &probe{tmpl: tmpl}
	for _, node := range tmpl.Tree.Root.Nodes {
		action, ok := node.(*parse.ActionNode)
		if !ok {
			continue
		}
		var escapers []*Escaper
		for _, cmd := range action.Pipe.Cmds {
			name, ok := cmd.Args[0].(*parse.IdentifierNode)
			if !ok {
				continue
			}
			e, ok := Named(name.Ident)
			if !ok {
				return nil, fmt.Errorf("escape: this Go's html/template has an escaper that Dram does not know: %s", name.Ident)
			}
			escapers = append(escapers, e)
		}
		p.escapers = append(p.escapers, Chain(escapers...))
	}
	return p, nil
}

// compare executes the page and returns the first difference to the own
// escapers.
func (p *probe) compare(data map[string]any) error {
	var want bytes.Buffer
	if err := p.tmpl.Execute(&want, data); err != nil {
		return fmt.Errorf("escape: self-test: %w", err)
	}
	rest := want.Bytes()
	var piece []byte
	action := 0
	for _, node := range p.tmpl.Tree.Root.Nodes {
		e, v := Chain(), any(nil)
		if text, ok := node.(*parse.TextNode); ok {
			piece = append(piece[:0], text.Text...)
		} else {
			e, v = p.escapers[action], data[field(node)]
			action++
			var err error
			if piece, err = e.Append(piece[:0], v); err != nil {
				return fmt.Errorf("escape: self-test: %w", err)
			}
		}
		if !bytes.HasPrefix(rest, piece) {
			return fmt.Errorf("escape: %s differs from this Go's html/template: of the %T %[2]q it made %q, not %.80q…", e.name, v, piece, rest)
		}
		rest = rest[len(piece):]
	}
	if len(rest) > 0 {
		return fmt.Errorf("escape: this Go's html/template ends the page of the self-test with %.80q", rest)
	}
	return nil
}

// field returns the key that an action names: "s" in {{js .s | …}}.
func field(action parse.Node) string {
	for _, cmd := range action.(*parse.ActionNode).Pipe.Cmds {
		for _, arg := range cmd.Args {
			if f, ok := arg.(*parse.FieldNode); ok {
				return f.Ident[0]
			}
		}
	}
	return ""
}
