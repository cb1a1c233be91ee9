package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

// ContentType is the media type of every page.
const ContentType = "text/html; charset=utf-8"

var (
	//go:embed error.css
	errorCSS string
	//go:embed debug.css
	debugCSS string
)

// CSP is the Content-Security-Policy that every page of this package works
// under, and the strictest that lets the dev server's script run on it: our
// two inline styles are allowed by their hash (CSP Level 3, section 2.3.1),
// no other inline style or script is.
var CSP = fmt.Sprintf("default-src 'self'; style-src 'self' %s %s; img-src 'self' data:; "+
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'", hash(errorCSS), hash(debugCSS))

// hash returns the source expression that allows exactly this inline style.
func hash(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// mustParse parses one of the embedded pages; they are part of the binary and
// the tests execute them, so a fault here is a fault of this package.
func mustParse(name, text, style string) *template.Template {
	style = "<style>" + style + "</style>"
	return template.Must(template.New(name).Funcs(template.FuncMap{
		// As a value the style keeps its bytes; as template text it would
		// lose its comments and with them its hash.
		"style": func() template.HTML { return template.HTML(style) },
	}).Parse(text))
}
