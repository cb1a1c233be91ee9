package escape_test

import (
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/view/escape"
)

type (
	label   string
	number  int64
	onValue struct{ S string }
	onPtr   struct{ S string }
	marshal struct{ S string }
	fails   struct{}
)

func (v onValue) String() string               { return "<" + v.S + ">" }
func (p *onPtr) String() string                { return "&" + p.S }
func (m marshal) MarshalJSON() ([]byte, error) { return []byte(`{"s":"` + m.S + `"}`), nil }
func (m marshal) String() string               { return "not me" }
func (fails) MarshalJSON() ([]byte, error)     { return nil, errors.New("*/ <script> <!-- +") }

func pointer[T any](v T) *T { return &v }

// texts are the strings that escapers treat in ways of their own.
func texts() []string {
	list := []string{
		"", " ", "plain", "0", "-1", "<b>bold</b>", `a "quoted" & 'other' + <thing>`, "한글 ✓ \u2028 \u2029 \ufdd0 \ufffe \uffff \ufff0 \U0001f600",
		"\xff\xe2\x80", "\xe2\x80\xa8\xe2", "\xf0\xe2\x80\xa9", "http://a.b/?c=d&e=f#g", "HTTPS:x", "mailto:a@b", "javascript:alert(1)", "a/b:c", ":", "%", "%4", "%41", "%4g%", "/한글?q= ",
		"a.png 1x, b.png 2x", " a.png , ,b", "javascript:x 1x, b", "a.png 1x;", "a\vb c",
		"10px", "-5", "--x", "a--b", "expression", "e x/pression", "EXPRESSION", "moz-binding", "mozBinding", "-moz-binding", "e.x.p.r.e.s.s.i.o.n", "e+xpre sion",
		`\65xpression`, `\`, `a\`, `\41 b`, `red\;`, "url(x)", "1px\\9", "$`{}", "a-b", "href", "onclick", "TITLE", "\u212a", "data-x", "xmlns:a", "ſrc", "title1",
		"</script>", "<!--", "]]>", "\x00\x01\x1f\x7f", "a\r\nb", "+", "日本" + strings.Repeat("x", 30) + "<", strings.Repeat("y", 64),
	}
	for c := range 256 {
		list = append(list, string([]byte{byte(c)}), string([]byte{'a', byte(c), 'b'}), string([]byte{byte(c), ' '}))
	}
	return list
}

// values are everything else.
func values() []any {
	when := time.Date(2026, 2, 3, 4, 5, 6, 7, time.FixedZone("KST", 9*3600))
	list := []any{
		nil, true, false, 0, 1, -1, int8(-8), int16(16), int32(-32), int64(math.MinInt64), uint(1), uint8(8), uint16(16), uint32(32), uint64(math.MaxUint64), uintptr(7),
		1.0, 0.0, math.Copysign(0, -1), 1e6, 1e20, 1e21, 1e-6, 1e-7, 123456789.0, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1), math.Inf(-1),
		float32(0.1), float32(1e-6), float32(1e21), float32(1e-9), float32(math.Inf(1)), complex(1, -2), 'x',
		label("<l>"), number(-7), onValue{"v"}, &onValue{"v"}, onPtr{"p"}, &onPtr{"p"}, pointer(&onPtr{"p"}), marshal{"m"}, &marshal{"m"}, fails{},
		errors.New("<error>"), fmt.Errorf("a: %w", errors.New("b")), when, &when, 90 * time.Second, time.March, netip.MustParseAddr("::1"),
		pointer("<s>"), pointer(pointer("<s>")), (*string)(nil), (*onPtr)(nil), (*int)(nil), pointer(5), pointer(1.5), pointer(true),
		[]string{"<a>", "b"}, []byte("<bytes>"), []int(nil), map[string]int{"<k>": 1}, struct{ A, B string }{"<", ">"}, [2]bool{true}, []any{1, "<", nil},
		template.HTML(""), pointer(template.HTML("<b>x</b>")), pointer(template.URL("x:y")), []template.HTML{"<b>"},
	}
	for _, s := range []string{
		"", "plain", `<b title="x">a &amp; 'b' + c</b>&lt;`, "<script>alert(1)</script>x", `dir="ltr"`, "javascript:x('%41')", "a b,c d", `a\nb\'"</script>`, "color: red; x: url('a')", "a.png 1x, b,c 2x",
		"한글\u2028\xff", "f(x) + 1", "<", "a<b",
	} {
		list = append(list, template.HTML(s), template.HTMLAttr(s), template.URL(s), template.JS(s), template.JSStr(s), template.CSS(s), template.Srcset(s))
	}
	return list
}

// TestAgainstOracle compares every escaper and every chain with html/template,
// behind bytes that must stay.
func TestAgainstOracle(t *testing.T) {
	t.Parallel()
	lists := everyList()
	o := newOracle(t, lists...)
	for _, list := range lists {
		e := chainOf(t, list)
		name := strings.Join(list, "|")
		for _, s := range texts() {
			want, err := o.escape(list, s)
			if err != nil {
				t.Fatalf("%s of %q: %v", name, s, err)
			}
			if got := string(e.AppendString([]byte("<+"), s)); got != "<+"+want {
				t.Errorf("%s: AppendString(%q) = %q, html/template makes %q", name, s, got, want)
			}
			if got := string(e.EscapeFrom([]byte("<+"+s), 2)); got != "<+"+want {
				t.Errorf("%s: EscapeFrom(%q) = %q, html/template makes %q", name, s, got, want)
			}
		}
		for _, v := range values() {
			want, wantErr := o.escape(list, v)
			got, err := e.Append([]byte("<+"), v)
			if wantErr != nil {
				if err == nil {
					t.Errorf("%s: Append(%T %[2]v) is no error, html/template's is %v", name, v, wantErr)
				}
				continue
			}
			if err != nil || string(got) != "<+"+want {
				t.Errorf("%s: Append(%T %[2]v) = %q, %v, html/template makes %q", name, v, got, err, want)
			}
		}
	}
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("no") }

func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{{"_html_template_jsvalescaper"}, {"_html_template_jsvalescaper", "_html_template_attrescaper"}} {
		if _, err := chainOf(t, list).Append(nil, panics{}); err == nil {
			t.Errorf("%v: the panic of a method is no error", list)
		}
	}
}

func TestSelfTest(t *testing.T) {
	t.Parallel()
	if err := escape.SelfTest(); err != nil {
		t.Fatal(err)
	}
}

// TestNoAllocation: strings, numbers, bools and safe content cost no memory.
func TestNoAllocation(t *testing.T) {
	when := time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)
	free := map[string][]any{
		"_html_template_htmlescaper":    {"plain", "<b> & \"c\" + 한글", 42, -1.5, 1e21, true, template.HTML("<b>")},
		"_html_template_attrescaper":    {"plain", "<b> & \"c\"", 42, true},
		"_html_template_rcdataescaper":  {"plain", "<b>", 42, template.HTML("&lt;<")},
		"_html_template_nospaceescaper": {"plain", "a b=\ufdd0", 42},
		"_html_template_urlescaper":     {"a b&c", 42, template.URL("a b")},
		"_html_template_srcsetescaper":  {"a b.png 1x, c", template.Srcset("a")},
		"_html_template_jsstrescaper":   {"a'b</script>", 42},
		"_html_template_jsvalescaper":   {"a'b</script>\xff", 42, -1e21, true, template.JS("f()")},
		"_html_template_cssvaluefilter": {"10px", "x/y", 42, template.CSS("a")},
		"_html_template_htmlnamefilter": {template.HTMLAttr("a=b")},
		"html":                          {"<b>", 42},
	}
	buf := make([]byte, 0, 4096)
	for name, list := range free {
		e, _ := escape.Named(name)
		for _, v := range list {
			if n := testing.AllocsPerRun(10, func() { buf, _ = e.Append(buf[:0], v) }); n != 0 {
				t.Errorf("%s of %T %[2]v: %v allocations", name, v, n)
			}
		}
	}
	urls := chainOf(t, chains[0])
	if n := testing.AllocsPerRun(10, func() {
		buf = urls.AppendString(buf[:0], "/question/?page=2&kw=한글 '")
		buf = urls.AppendInt(buf, 42)
		from := len(buf)
		buf = urls.EscapeFrom(when.AppendFormat(buf, time.RFC3339), from)
	}); n != 0 {
		t.Errorf("a URL: %v allocations", n)
	}
}
