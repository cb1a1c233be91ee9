package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// composed is a message and what it looks like on the wire.
type composed struct {
	Message
	wire *gomail.Msg
}

// smtp sends over a connection of its own for each mail.
type smtp struct {
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	policy         gomail.TLSPolicy
	timeout        time.Duration
	roots          *x509.CertPool // nil: those of the machine
}

// farewell is how long a server may take to answer QUIT.
const farewell = time.Second

// newSMTP reads a URL that package config has found to be good, or one that
// the program has set.
func newSMTP(text string, timeout time.Duration) (*smtp, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("mail: url in [mail] is not smtp://USER:PASSWORD@HOST:PORT, smtps://… or file:DIR") // without the text: it may hold a password
	}
	password, _ := u.User.Password()
	s := &smtp{host: u.Hostname(), user: u.User.Username(), password: password, timeout: timeout, implicit: u.Scheme == "smtps"}
	s.port, s.policy = 587, gomail.TLSMandatory
	switch {
	case s.implicit:
		s.port, s.policy = 465, gomail.NoTLS // the connection is TLS already
	case u.Query().Get("tls") == "off":
		s.policy = gomail.NoTLS
	case isThisMachine(s.host):
		s.policy = gomail.TLSOpportunistic
	}
	if port := u.Port(); port != "" {
		if s.port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("mail: url in [mail]: port %q", port)
		}
	}
	if s.policy == gomail.NoTLS && !s.implicit && s.user != "" && !isThisMachine(s.host) {
		return nil, errors.New("mail: url in [mail] would send its password in the clear: leave out ?tls=off, or the user")
	}
	return s, nil
}

func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *smtp) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

func (s *smtp) send(ctx context.Context, m *composed) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.deliver(ctx, m.wire)
	if err == nil {
		return nil
	}
	temporary := isTemporary(err)
	if ctx.Err() != nil { // what the broken connection says is no help then
		err, temporary = fmt.Errorf("%w (%w)", context.Cause(ctx), err), true
	}
	return &Error{Server: s.address(), Temporary: temporary, Err: err}
}

// deliver hands one message over. The library neither closes its connection
// after each failure nor ends a command with ctx, so the connection is ours.
func (s *smtp) deliver(ctx context.Context, wire *gomail.Msg) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := gomail.NewClient(s.host, s.options(func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := s.dial(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	})...)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(session, wire); err != nil {
		return err
	}
	// The mail is taken, whatever the server says to the farewell, if anything.
	defer time.AfterFunc(farewell, cancel).Stop()
	_ = client.CloseWithSMTPClient(session)
	return nil
}

func (s *smtp) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if s.implicit {
		return (&tls.Dialer{Config: s.tls()}).DialContext(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (s *smtp) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

func (s *smtp) options(dial gomail.DialContextFunc) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.port),
		gomail.WithTimeout(s.timeout + time.Second), // the context ends before
		gomail.WithTLSPolicy(s.policy),
		gomail.WithTLSConfig(s.tls()),
		gomail.WithDialContextFunc(dial),
		gomail.WithoutNoop(), // the connection is fresh
		gomail.WithoutRset(), // and used once; a failure after the mail would look like one of it
	}
	if s.user != "" {
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

// isTemporary reports whether the same mail may go through later.
func isTemporary(err error) bool {
	var sending *gomail.SendError
	if errors.As(err, &sending) {
		return sending.IsTemp() || sending.ErrorCode() == 0 // the connection broke
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code < 500
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
