// Package mail sends mail: over SMTP in production, into files in development,
// into memory in tests.
//
//	mailer := mail.New(conf)
//	app.Add(mailer) // Start and Check: is there a server to send to?
//
//	err := mailer.Send(ctx, mail.Message{
//		To:      []string{"김철수 <cs@example.org>"},
//		Subject: "비밀번호 재설정",
//		Text:    "아래 주소에서 …",
//	})
//
// Bodies are usually pages of the app's templates; [Render] makes a message of
// one, with the page's title as the subject and a text for readers that show
// no HTML.
//
// # Settings
//
//	[mail]
//	url  = "smtp://postmaster:secret@mail.example.org"   # or DRAM_MAIL_URL
//	from = "Board <board@example.org>"
//
// smtp:// is port 587 and demands STARTTLS, unless the host is this machine or
// the URL ends in ?tls=off; smtps:// is port 465. A password is never sent in
// the clear to another machine. file:DIR keeps mails as files.
//
// Without url, development keeps mails in .dram/mail, one .eml file each that
// mail programs open, and logs a line; in production Start fails and says what
// to set. Under test mails always go to memory, whatever the settings say:
//
//	site.Submit("auth.reset", url.Values{"email": {"cs@example.org"}})
//	m, err := site.App.Mail.Memory().Next(t.Context())
//
// # What Send promises
//
// When Send returns nil, the server has taken the mail for all recipients;
// whether it arrives is the server's business. An [*Error] says whether trying
// again later makes sense. Nothing is queued and nothing tried twice: a mail
// server may take seconds, so a handler should send by c.Go, and a mail that
// must not be lost belongs into a table that a job works off.
//
// Line breaks and other control characters in addresses, subject, header or
// file names are refused; they would let a visitor write headers.
package mail
