package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/dram-go/dram/framework/config"
)

// Sender is what code that sends mail should ask for. [*Mailer] is one, and
// [*Memory] for tests.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Mailer sends as the [mail] section says. It may be used by many goroutines.
type Mailer struct {
	composer
	to    transport
	fault error // of the settings
	log   *slog.Logger
}

// transport takes composed messages.
type transport interface {
	send(ctx context.Context, m *composed) error
}

// defaultBox is where development keeps mails, below the app's root.
const defaultBox = ".dram/mail"

// New returns the mailer of an app. It opens nothing; what is wrong with the
// settings is said by Start, Check and Send.
func New(conf *config.Config) *Mailer {
	m := &Mailer{composer: composer{from: conf.Mail.From, now: conf.Now}}
	m.to, m.fault = newTransport(conf)
	if m.from != "" || m.fault != nil {
		return m
	}
	if conf.Env == config.Production {
		m.fault = errors.New(`mail: nothing says who sends mail: set from in [mail] (DRAM_MAIL_FROM), like "Board <board@example.org>"`)
		return m
	}
	m.from = conf.Name + "@localhost"
	return m
}

func newTransport(conf *config.Config) (transport, error) {
	text := conf.Mail.URL
	if conf.Env == config.Test {
		return &Memory{}, nil // a test must never reach somebody's mailbox
	}
	if text == "" && conf.Env == config.Development {
		text = "file:" + defaultBox
	}
	if text == "" {
		return nil, errors.New("mail: nothing says where to send mail: set url in [mail] (DRAM_MAIL_URL) to smtp://USER:PASSWORD@HOST:PORT, or to file:DIR to keep mails in files; DRAM_ENV=development keeps them in " + defaultBox)
	}
	if dir, ok := strings.CutPrefix(text, "file:"); ok {
		return Mailbox{Dir: conf.Path(dir)}, nil
	}
	return newSMTP(text, conf.Mail.Timeout)
}

// SetLog sets where the mailbox of development writes its lines: app.SetLog
// calls it. Without it that is what slog.Default returns when a mail comes.
func (m *Mailer) SetLog(log *slog.Logger) { m.log = log }

// Start reports whether the settings say where mail goes and who sends it. It
// does not talk to the server: an app must start while that is down.
func (m *Mailer) Start(context.Context) error { return m.fault }

// Check reports what Start does.
func (m *Mailer) Check(context.Context) error { return m.fault }

// Memory returns the mailbox of a test, nil outside tests.
func (m *Mailer) Memory() *Memory {
	box, _ := m.to.(*Memory)
	return box
}

// Send sends a message and returns when it is taken, at the latest when ctx or
// the timeout of [mail] ends. What is wrong with the message itself is a plain
// error, what goes wrong on the way an [*Error].
func (m *Mailer) Send(ctx context.Context, message Message) error {
	if m.fault != nil {
		return m.fault
	}
	msg, err := m.compose(&message)
	if err != nil {
		return err
	}
	to := m.to
	if box, ok := to.(Mailbox); ok && box.Log == nil {
		box.Log = cmp.Or(m.log, slog.Default())
		to = box
	}
	return to.send(ctx, &composed{message, msg})
}

// Error is a mail that the server did not take, or not for all recipients.
type Error struct {
	Server string // HOST:PORT
	// Temporary says that trying again later makes sense: the server could not
	// be reached, or asked for that by a reply of 400 to 499 (RFC 5321 section
	// 4.2.1).
	Temporary bool
	Err       error // the cause, often a *textproto.Error with the reply
}

// Error names the server and the cause.
func (e *Error) Error() string { return fmt.Sprintf("mail: sending by %s: %v", e.Server, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
