package escape_test

import (
	"fmt"
	"html/template"

	"github.com/dram-go/dram/framework/view/escape"
)

// What stands in <a href="…"> goes through three escapers.
func ExampleChain() {
	filter, _ := escape.Named("_html_template_urlfilter")
	normalize, _ := escape.Named("_html_template_urlnormalizer")
	attr, _ := escape.Named("_html_template_attrescaper")
	href := escape.Chain(filter, normalize, attr)

	fmt.Printf("%s\n", href.AppendString(nil, "/search?q=go lang&page=2"))
	fmt.Printf("%s\n", href.AppendString(nil, "javascript:alert(1)"))
	// Output:
	// /search?q=go%20lang&amp;page=2
	// #ZgotmplZ
}

func ExampleEscaper_Append() {
	html, _ := escape.Named("_html_template_htmlescaper")
	for _, v := range []any{"<b>", template.HTML("<b>"), 42, nil} {
		made, err := html.Append(nil, v)
		fmt.Printf("%s %v\n", made, err)
	}
	// Output:
	// &lt;b&gt; <nil>
	// <b> <nil>
	// 42 <nil>
	//  <nil>
}
