package postgres

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector opens the connections of one pool.
type connector struct {
	driver.Connector
	role db.Role
}

func newConnector(conf *pgx.ConnConfig, role db.Role) *connector {
	conf.BuildContextWatcherHandler = cancelOnServer
	return &connector{stdlib.GetConnector(*conf, stdlib.OptionAfterConnect(readInUTC)), role}
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{opened.(*stdlib.Conn), c.role}, nil
}

// patience is how long the server may take to stop a statement, and to end
// a transaction whose context has ended, before the connection is given up.
const patience = 5 * time.Second

// cancelOnServer has the end of a context stop the statement on the server.
// Without it the connection would be dropped, and the server go on working.
func cancelOnServer(c *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: patience}
}

// readInUTC has a TIMESTAMPTZ come in UTC instead of in the zone of the machine.
func readInUTC(_ context.Context, c *pgx.Conn) error {
	c.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// conn is pgx's connection for database/sql, and beyond that what package db
// promises: the isolation of each role's transactions, transactions whose end
// does not cost the connection, and times in the form in which they are stored.
type conn struct {
	*stdlib.Conn
	role db.Role
}

// IsValid keeps a connection with an open transaction out of the pool. Without
// this method database/sql closes the connection of every transaction whose
// context ends, instead of rolling back and using it on.
func (c *conn) IsValid() bool {
	raw := c.Conn.Conn()
	return !raw.IsClosed() && raw.PgConn().TxStatus() == 'I'
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

// BeginTx begins a transaction: for a Writer one in which nothing that it reads
// can change unnoticed, for a Reader one that sees the state of one moment. Where
// the server has surely not heard of it, database/sql takes another connection.
//
// It is not left to stdlib because that commits and rolls back with the context
// of the beginning: one that has ended loses the connection, and leaves unknown
// whether a COMMIT that was under way took place.
func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	var options pgx.TxOptions
	switch c.role {
	case db.Writer:
		options.IsoLevel = pgx.Serializable
	case db.Reader:
		options = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	}
	begun, err := c.Conn.Conn().BeginTx(ctx, options)
	if pgconn.SafeToRetry(err) {
		return nil, driver.ErrBadConn
	}
	if err != nil {
		return nil, err
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
