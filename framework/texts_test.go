package dram_test

import (
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// textApp says texts that there are and some that there are not.
func textApp(t *testing.T, env config.Env) (*dram.App, *logLines) {
	t.Helper()
	app, log := newApp(t, env, folders(
		"templates/layouts/base.html", `{{block "content" .}}{{end}}`,
		"templates/book.html", "{{define \"content\"}}{{t \"book.title\"}}\n  {{template \"row\" .}}{{end}}",
		"templates/partials/row.html", "\n<td>{{t . 3}}",
		"templates/literal.html", "{{define \"content\"}}\n{{t \"book.titel\"}}{{end}}",
		"locales/en.toml", "[book]\ntitle = \"Books\"\n", "locales/ko.toml", "[book]\nsubtitle = \"부제\"\n",
	))
	app.Get("/literal", func(c *dram.Context) error { return c.Render("literal.html", nil) })
	app.Get("/made/{key}", func(c *dram.Context) error { return c.Render("book.html", c.Param("key")) })
	app.Get("/code", func(c *dram.Context) error { return c.Text(c.T("book.code") + c.App().T("en", "book.mail")) })
	return app, log
}

func TestDevelopmentWarnsOfMissingTexts(t *testing.T) {
	app, log := textApp(t, config.Development)
	const message = "locales/ lacks a text, the page shows its key"
	for range 2 {
		wantBody(t, get(app, "/literal"), 200, "book.titel")
		wantBody(t, get(app, "/made/book.row"), 200, "Books", "book.row")
		wantBody(t, get(app, "/made/book.title"), 200, "Books")
		wantBody(t, get(app, "/code"), 200, "book.codebook.mail")
	}
	for _, want := range []string{
		`"level":"WARN","msg":"` + message + `","key":"book.titel","locale":"en","at":"templates/literal.html:2:3","near":"book.title"}`,
		`"key":"book.row","locale":"en","at":"templates/book.html or what it includes"`,
		`"key":"book.code","locale":"en","at":"texts_test.go:`,
		`"key":"book.mail","locale":"en","at":"texts_test.go:`,
	} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("not once %s in\n%s", want, log)
		}
	}
	if n := strings.Count(log.String(), message); n != 4 {
		t.Errorf("%d warnings\n%s", n, log)
	}
	if !app.HasText("ko", "book.title") || !app.HasText("ko", "book.subtitle") || app.HasText("ko", "book.titel") {
		t.Error("HasText")
	}

	app, log = textApp(t, config.Production)
	if err := app.Build(); err == nil || !strings.Contains(err.Error(), "templates/literal.html:2:3") {
		t.Errorf("Build: %v", err)
	}
	get(app, "/made/x")
	if strings.Contains(log.String(), message) {
		t.Errorf("production logs what visitors make up:\n%s", log)
	}
}
