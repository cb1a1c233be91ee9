package mail

import (
	"bytes"
	"fmt"
	"io"
)

// Engine renders pages. The templates of an app (*view.Set) are one.
type Engine interface {
	Render(w io.Writer, page string, data, scope any) error
}

// Render makes a message of a page: the page is the HTML, its <title> the
// subject, and [Text] of it the text. Who sends it to whom is left open. data
// and scope are what the engine gives to the page. In an app of Dram the engine
// is app.Pages(locale), and scope nil:
//
//	m, err := mail.Render(s.Pages(user.Locale), "mail/reset.html", data, nil)
//	if err != nil {
//		return err
//	}
//	m.To = []string{user.Email}
//	return s.Mail.Send(ctx, m)
//
// A page for mail chooses a layout of its own on its first line, or none,
// carries its style in itself and links with full URLs: a mail is read far
// from the site.
func Render(engine Engine, page string, data, scope any) (Message, error) {
	var html bytes.Buffer
	if err := engine.Render(&html, page, data, scope); err != nil {
		return Message{}, fmt.Errorf("mail: %w", err)
	}
	title, text := readHTML(html.String())
	return Message{Subject: title, HTML: html.String(), Text: text}, nil
}
