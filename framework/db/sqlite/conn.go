package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/mattn/go-sqlite3"
)

// timeFormat is how times are stored: of fixed width, so that the order of the
// texts is the order of the times, and in a form that SQLite's own functions
// and go-sqlite3 read.
const timeFormat = "2006-01-02 15:04:05.000000+00:00"

// conn adds to go-sqlite3's connection: times in UTC, waiting for the write
// lock in Go, and refusing to go on when SQLite has ended a transaction by
// itself.
type conn struct {
	*sqlite3.SQLiteConn
	engine *engine
	role   db.Role
	inTx   bool
}

// CheckNamedValue converts an argument to what SQLite stores.
func (c *conn) CheckNamedValue(arg *driver.NamedValue) error {
	value, err := driver.DefaultParameterConverter.ConvertValue(arg.Value)
	if err != nil {
		return err
	}
	if at, ok := value.(time.Time); ok {
		value = at.UTC().Truncate(time.Microsecond).Format(timeFormat)
	}
	arg.Value = value
	return nil
}

// ResetSession takes a connection that could not end its transaction out of
// the pool.
func (c *conn) ResetSession(context.Context) error {
	if c.inTx {
		return driver.ErrBadConn
	}
	return nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.lost() {
		return nil, errLost
	}
	return c.SQLiteConn.ExecContext(ctx, query, args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.lost() {
		return nil, errLost
	}
	rows, err := c.SQLiteConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return withTimes(rows), nil
}

// errLost keeps a half-finished transaction from going on statement by
// statement: after some errors (an interrupted write, a full disk) SQLite
// rolls all of it back and is then outside of any transaction.
var errLost = errors.New("SQLite has ended this transaction, because of an earlier error in it " +
	"(an ended context, a full disk) or by a COMMIT or ROLLBACK in the SQL; all of it is undone")

// lost reports whether the transaction that database/sql believes in is gone.
func (c *conn) lost() bool { return c.inTx && c.AutoCommit() }

// The pauses between two attempts to get the write lock. SQLite's own grow to
// 100 ms, which makes some writers wait for very long; these stay short.
const (
	shortestPause = time.Millisecond
	longestPause  = 16 * time.Millisecond
)

// BeginTx begins a transaction. Those of writers wait for the write lock here,
// as long as the busy timeout says, and longer while a migration runs.
func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	start := time.Now()
	patience := c.engine.busy
	for delay := shortestPause; ; delay = min(2*delay, longestPause) {
		raw, err := c.SQLiteConn.Begin()
		if err == nil {
			c.inTx = true
			return &tx{conn: c, raw: raw}, nil
		}
		if c.role != db.Writer || !isBusy(err) {
			return nil, err
		}
		if waited := time.Since(start); waited >= patience {
			if !c.engine.migrating() {
				return nil, &db.BusyError{Waited: waited, Holder: "another process", Err: err}
			}
			patience += c.engine.busy
		}
		// Uneven pauses keep processes from meeting again and again.
		if err := pause(ctx, delay/2+rand.N(delay)); err != nil {
			return nil, err
		}
	}
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tx is a transaction of conn.
type tx struct {
	conn *conn
	raw  driver.Tx
}

func (t *tx) Commit() error {
	if t.conn.lost() {
		t.conn.inTx = false
		return errLost
	}
	if t.conn.role == db.Migrator {
		if err := t.conn.checkForeignKeys(); err != nil {
			return errors.Join(err, t.Rollback())
		}
	}
	err := t.raw.Commit() // rolls back when it fails
	t.conn.inTx = !t.conn.AutoCommit()
	return err
}

func (t *tx) Rollback() error {
	if t.conn.lost() {
		t.conn.inTx = false
		return nil
	}
	err := t.raw.Rollback()
	t.conn.inTx = !t.conn.AutoCommit()
	return err
}
