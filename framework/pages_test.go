package dram_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/mail"
)

// postOffice is an app that writes mails.
func postOffice(t *testing.T, describe func(*dram.App)) (*dram.App, *logLines) {
	t.Helper()
	app, log := newApp(t, config.Test, folders(
		"templates/layouts/mail.html", `<html lang="{{locale}}"><title>{{block "title" .}}{{end}}</title>{{block "content" .}}{{end}}`,
		"templates/mail/reset.html", "{{/* layout: mail */}}\n{{define \"title\"}}{{t \"reset\" .Name}}{{end}}\n"+
			`{{define "content"}}<p><a href="{{.Site}}{{url "reset" .Token}}">{{t "here"}}</a>{{with user}} for {{.}}{{end}}{{range flashes}}!{{end}} {{path}}</p>{{end}}`,
		"templates/broken.html", "{{/* layout: none */}}half{{.Nope}}",
		"locales/en.toml", "reset = \"Your password, {0}\"\nhere = \"here\"\n",
		"locales/ko.toml", "reset = \"{0}님의 비밀번호\"\nhere = \"여기\"\n",
	))
	ok := func(c *dram.Context) error { return c.NoContent() }
	app.Get("/reset/{token}/", ok).Name("reset")
	app.Get("/ask/", func(c *dram.Context) error {
		c.SetUser(func(*dram.Context) (any, error) { return "kim", nil })
		return c.App().Pages("ko").Render(c.Writer, "mail/reset.html", letter, c)
	})
	if describe != nil {
		describe(app)
	}
	return app, log
}

var letter = dram.Map{"Name": "Kim", "Token": "a b", "Site": "https://board.example"}

// TestMailOutsideOfARequest sends one as a job does.
func TestMailOutsideOfARequest(t *testing.T) {
	app, _ := postOffice(t, nil)
	var box mail.Memory
	for _, tt := range []struct{ locale, subject, text string }{
		{"ko-KR", "Kim님의 비밀번호", "여기 (https://board.example/reset/a%20b/) /\n"},
		{"en", "Your password, Kim", "here (https://board.example/reset/a%20b/) /\n"},
		{"fr", "Your password, Kim", "here (https://board.example/reset/a%20b/) /\n"},
		{"", "Your password, Kim", "here (https://board.example/reset/a%20b/) /\n"},
	} {
		m, err := mail.Render(app.Pages(tt.locale), "mail/reset.html", letter, nil)
		if err != nil {
			t.Fatal(err)
		}
		m.To = []string{"kim@example.org"}
		if err := box.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		sent, err := box.Next(t.Context())
		if err != nil || sent.Subject != tt.subject || sent.Text != tt.text {
			t.Errorf("%s: %q %q, %v", tt.locale, sent.Subject, sent.Text, err)
		}
	}
}

func TestPagesOutsideOfARequest(t *testing.T) {
	app, _ := postOffice(t, (*dram.App).LocaleByPath)
	var page bytes.Buffer
	if err := app.Pages("ko").Render(&page, "mail/reset.html", letter, nil); err != nil || !strings.Contains(page.String(), `<html lang="ko">`) ||
		!strings.Contains(page.String(), `"https://board.example/ko/reset/a%20b/"`) {
		t.Errorf("%v\n%s", err, &page)
	}
	wantBody(t, get(app, "/en/ask/"), 200, `<html lang="en">`, "here</a> for kim /en/ask/")

	page.Reset()
	if err := app.Pages("").Render(&page, "broken.html", struct{}{}, nil); err == nil || !strings.Contains(err.Error(), "templates/broken.html:1:") || page.Len() > 0 {
		t.Errorf("%v\n%s", err, &page)
	}
	if err := app.Pages("").Render(&page, "mail/reset.html", letter, "scope"); err == nil || !strings.Contains(err.Error(), "scope of type *dram.Context") {
		t.Error(err)
	}
	app, _ = postOffice(t, func(a *dram.App) { a.Get("/nil/", nil) })
	if err := app.Pages("").Render(&page, "mail/reset.html", letter, nil); err == nil || !strings.Contains(err.Error(), "/nil/ has no handler") {
		t.Error(err)
	}
}

func TestTemplatesSaysWhoRendersThem(t *testing.T) {
	app, _ := newApp(t, config.Test, folders(
		"templates/layouts/base.html", `<title>{{block "title" .}}{{end}}</title>{{block "content" .}}{{end}}`,
		"templates/good.html", `{{define "title"}}{{.Title}}{{end}}{{define "content"}}{{range .Rows}}{{.}}{{end}}{{end}}`,
		"templates/odd.html", "{{define \"content\"}}\n  {{with ($x := .Title)}}{{$x}}{{end}}{{end}}",
	))
	want := [][]string{
		{"good.html", "compiled", ""},
		{"odd.html", "html/template", "templates/odd.html:2:11: variable $x is declared inside of an expression"},
	}
	if got := app.Templates(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestImpureFuncRunsOnce(t *testing.T) {
	app, _ := newApp(t, config.Test, folders(
		"templates/ticket.html", `{{/* layout: none */}}{{draw}} {{range .}}{{.}}{{end}} {{draw}}`,
	))
	drawn := 0
	app.ImpureFunc("draw", func(*dram.Context) int { drawn++; return drawn })
	var page bytes.Buffer
	left := func(yield func(int) bool) { yield(7) } // html/template ranges over these
	if err := app.Pages("").Render(&page, "ticket.html", left, nil); err != nil || page.String() != "1 7 2" || drawn != 2 {
		t.Errorf("%q, %v, drawn %d times", &page, err, drawn)
	}
}

func TestPagesAreNotCompiledWhereTheConfigurationSaysSo(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Env, conf.Pages.Compile = config.Test, false
	app := dram.New(conf, folders("templates/a.html", `{{/* layout: none */}}{{.}}`))
	if got := app.Templates(); len(got) != 1 || got[0][1] != "html/template" || got[0][2] != "compiling is turned off" {
		t.Errorf("%q", got)
	}
	var page bytes.Buffer
	if err := app.Pages("").Render(&page, "a.html", "<", nil); err != nil || page.String() != "&lt;" {
		t.Errorf("%q, %v", &page, err)
	}
}
