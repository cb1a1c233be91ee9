package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/pubsub"
)

const (
	// quiet is how long nothing may come before the server is asked whether it
	// is still there: a firewall drops idle connections without a word.
	quiet = 30 * time.Second
	// patience bounds how long the server may take to answer.
	patience = 10 * time.Second
)

// link is the link through one database.
type link struct {
	url     string
	channel string
	quiet   time.Duration
}

// Link returns the link through the database of an app, nil if that is not
// PostgreSQL. It connects to nothing yet.
func Link(conf *config.Config) pubsub.Link {
	if !strings.HasPrefix(conf.Database.URL, "postgres://") && !strings.HasPrefix(conf.Database.URL, "postgresql://") {
		return nil
	}
	// A channel has at most 63 bytes, a name may have more.
	sum := sha256.Sum256([]byte(conf.Name))
	return link{url: conf.Database.URL, channel: "dram_" + hex.EncodeToString(sum[:8]), quiet: quiet}
}

// String names the other end without a password.
func (l link) String() string {
	conf, err := pgx.ParseConfig(l.url)
	if err != nil {
		return "PostgreSQL"
	}
	return fmt.Sprintf("PostgreSQL database %s at %s", conf.Database, conf.Host)
}

// Dial connects twice, because one connection cannot listen and send at once.
func (l link) Dial(ctx context.Context) (pubsub.Conn, error) {
	listener, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := listener.Exec(ctx, "LISTEN "+pgx.Identifier{l.channel}.Sanitize()); err != nil {
		return nil, errors.Join(fmt.Errorf("listening at the %s: %w", l, err), listener.Close(ctx))
	}
	sender, err := l.connect(ctx)
	if err != nil {
		return nil, errors.Join(err, listener.Close(ctx))
	}
	return &conn{link: l, listener: listener, sender: sender, own: sender.PgConn().PID()}, nil
}

func (l link) connect(ctx context.Context) (*pgx.Conn, error) {
	conf, err := pgx.ParseConfig(l.url)
	if err != nil {
		return nil, fmt.Errorf("url in [database]: %w", err) // pgx leaves the password out
	}
	c, err := pgx.ConnectConfig(ctx, conf)
	if err != nil {
		return nil, fmt.Errorf("connecting to the %s: %w", l, err)
	}
	return c, nil
}

// conn is a pair of connections.
type conn struct {
	link     link
	listener *pgx.Conn
	sender   *pgx.Conn
	own      uint32 // process of the sender, whose notifications are ours
}

// Send notifies all that listen.
func (c *conn) Send(m pubsub.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.sender.Exec(ctx, "SELECT pg_notify($1, $2)", c.link.channel, encode(m))
	return err
}

// Receive waits for a notification of another process.
func (c *conn) Receive() (pubsub.Message, error) {
	for {
		n, err := c.wait()
		if err != nil {
			return pubsub.Message{}, err
		}
		if n.PID == c.own {
			continue
		}
		if m, ok := decode(n.Payload); ok {
			return m, nil
		}
	}
}

func (c *conn) wait() (*pgconn.Notification, error) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), c.link.quiet)
		n, err := c.listener.WaitForNotification(ctx)
		silent := ctx.Err() != nil
		cancel()
		if err == nil || !silent || c.listener.IsClosed() {
			return n, err
		}
		if err := c.ping(); err != nil {
			return nil, err
		}
	}
}

func (c *conn) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.listener.Ping(ctx)
}

// Close cuts both connections. It may come while others use them, which pgx's
// own Close may not.
func (c *conn) Close() error {
	for _, pg := range []*pgx.Conn{c.listener, c.sender} {
		if err := pg.PgConn().Conn().Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return nil
}
