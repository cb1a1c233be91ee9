package escape

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
	"text/template/parse"
)

// contexts is a page with an action in every place that html/template tells
// apart, each behind a mark that names it.
const contexts = `<p id="{{.}}">{{.}}</p>{{. | html}}
<title>{{.}}</title>
<a title={{.}} {{.}}=1 href="{{.}}" data-q="?q={{.}}" href='/a/{{.}}?q={{. | urlquery}}#{{.}}' href={{.}}>
<img srcset="{{.}}" srcset={{.}} style="color: {{.}}; background: url('{{.}}') url({{.}}) '{{.}}'">
<!-- {{.}} -->
<script>let v = {{.}}, d = "{{.}}", s = '{{.}}', r = /{{.}}/, t = ` + "`{{.}}`" + `; // {{.}}
</script>
<style>p { width: {{.}}; content: "{{.}}"; background: url("/{{.}}?{{.}}") } /* {{.}} */</style>
<button onclick="f({{.}}, '{{.}}', /{{.}}/)" onclick=f({{.}}) style=width:{{.}} data-t='{{.}}'>`

// samples are the values that the self-test puts into every context.
func samples() []any {
	var ascii [128]byte
	for c := range ascii {
		ascii[c] = byte(c)
	}
	nasty := string(ascii[:]) + "한글 \u2028\u2029\ufdd0\ufffd\xff%2f%"
	return []any{
		nasty, "", "plain", "javascript:x", "/a b?c=d&e=f", "a.png 1x, b.png 2x", "10px", "expr/**/ession", `\65xpression`,
		template.HTML("<b title=x>&amp; \"" + nasty + "</b>"), template.HTMLAttr("dir=ltr"), template.URL("x:/?a=b'%41"),
		template.JS("f(1)"), template.JSStr(`a\nb'`), template.CSS("a: b"), template.Srcset("a, b 2x"),
		-42, uint8(7), 1e21, float32(1e-7), true, nil, []string{"<a>", "b"},
	}
}

// SelfTest compares every escaper with html/template's of the Go that the
// program was built with, on a value of every kind in every context, and
// returns the first difference. It takes less than a millisecond.
func SelfTest() error {
	tmpl, err := template.New("self-test").Parse(contexts)
	if err != nil {
		return fmt.Errorf("escape: self-test: %w", err)
	}
	if err := tmpl.Execute(io.Discard, nil); err != nil {
		return fmt.Errorf("escape: self-test: %w", err)
	}
	chains, err := chainsOf(tmpl.Tree)
	if err != nil {
		return err
	}
	var want bytes.Buffer
	var got []byte
	for _, v := range samples() {
		want.Reset()
		if err := tmpl.Execute(&want, v); err != nil {
			return fmt.Errorf("escape: self-test: %w", err)
		}
		if got, err = render(got[:0], tmpl.Tree, chains, v); err != nil {
			return fmt.Errorf("escape: self-test: %w", err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			return difference(tmpl.Tree, chains, v, want.Bytes())
		}
	}
	return nil
}

// chainsOf returns the escapers of the tree's actions, in their order. After
// the template has been executed they stand in its pipelines.
func chainsOf(tree *parse.Tree) ([]*Escaper, error) {
	var chains []*Escaper
	for _, node := range tree.Root.Nodes {
		action, ok := node.(*parse.ActionNode)
		if !ok {
			continue
		}
		var escapers []*Escaper
		for _, cmd := range action.Pipe.Cmds[1:] {
			name := cmd.Args[0].String()
			e, ok := Named(name)
			if !ok {
				return nil, fmt.Errorf("escape: this Go's html/template has an escaper that Dram does not know: %s", name)
			}
			escapers = append(escapers, e)
		}
		chains = append(chains, Chain(escapers...))
	}
	return chains, nil
}

// render writes the page of a tree that holds texts and actions alone.
func render(dst []byte, tree *parse.Tree, chains []*Escaper, v any) ([]byte, error) {
	next := 0
	for _, node := range tree.Root.Nodes {
		if text, ok := node.(*parse.TextNode); ok {
			dst = append(dst, text.Text...)
			continue
		}
		var err error
		if dst, err = chains[next].Append(dst, v); err != nil {
			return dst, err
		}
		next++
	}
	return dst, nil
}

// difference says which escaper made the first difference to want.
func difference(tree *parse.Tree, chains []*Escaper, v any, want []byte) error {
	rest := string(want)
	next := 0
	for _, node := range tree.Root.Nodes {
		piece := ""
		if text, ok := node.(*parse.TextNode); ok {
			piece = string(text.Text)
		} else {
			made, err := chains[next].Append(nil, v)
			if err != nil {
				return fmt.Errorf("escape: self-test: %w", err)
			}
			piece = string(made)
			next++
		}
		if !strings.HasPrefix(rest, piece) {
			return fmt.Errorf("escape: %s differs from this Go's html/template: of %T %q it made %q, not %.80q…",
				chains[max(0, next-1)].name, v, fmt.Sprint(v), piece, rest)
		}
		rest = rest[len(piece):]
	}
	return fmt.Errorf("escape: the page ends differently from this Go's html/template: it lacks %.80q", rest)
}
