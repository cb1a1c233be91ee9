// Package escape holds html/template's escapers as functions that append.
//
// html/template ends every action of a page with the escapers of the place
// where the action stands: {{.Link}} in <a href="{{.Link}}"> becomes
//
//	{{.Link | _html_template_urlfilter | _html_template_urlnormalizer | _html_template_attrescaper}}
//
// Its own escapers take any value, return a string and cannot be called from
// outside. Those of this package carry the same names and write the same bytes
// to the end of a buffer, without an allocation wherever the value is a
// string, a number, a bool or content that is already safe:
//
//	html, _ := escape.Named("_html_template_htmlescaper")
//	buf = html.AppendString(buf, "<b>")       // &lt;b&gt;
//	buf = html.AppendInt(buf, 42)
//	buf, err = html.Append(buf, template.HTML("<b>")) // <b>
//
// [Chain] makes one escaper of several. [Escaper.EscapeFrom] escapes what
// somebody else has appended, a time that formats itself for instance.
//
// What is not worth an own version, such as taking the tags out of
// [template.HTML] for an attribute or [encoding/json] for a struct, is done by
// html/template's own function.
//
// html/template is the standard by which this package is measured: fuzzed
// tests compare bytes with it, and [SelfTest] does so in about a millisecond
// when a program starts, so that another Go than the one this was written for
// cannot change a page without a word.
package escape
