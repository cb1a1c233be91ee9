package mail_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/mail"
	"github.com/dram-go/dram/framework/view"

	"testing/fstest"
)

// A mail made of a page of the app's templates.
func ExampleRender() {
	pages := view.New(view.Options{FS: fstest.MapFS{
		"layouts/mail.html": {Data: []byte("<!DOCTYPE html><title>{{block `title` .}}{{end}}</title><body>{{block `content` .}}{{end}}<hr>Board")},
		"mail/reset.html": {Data: []byte(`{{/* layout: mail */}}
{{define "title"}}Your password, {{.Name}}{{end}}
{{define "content"}}<p>Choose a new one <a href="{{.Link}}">here</a>, within an hour.</p>{{end}}`)},
	}})
	data := map[string]string{"Name": "Kim & Lee", "Link": "https://example.org/reset/x1"}
	m, err := mail.Render(pages, "mail/reset.html", data, nil)
	if err != nil {
		log.Fatal(err)
	}
	m.To = []string{"kim@example.org"}

	var box mail.Memory // in an app the Mailer
	if err := box.Send(context.Background(), m); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Subject)
	fmt.Println(strings.Repeat("=", len(m.Subject)))
	fmt.Print(m.Text)
	// Output:
	// Your password, Kim & Lee
	// ========================
	// Choose a new one here (https://example.org/reset/x1), within an hour.
	//
	// ----
	//
	// Board
}

// An app sends by its Mailer; in tests the mail lands in memory.
func ExampleMailer() {
	conf := config.Default(".")
	conf.Env, conf.Mail.From = config.Test, "Board <board@example.org>"
	mailer := mail.New(conf) // in an app: app.Add(mailer)

	err := mailer.Send(context.Background(), mail.Message{
		To:      []string{"Kim <kim@example.org>"},
		Subject: "Welcome",
		Text:    "You are in.",
	})
	if err != nil {
		log.Fatal(err)
	}
	got, err := mailer.Memory().Next(context.Background())
	fmt.Println(got.To, got.Subject, err)

	err = mailer.Send(context.Background(), mail.Message{To: []string{"kim@example.org"}, Subject: "two\nlines"})
	fmt.Println(err != nil)
	// Output:
	// [Kim <kim@example.org>] Welcome <nil>
	// true
}
