package mail

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Message is a mail. Addresses are written "cs@example.org" or
// "김철수 <cs@example.org>" (RFC 5322 section 3.4).
type Message struct {
	From    string // empty: [mail] from
	ReplyTo string
	To      []string
	Cc      []string
	Bcc     []string // get the mail, and nobody sees it
	Subject string
	// Text and HTML are the same content; at least one is needed, and both are
	// better than HTML alone.
	Text        string
	HTML        string
	Attachments []Attachment
	// Header holds further fields, like List-Unsubscribe. Those that the other
	// fields of Message make cannot be set here.
	Header map[string]string
}

// Attachment is a file that comes with a mail.
type Attachment struct {
	Name string
	Type string // media type; empty: application/octet-stream
	Data []byte
}

// recipients returns everybody who gets the message.
func (m *Message) recipients() []string { return slices.Concat(m.To, m.Cc, m.Bcc) }

// composer makes what goes over the wire of messages.
type composer struct {
	from string
	now  func() time.Time
}

// compose checks a message, fills in the sender and returns what is sent.
func (c composer) compose(m *Message) (*gomail.Msg, error) {
	m.From = cmp.Or(m.From, c.from)
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	out := gomail.NewMsg(gomail.WithEncoding(m.encoding()), gomail.WithNoDefaultUserAgent())
	if err := m.address(out); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	out.Subject(m.Subject)
	out.SetDateWithValue(c.now())
	sender := out.GetFrom()[0].Address
	out.SetMessageIDWithValue(rand.Text() + sender[strings.LastIndex(sender, "@"):])
	for name, value := range m.Header {
		out.SetGenHeader(gomail.Header(name), value)
	}
	switch {
	case m.HTML == "":
		out.SetBodyString(gomail.TypeTextPlain, m.Text)
	case m.Text == "":
		out.SetBodyString(gomail.TypeTextHTML, m.HTML)
	default: // the best last (RFC 2046 section 5.1.4)
		out.SetBodyString(gomail.TypeTextPlain, m.Text)
		out.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		media := gomail.WithFileContentType(gomail.ContentType(cmp.Or(a.Type, "application/octet-stream")))
		if err := out.AttachReader(a.Name, bytes.NewReader(a.Data), media); err != nil {
			return nil, fmt.Errorf("mail: attachment %q: %w", a.Name, err)
		}
	}
	return out, nil
}

// encoding is what is shorter: quoted-printable triples each byte of Korean.
func (m *Message) encoding() gomail.Encoding {
	for _, text := range []string{m.Subject, m.Text, m.HTML} {
		if strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
			return gomail.EncodingB64
		}
	}
	return gomail.EncodingQP
}

// address sets sender and recipients.
func (m *Message) address(out *gomail.Msg) error {
	from, err := parseAddress("sender", m.From)
	if err != nil {
		return err
	}
	out.FromMailAddress(from)
	if m.ReplyTo != "" {
		reply, err := parseAddress("reply address", m.ReplyTo)
		if err != nil {
			return err
		}
		out.ReplyToMailAddress(reply)
	}
	for header, list := range map[gomail.AddrHeader][]string{gomail.HeaderTo: m.To, gomail.HeaderCc: m.Cc, gomail.HeaderBcc: m.Bcc} {
		var parsed []*netmail.Address
		for _, text := range list {
			a, err := parseAddress("recipient", text)
			if err != nil {
				return err
			}
			parsed = append(parsed, a)
		}
		if len(parsed) > 0 {
			out.SetAddrHeaderFromMailAddress(header, parsed...)
		}
	}
	return nil
}

func parseAddress(what, text string) (*netmail.Address, error) {
	if hasControl(text) {
		return nil, fmt.Errorf("the %s %q has a control character", what, text)
	}
	a, err := netmail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("the %s %q is no address like a@example.org or Name <a@example.org>: %w", what, text, err)
	}
	return a, nil
}

// check looks at everything but the addresses.
func (m *Message) check() error {
	switch {
	case m.From == "":
		return errors.New("the message has no sender: set From, or from in [mail]")
	case len(m.recipients()) == 0:
		return errors.New("the message has no recipient")
	case m.Subject == "":
		return errors.New("the message has no subject")
	case hasControl(m.Subject):
		return fmt.Errorf("the subject %q has a control character", m.Subject)
	case m.Text == "" && m.HTML == "":
		return errors.New("the message has neither text nor HTML")
	}
	for name, value := range m.Header {
		if err := checkHeader(name, value); err != nil {
			return err
		}
	}
	for _, a := range m.Attachments {
		if a.Name == "" || hasControl(a.Name) || strings.ContainsAny(a.Name, `/\`) || hasControl(a.Type) {
			return fmt.Errorf("an attachment has the name %q and the type %q, expected a plain file name", a.Name, a.Type)
		}
	}
	return nil
}

// ownHeaders are made of the fields of a Message or by compose.
const ownHeaders = " from to cc bcc reply-to sender subject date message-id mime-version content-type content-transfer-encoding "

func checkHeader(name, value string) error {
	isName := name != "" && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) < 0
	switch {
	case !isName:
		return fmt.Errorf("%q is no name of a header field", name)
	case strings.Contains(ownHeaders, " "+strings.ToLower(name)+" "):
		return fmt.Errorf("the header field %s cannot be set", name)
	case hasControl(value):
		return fmt.Errorf("the header field %s has a control character: %q", name, value)
	}
	return nil
}

func hasControl(text string) bool { return strings.IndexFunc(text, unicode.IsControl) >= 0 }
