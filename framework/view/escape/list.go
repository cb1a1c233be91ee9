package escape

import (
	"html/template"
	"sync"
	"unicode/utf8"
)

// The names that html/template gives its escapers.
const (
	prefix         = "_html_template_"
	evalArgs       = "_eval_args_"
	attrEscaper    = prefix + "attrescaper"
	htmlNameFilter = prefix + "htmlnamefilter"
	cssValueFilter = prefix + "cssvaluefilter"
	jsValEscaper   = prefix + "jsvalescaper"
	nospaceEscaper = prefix + "nospaceescaper"
	srcsetEscaper  = prefix + "srcsetescaper"
)

// all returns the escapers by name.
var all = sync.OnceValue(func() map[string]*Escaper {
	list := []*Escaper{
		// HTML.
		{name: prefix + "htmlescaper", special: htmlTable.special(), numbers: true, write: htmlTable.replace, safe: isHTML, trust: verbatim},
		{name: prefix + "rcdataescaper", special: htmlTable.special(), numbers: true, write: htmlTable.replace, safe: isHTML, trust: rcdata},
		{name: attrEscaper, special: htmlTable.special(), numbers: true, write: htmlTable.replace, safe: isHTML, trust: genuineHTML(attrEscaper)},
		{name: nospaceEscaper, special: marked(nospaceTable.special(), utf8.RuneSelf, 255), ifEmpty: failsafe, numbers: true,
			write: appendNospace, safe: isHTML, trust: genuineHTML(nospaceEscaper)},
		{name: htmlNameFilter, write: appendHTMLName, safe: isHTMLAttr, trust: verbatim},
		{name: prefix + "commentescaper", write: appendNothing},
		// URLs.
		{name: prefix + "urlfilter", special: specials(":"), numbers: true, write: appendSafeURL, safe: isURL, trust: verbatim},
		{name: prefix + "urlescaper", special: queryRefused, numbers: true, write: appendQuery, safe: isURL, trust: normalURL},
		{name: prefix + "urlnormalizer", special: urlRefused, numbers: true, write: appendURL},
		{name: srcsetEscaper, special: srcsetSpecial, numbers: true, write: appendSrcset, safe: isSrcset, trust: verbatim},
		// JavaScript.
		{name: jsValEscaper, json: true, write: appendJSString, safe: isJS, trust: verbatim, other: appendGenuine},
		{name: prefix + "jsstrescaper", special: jsSpecial(&jsTable), numbers: true, write: jsTable.replaceJS, safe: isJSStr, trust: normalJS},
		{name: prefix + "jstmpllitescaper", special: jsSpecial(&jsLiteralTable), numbers: true, write: jsLiteralTable.replaceJS},
		{name: prefix + "jsregexpescaper", special: jsSpecial(&jsRegexpTable), ifEmpty: "(?:)", write: jsRegexpTable.replaceJS},
		// CSS.
		{name: prefix + "cssescaper", special: cssTable.special(), numbers: true, write: appendCSS},
		{name: cssValueFilter, numbers: true, write: appendCSSValue, safe: isCSS, trust: verbatim},
		// Those that a template may name itself.
		{name: evalArgs, special: &[256]uint8{}, numbers: true, other: appendPrinted},
		{name: "html", special: predefinedHTMLTable.special(), numbers: true, write: predefinedHTMLTable.replace, other: predefined(template.HTMLEscaper)},
		{name: "js", write: appendPredefinedJS, other: predefined(template.JSEscaper)},
		{name: "urlquery", special: queryRefused, numbers: true, write: appendPredefinedQuery, other: predefined(template.URLQueryEscaper)},
	}
	byName := make(map[string]*Escaper, len(list))
	for _, e := range list {
		if e.other == nil {
			e.other = appendStringified
		}
		byName[e.name] = e
	}
	return byName
})

// jsSpecial returns the bytes that replaceJS looks at.
func jsSpecial(t *table) *[256]uint8 { return marked(t.special(), lineSeparators, lineSeparators) }
