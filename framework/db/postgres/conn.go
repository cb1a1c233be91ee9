package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// connector opens the connections of one pool.
type connector struct {
	conf *pgx.ConnConfig
	role db.Role
}

func (c *connector) Driver() driver.Driver { return noDriver{} }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := pgx.ConnectConfig(ctx, c.conf)
	if err != nil {
		return nil, err
	}
	return &conn{raw: raw, role: c.role, used: time.Now()}, nil
}

// noDriver is what database/sql asks a connector for and does not use.
type noDriver struct{}

func (noDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("postgres: connections are opened through package db")
}

const (
	// patience is how long the server may take to stop a statement, and to end
	// a transaction whose context has ended, before the connection is given up.
	patience = 5 * time.Second
	// stale is how long a connection may lie idle and be used without a look
	// at whether the server is still there.
	stale = time.Second
)

// cancelOnServer has the end of a context stop the statement on the server.
// Without it the connection would be dropped, and the server go on working.
func cancelOnServer(c *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: patience}
}

// conn is a connection of pgx as database/sql wants it. (pgx brings such an
// adapter too, with a second pool inside of it. This one knows what package db
// promises about times and transactions.) pgx prepares each statement once per
// connection and keeps it, so there is nothing to prepare here.
type conn struct {
	raw  *pgx.Conn
	role db.Role
	used time.Time
}

func (c *conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.raw.Close(ctx)
}

// Prepare is never called: ExecContext and QueryContext need no statement.
func (c *conn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("postgres: a statement is prepared where it is executed")
}

// ResetSession looks whether a connection that comes from the pool can be used.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	if time.Since(c.used) > stale && c.raw.PgConn().Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid keeps a connection with an open transaction out of the pool.
func (c *conn) IsValid() bool {
	return !c.raw.IsClosed() && c.raw.PgConn().TxStatus() == 'I'
}

// failed has database/sql take another connection where the server has surely
// not seen the statement. That the server stopped a statement because we told
// it to is the error of the context.
func (c *conn) failed(ctx context.Context, err error) error {
	c.used = time.Now()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && code(err) == queryCanceled:
		return ctx.Err()
	case pgconn.SafeToRetry(err):
		return driver.ErrBadConn
	}
	return err
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.raw.IsClosed() {
		return nil, driver.ErrBadConn
	}
	tag, err := c.raw.Exec(ctx, query, values(nil, args)...)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	c.used = time.Now()
	return driver.RowsAffected(tag.RowsAffected()), nil
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.raw.IsClosed() {
		return nil, driver.ErrBadConn
	}
	raw, err := c.raw.Query(ctx, query, values([]any{formats}, args)...)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	r := &rows{conn: c, ctx: ctx, raw: raw}
	// The names of the columns are known with the first row.
	r.ahead = raw.Next()
	if err := raw.Err(); err != nil {
		raw.Close()
		return nil, c.failed(ctx, err)
	}
	c.used = time.Now()
	return r, nil
}

// values appends the arguments for pgx.
func values(all []any, args []driver.NamedValue) []any {
	for _, arg := range args {
		all = append(all, arg.Value)
	}
	return all
}

// CheckNamedValue brings times into the form in which they are stored. All
// else pgx converts itself.
func (c *conn) CheckNamedValue(arg *driver.NamedValue) error {
	arg.Value = stored(arg.Value)
	return nil
}

func stored(value any) any {
	switch v := value.(type) {
	case time.Time:
		return v.UTC().Truncate(time.Microsecond)
	case *time.Time:
		if v == nil {
			return nil
		}
		return stored(*v)
	case driver.Valuer:
		// A Valuer may hold a time, such as sql.NullTime. What it returns is
		// used for times only: pgx knows more types than database/sql has.
		plain, err := driver.DefaultParameterConverter.ConvertValue(v)
		if at, ok := plain.(time.Time); ok && err == nil {
			return stored(at)
		}
	}
	return value
}

// Begin is never called: there is BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	return nil, errors.New("postgres: a transaction begins with its context")
}

// BeginTx begins a transaction: for a Writer one in which nothing that it reads
// can change unnoticed, for a Reader one that sees the state of one moment.
func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	if c.raw.IsClosed() {
		return nil, driver.ErrBadConn
	}
	var options pgx.TxOptions
	switch c.role {
	case db.Writer:
		options.IsoLevel = pgx.Serializable
	case db.Reader:
		options = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	}
	begun, err := c.raw.BeginTx(ctx, options)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	return tx{begun}, nil
}

// tx is a transaction. It ends also when the context of its beginning has
// ended, so that the connection can be used on.
type tx struct{ raw pgx.Tx }

func (t tx) Commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return t.raw.Commit(ctx)
}

func (t tx) Rollback() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return t.raw.Rollback(ctx)
}
