package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/google/go-cmp/cmp"
	gomail "github.com/wneessen/go-mail"
)

// settings returns the configuration of an app that sends to url.
func settings(t *testing.T, env config.Env, url string) *config.Config {
	t.Helper()
	conf := config.Default(t.TempDir())
	conf.Env, conf.Name = env, "qna"
	conf.Mail.URL = url
	conf.Mail.From = "게시판 <board@example.org>"
	conf.Mail.Timeout = 20 * time.Second
	conf.Now = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	return conf
}

// mailer returns one that trusts the server's certificate.
func (s *server) mailer(scheme, user string) *Mailer {
	s.t.Helper()
	m := New(settings(s.t, config.Production, s.url(scheme, user)))
	if err := m.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	m.to.(*smtp).roots = s.roots
	return m
}

func hello() Message {
	return Message{To: []string{"cs@example.org"}, Subject: "Hello", Text: "Hello.\n"}
}

func TestSend(t *testing.T) {
	s := newServer(t, func(s *server) { s.startTLS, s.auth = true, true })
	m := s.mailer("smtp", "u%40x:p%20w@")
	err := m.Send(t.Context(), Message{
		ReplyTo:     "no-reply@example.org",
		To:          []string{"김철수 <cs@example.org>", "b@example.org"},
		Cc:          []string{"c@example.org"},
		Bcc:         []string{"hidden@example.org"},
		Subject:     "비밀번호를 다시 정해 주세요: 이 제목은 한 줄에 들어가지 않을 만큼 깁니다, 정말로 꽤 깁니다",
		Text:        "안녕하세요.\n.점으로 시작하는 줄\n" + strings.Repeat("긴 줄 ", 400) + "\n",
		HTML:        "<p>안녕하세요.</p>",
		Attachments: []Attachment{{Name: "보고서.pdf", Type: "application/pdf", Data: []byte("%PDF\x00\xff")}, {Name: "a b.bin", Data: []byte{1}}},
		Header:      map[string]string{"List-Unsubscribe": "<https://example.org/u/1>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, l, secure := s.letter()
	if !secure {
		t.Error("the mail came in the clear")
	}
	want := Letter{
		From: "게시판 <board@example.org>", To: "김철수 <cs@example.org>, <b@example.org>", Cc: "<c@example.org>",
		Subject:     "비밀번호를 다시 정해 주세요: 이 제목은 한 줄에 들어가지 않을 만큼 깁니다, 정말로 꽤 깁니다",
		Date:        time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Text:        "안녕하세요.\n.점으로 시작하는 줄\n" + strings.Repeat("긴 줄 ", 400) + "\n",
		HTML:        "<p>안녕하세요.</p>",
		Attachments: []Attachment{{Name: "보고서.pdf", Type: "application/pdf", Data: []byte("%PDF\x00\xff")}, {Name: "a b.bin", Type: "application/octet-stream", Data: []byte{1}}},
	}
	l.From, l.To = strings.ReplaceAll(l.From, `"`, ""), strings.ReplaceAll(l.To, `"`, "")
	l.Date = l.Date.UTC()
	if diff := cmp.Diff(want, l); diff != "" {
		t.Errorf("letter (-want +got):\n%s", diff)
	}
	for _, line := range strings.Split(raw, "\r\n") {
		if len(line) > 998 || strings.IndexFunc(line, func(r rune) bool { return r > 126 }) >= 0 {
			t.Errorf("a line that mail cannot carry: %q", line)
		}
	}
	if strings.Contains(raw, "hidden") || !strings.Contains(raw, "List-Unsubscribe: <https://example.org/u/1>") ||
		!strings.Contains(raw, "@example.org>\r\n") || strings.Contains(raw, "User-Agent") {
		t.Errorf("header:\n%s", raw)
	}
	heard := s.heard()
	for _, want := range []string{"MAIL FROM:<board@example.org>", "RCPT TO:<cs@example.org>", "RCPT TO:<b@example.org>", "RCPT TO:<c@example.org>", "RCPT TO:<hidden@example.org>", "QUIT"} {
		if !strings.Contains(heard, want) {
			t.Errorf("the server did not hear %s:\n%s", want, heard)
		}
	}
	if before, _, _ := strings.Cut(heard, "STARTTLS"); strings.Contains(before, "AUTH") {
		t.Error("the password was sent before TLS")
	}
}

func TestSendWithImplicitTLS(t *testing.T) {
	s := newServer(t, func(s *server) { s.implicit, s.auth = true, true })
	if err := s.mailer("smtps", "u%40x:p%20w@").Send(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	raw, l, secure := s.letter()
	if !secure || l.Text != "Hello.\n" || l.HTML != "" || !strings.Contains(raw, "\r\nHello.\r\n") {
		t.Errorf("TLS %v, mail:\n%s", secure, raw)
	}
}

// TestOnThisMachine: a mail catcher or a relay at the loopback rarely has TLS.
func TestOnThisMachine(t *testing.T) {
	s := newServer(t, nil)
	m := Message{To: []string{"cs@example.org"}, From: "other@example.net", Subject: "Hi", HTML: "<p>Hi</p>\n"}
	if err := s.mailer("smtp", "").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if _, l, _ := s.letter(); l.From != "<other@example.net>" || l.HTML != "<p>Hi</p>\n" || l.Text != "" {
		t.Errorf("%+v", l)
	}
}

func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		change    func(*server)
		scheme    string
		user      string
		temporary bool
		want      string
	}{
		"greylisted":       {func(s *server) { s.replies["RCPT"] = "451 4.7.1 come back later" }, "smtp", "", true, `451 "4.7.1 come back later"`},
		"unknown user":     {func(s *server) { s.replies["RCPT"] = "550 5.1.1 nobody here" }, "smtp", "", false, `550 "5.1.1 nobody here"`},
		"spam":             {func(s *server) { s.replies["."] = "554 5.7.1 spam" }, "smtp", "", false, `554 "5.7.1 spam"`},
		"mailbox full":     {func(s *server) { s.replies["."] = "452 4.2.2 full" }, "smtp", "", true, `452 "4.2.2 full"`},
		"wrong password":   {func(s *server) { s.auth = true }, "smtp", "u:wrongsecret@", false, "535"},
		"no login":         {nil, "smtp", "u:wrongsecret@", false, "AUTH"},
		"not now":          {func(s *server) { s.replies["220"] = "421 shutting down" }, "smtp", "", true, "421"},
		"go away":          {func(s *server) { s.replies["220"] = "554 no" }, "smtp", "", false, "554"},
		"hangs up":         {func(s *server) { s.replies["EHLO"], s.replies["HELO"] = "drop", "drop" }, "smtp", "", true, "EOF"},
		"hangs up at data": {func(s *server) { s.replies["DATA"] = "drop" }, "smtp", "", true, "EOF"},
		"not TLS":          {nil, "smtps", "", false, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, tt.change)
			err := s.mailer(tt.scheme, tt.user).Send(t.Context(), hello())
			var failed *Error
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), tt.want) || failed.Temporary != tt.temporary || failed.Server != s.listener.Addr().String() {
				t.Errorf("got %+v, want %q, temporary %v", err, tt.want, tt.temporary)
			}
			if strings.Contains(fmt.Sprint(err), "wrongsecret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	s := newServer(t, nil)
	s.listener.Close()
	err := s.mailer("smtp", "").Send(t.Context(), hello())
	var failed *Error
	if !errors.As(err, &failed) || !failed.Temporary || failed.Unwrap() == nil {
		t.Errorf("got %v", err)
	}
}

// TestStrangersCertificate: a certificate that nobody vouches for is not taken.
func TestStrangersCertificate(t *testing.T) {
	s := newServer(t, func(s *server) { s.startTLS = true })
	m := s.mailer("smtp", "")
	m.to.(*smtp).roots = nil
	var failed *Error
	if err := m.Send(t.Context(), hello()); !errors.As(err, &failed) || failed.Temporary || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}

// TestNoTLSNoMail: whoever strips STARTTLS from what another machine says gets
// neither the mail nor the password.
func TestNoTLSNoMail(t *testing.T) {
	s := newServer(t, func(s *server) { s.auth = true })
	m := s.mailer("smtp", "u%40x:p%20w@")
	m.to.(*smtp).policy = gomail.TLSMandatory // as for another machine
	if err := m.Send(t.Context(), hello()); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("got %v", err)
	}
	if heard := s.heard(); strings.Contains(heard, "AUTH") || strings.Contains(heard, "MAIL") {
		t.Errorf("the server heard:\n%s", heard)
	}
}

// TestSlowServer: Send ends with its context, whatever the server is doing.
func TestSlowServer(t *testing.T) {
	for _, stage := range []string{"220", "EHLO", "MAIL", "DATA"} {
		s := newServer(t, func(s *server) { s.replies[stage] = "hang" })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := s.mailer("smtp", "").Send(ctx, hello())
		cancel()
		var failed *Error
		if !errors.As(err, &failed) || !failed.Temporary || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hanging at %s: %v", stage, err)
		}
	}
	s := newServer(t, func(s *server) { s.replies["DATA"] = "hang" })
	m := s.mailer("smtp", "")
	m.to.(*smtp).timeout = 50 * time.Millisecond
	if err := m.Send(t.Context(), hello()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the timeout of the settings: %v", err)
	}
}

// TestFarewell: after the server has taken the mail nothing may look like a
// failure, or it would be sent twice.
func TestFarewell(t *testing.T) {
	for _, reply := range []string{"drop", "hang", "500 what"} {
		s := newServer(t, func(s *server) { s.replies["QUIT"], s.replies["RSET"], s.replies["NOOP"] = reply, reply, reply })
		if err := s.mailer("smtp", "").Send(t.Context(), hello()); err != nil {
			t.Errorf("%s: %v", reply, err)
		}
	}
}

func TestInjection(t *testing.T) {
	evil := "x\r\nBcc: victim@example.org"
	box := &Memory{}
	for name, change := range map[string]func(*Message){
		"subject":         func(m *Message) { m.Subject = evil },
		"subject, LF":     func(m *Message) { m.Subject = "x\nBcc: a@b" },
		"subject, NUL":    func(m *Message) { m.Subject = "x\x00" },
		"recipient":       func(m *Message) { m.To = []string{"cs@example.org\r\nBcc: v@example.org"} },
		"name":            func(m *Message) { m.To = []string{"\"x\r\nBcc: v@example.org\" <cs@example.org>"} },
		"two in one":      func(m *Message) { m.Cc = []string{"a@example.org, b@example.org"} },
		"command":         func(m *Message) { m.Bcc = []string{"<a@example.org>\r\nDATA"} },
		"sender":          func(m *Message) { m.From = evil },
		"reply":           func(m *Message) { m.ReplyTo = evil },
		"no address":      func(m *Message) { m.ReplyTo = "nobody" },
		"header":          func(m *Message) { m.Header = map[string]string{"X-A": evil} },
		"header name":     func(m *Message) { m.Header = map[string]string{"X-A: 1\r\nBcc": "x"} },
		"our header":      func(m *Message) { m.Header = map[string]string{"bcc": "v@example.org"} },
		"empty name":      func(m *Message) { m.Header = map[string]string{"": "x"} },
		"attachment":      func(m *Message) { m.Attachments = []Attachment{{Name: evil}} },
		"attachment path": func(m *Message) { m.Attachments = []Attachment{{Name: "../x"}} },
		"attachment type": func(m *Message) { m.Attachments = []Attachment{{Name: "x", Type: evil}} },
		"nobody":          func(m *Message) { m.To = nil },
		"no subject":      func(m *Message) { m.Subject = "" },
		"nothing":         func(m *Message) { m.Text = "" },
	} {
		m := hello()
		change(&m)
		err := box.Send(t.Context(), m)
		var failed *Error
		if err == nil || errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "mail: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(box.Sent()) != 0 {
		t.Errorf("sent %+v", box.Sent())
	}
	m := hello()
	m.Text = evil // text is free
	if err := box.Send(t.Context(), m); err != nil || box.Sent()[0].From != "test@localhost" {
		t.Errorf("%v, %+v", err, box.Sent())
	}
}

func TestSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		env       config.Env
		url, from string
		want      string // of the error, "" for none
	}{
		"production without URL":    {config.Production, "", "a@example.org", "set url in [mail]"},
		"production without sender": {config.Production, "smtp://h", "", "set from in [mail]"},
		"both":                      {config.Production, "", "", "set url in [mail]"},
		"production":                {config.Production, "smtp://h", "a@example.org", ""},
		"development":               {config.Development, "", "", ""},
		"test":                      {config.Test, "smtp://h", "", ""},
		"set by the program":        {config.Production, "http://u:hunter2@h", "a@example.org", "is not smtp://"},
		"password in the clear":     {config.Production, "smtp://u:hunter2@h?tls=off", "a@example.org", "in the clear"},
		"no password in the clear":  {config.Production, "smtp://h?tls=off", "a@example.org", ""},
		"password to this machine":  {config.Production, "smtp://u:p@localhost?tls=off", "a@example.org", ""},
		"port":                      {config.Production, "smtp://h:99999999999999999999", "a@example.org", "port"},
	} {
		conf := settings(t, tt.env, tt.url)
		conf.Mail.From = tt.from
		m := New(conf)
		for verb, err := range map[string]error{"Start": m.Start(t.Context()), "Check": m.Check(t.Context())} {
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("%s: %s: %v, want %q", name, verb, err, tt.want)
			}
		}
		if tt.want != "" && m.Send(t.Context(), hello()) == nil {
			t.Errorf("%s: Send works", name)
		}
	}
	for url, want := range map[string]string{
		"smtp://h": "h:587 TLSMandatory", "smtps://h": "h:465 NoTLS", "smtp://h?tls=off": "h:587 NoTLS",
		"smtp://[::1]:2525": "[::1]:2525 TLSOpportunistic", "smtp://localhost:25": "localhost:25 TLSOpportunistic",
	} {
		to := New(settings(t, config.Production, url)).to.(*smtp)
		if got := to.address() + " " + to.policy.String(); got != want || to.implicit != (to.port == 465) {
			t.Errorf("%s connects to %s, want %s", url, got, want)
		}
	}
}

// TestTestsSendNothing: dram.toml may name a real server, a test reads it too.
func TestTestsSendNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conf := settings(t, config.Test, "smtp://mail.example.org")
		conf.Mail.From = ""
		m := New(conf)
		go func() {
			time.Sleep(time.Second) // of the bubble: a handler's work in the background
			if err := m.Send(t.Context(), hello()); err != nil {
				t.Error(err)
			}
		}()
		got, err := m.Memory().Next(t.Context())
		if err != nil || got.Subject != "Hello" || got.From != "qna@localhost" {
			t.Errorf("got %+v, %v", got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.Memory().Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second mail: %v", err)
		}
		if n := len(m.Memory().Sent()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
	if New(settings(t, config.Production, "smtp://h")).Memory() != nil {
		t.Error("a mailbox of a test outside tests")
	}
}

func TestMailbox(t *testing.T) {
	conf := settings(t, config.Development, "")
	m := New(conf)
	dir := filepath.Join(conf.Root, ".dram", "mail")
	var log bytes.Buffer
	box := Mailbox{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if kept := m.to.(Mailbox); kept.Dir != dir {
		t.Errorf("development keeps mails in %+v", kept)
	}
	m.to = box
	if letters, err := box.Letters(); err != nil || len(letters) != 0 {
		t.Errorf("before the first mail: %v, %v", letters, err)
	}
	for _, subject := range []string{"첫째", "둘째"} {
		msg := hello()
		msg.Subject, msg.Bcc = subject, []string{"hidden@example.org"}
		if err := m.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "0.eml"), []byte("no mail"), 0o600); err != nil {
		t.Fatal(err)
	}
	letters, err := box.Letters()
	if err != nil || len(letters) != 2 || letters[0].Subject != "둘째" || letters[1].Subject != "첫째" || letters[0].Text != "Hello.\n" {
		t.Fatalf("letters %+v, %v", letters, err)
	}
	if l, err := box.Letter(letters[1].Name); err != nil || l.Subject != "첫째" {
		t.Errorf("one letter: %+v, %v", l, err)
	}
	for _, name := range []string{"none.eml", "../../../etc/passwd", "", ".eml", "../x.eml"} {
		if _, err := box.Letter(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("letter %q: %v", name, err)
		}
	}
	for _, want := range []string{"subject=첫째", "hidden@example.org", letters[1].Name} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in the log:\n%s", want, log.String())
		}
	}
	info, err := os.Stat(filepath.Join(dir, letters[0].Name))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// What a mailer says goes to the log of its app, and else to the default log of
// the time when it says it: a program sets that after its New.
func TestMailboxLog(t *testing.T) {
	m := New(settings(t, config.Development, ""))
	send := func() {
		t.Helper()
		if err := m.Send(t.Context(), hello()); err != nil {
			t.Fatal(err)
		}
	}
	var late, own bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(&late, nil)))
	send()
	if !strings.Contains(late.String(), `msg="mail kept, not sent"`) {
		t.Errorf("the default log got %q", late.String())
	}
	late.Reset()
	m.SetLog(slog.New(slog.NewTextHandler(&own, nil)))
	send()
	if late.Len() > 0 || !strings.Contains(own.String(), `msg="mail kept, not sent"`) {
		t.Errorf("the default log got %q, the mailer's own %q", late.String(), own.String())
	}
}

func TestMailboxStaysSmall(t *testing.T) {
	box := Mailbox{Dir: t.TempDir()}
	for i := range maxLetters + 20 {
		if err := os.WriteFile(filepath.Join(box.Dir, fmt.Sprintf("2020%04d.eml", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := New(settings(t, config.Development, "file:"+box.Dir))
	m.to = box
	if err := m.Send(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	names, err := box.names()
	if err != nil || len(names) != maxLetters || strings.HasPrefix(names[0], "2020") || names[len(names)-1] != "20200021.eml" {
		t.Errorf("%d mails, the oldest %s", len(names), names[len(names)-1])
	}
}

func TestMailboxCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := New(settings(t, config.Production, "file:"+file))
	if err := m.Send(t.Context(), hello()); err == nil || !strings.Contains(err.Error(), "mailbox") {
		t.Errorf("got %v", err)
	}
	if _, err := (Mailbox{Dir: file}).Letters(); err == nil {
		t.Error("a file was listed")
	}
}

// page is an engine with one page.
type page string

func (p page) Render(w io.Writer, name string, data, scope any) error {
	if name != "mail/reset.html" {
		return errors.New("no page " + name)
	}
	_, err := fmt.Fprintf(w, string(p), data)
	return err
}

func TestRender(t *testing.T) {
	m, err := Render(page("<!DOCTYPE html><title>Reset &amp; more\n</title><p>Hello %s"), "mail/reset.html", "Kim", nil)
	if err != nil || m.Subject != "Reset & more" || m.Text != "Hello Kim\n" || !strings.HasSuffix(m.HTML, "<p>Hello Kim") {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := Render(page(""), "none.html", nil, nil); err == nil || err.Error() != "mail: no page none.html" {
		t.Errorf("got %v", err)
	}
}

var (
	_ Sender = (*Mailer)(nil)
	_ Sender = (*Memory)(nil)
)
