package mail

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"time"
)

// maxLetter bounds what is read of one mail, in bytes.
const maxLetter = 32 << 20

// Letter is a mail as its reader gets it.
type Letter struct {
	Name        string // of the file in the mailbox
	From        string
	To          string
	Cc          string
	Subject     string
	Date        time.Time
	Text        string
	HTML        string
	Attachments []Attachment
}

// readLetter parses a mail (RFC 5322) with its parts (RFC 2045).
func readLetter(r io.Reader) (Letter, error) {
	m, err := netmail.ReadMessage(io.LimitReader(r, maxLetter))
	if err != nil {
		return Letter{}, fmt.Errorf("mail: read a letter: %w", err)
	}
	word := new(mime.WordDecoder)
	header := func(name string) string {
		text, err := word.DecodeHeader(m.Header.Get(name))
		if err != nil {
			return m.Header.Get(name)
		}
		return text
	}
	l := Letter{From: header("From"), To: header("To"), Cc: header("Cc"), Subject: header("Subject")}
	if l.Date, err = m.Header.Date(); err != nil {
		return Letter{}, fmt.Errorf("mail: the date of a letter: %w", err)
	}
	if err := l.add(part{m.Header.Get, m.Body}); err != nil {
		return Letter{}, fmt.Errorf("mail: read a letter: %w", err)
	}
	return l, nil
}

// part is a mail or a part of one.
type part struct {
	header func(name string) string
	body   io.Reader
}

// add takes over a part, or all parts of it.
func (l *Letter) add(p part) error {
	media, params, err := mime.ParseMediaType(p.header("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(media, "multipart/") {
		return l.addAll(multipart.NewReader(p.body, params["boundary"]))
	}
	data, err := io.ReadAll(p.decoded())
	if err != nil {
		return err
	}
	disposition, named, _ := mime.ParseMediaType(p.header("Content-Disposition"))
	switch {
	case disposition == "attachment":
		name, err := new(mime.WordDecoder).DecodeHeader(named["filename"])
		if err != nil {
			name = named["filename"]
		}
		l.Attachments = append(l.Attachments, Attachment{Name: name, Type: media, Data: data})
	case media == "text/html":
		l.HTML = newlines(data)
	case media == "text/plain":
		l.Text = newlines(data)
	}
	return nil
}

func (l *Letter) addAll(parts *multipart.Reader) error {
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.add(part{p.Header.Get, p}); err != nil {
			return err
		}
	}
}

func (p part) decoded() io.Reader {
	switch strings.ToLower(p.header("Content-Transfer-Encoding")) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p.body)
	case "quoted-printable":
		return quotedprintable.NewReader(p.body)
	}
	return p.body
}

// newlines undoes the line ends of mail.
func newlines(text []byte) string { return strings.ReplaceAll(string(text), "\r\n", "\n") }
