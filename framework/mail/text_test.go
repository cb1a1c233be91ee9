package mail

import "testing"

func TestText(t *testing.T) {
	for html, want := range map[string]string{
		"":                                   "",
		"<p></p>":                            "",
		"Hi":                                 "Hi\n",
		"<h1>Title</h1><p>One\n two</p><p>3": "Title\n\nOne two\n\n3\n",
		"a<br>b<br/><br>c":                   "a\nb\n\nc\n",
		"<p>a <b>bold</b>, <i>i</i>!</p>":    "a bold, i!\n",
		"<ul>\n<li>one</li>\n<li>two</li>\n</ul><p>end":    "- one\n- two\n\nend\n",
		`<a href="https://x.org/r?a=1&amp;b=2">Reset</a>.`: "Reset (https://x.org/r?a=1&b=2).\n",
		`<a href="https://x.org">https://x.org</a>`:        "https://x.org\n",
		`See <a href="https://x.org">https://x.org</a>`:    "See https://x.org\n",
		`<a href="mailto:a@x.org">a@x.org</a>`:             "a@x.org\n",
		`<a href="#top">up</a>`:                            "up\n",
		`<a href="https://x.org"><img alt="logo"></a>`:     "logo (https://x.org)\n",
		"<style>p{}</style><script>x()</script><p>a":       "a\n",
		"<head><title>T</title></head><body>b</body>":      "b\n",
		"<pre>  a\n    b</pre>c":                           "  a\n    b\n\nc\n",
		"<tr><td>a</td><td>b</td></tr><tr><td>c</td></tr>": "a b\nc\n",
		"a<hr>b":                      "a\n\n----\n\nb\n",
		"1 &lt; 2 &amp;lt; &copy;":    "1 < 2 &lt; ©\n",
		"<div>안녕</div><div>하세요</div>": "안녕\n하세요\n",
	} {
		if got := Text(html); got != want {
			t.Errorf("%s\n got %q\nwant %q", html, got, want)
		}
	}
}
