package escape_test

import (
	"html/template"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/view/escape"
)

// The strings are those of a page: a title, a paragraph, a link.
var (
	title     = "Go 언어로 웹 프레임워크 만들기"
	paragraph = strings.Repeat("It is a long established fact that a reader will be distracted. ", 8) + "She said \"no\" & left."
	link      = "/question/12/?page=2&kw=go"
)

func BenchmarkAppend(b *testing.B) {
	html, _ := escape.Named("_html_template_htmlescaper")
	value, _ := escape.Named("_html_template_jsvalescaper")
	urls := chainOf(b, chains[0])
	buf := make([]byte, 0, 4096)
	for name, f := range map[string]func(){
		"html/title":      func() { buf = html.AppendString(buf[:0], title) },
		"html/paragraph":  func() { buf = html.AppendString(buf[:0], paragraph) },
		"html/int":        func() { buf = html.AppendInt(buf[:0], 12345) },
		"url/link":        func() { buf = urls.AppendString(buf[:0], link) },
		"js/title":        func() { buf = value.AppendString(buf[:0], title) },
		"html/title/std":  func() { _ = template.HTMLEscapeString(title) },
		"html/copy":       func() { buf = append(buf[:0], paragraph...) },
		"html/typed HTML": func() { buf, _ = html.Append(buf[:0], template.HTML("<b>")) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkSelfTest(b *testing.B) {
	for b.Loop() {
		_ = escape.SelfTest()
	}
}
