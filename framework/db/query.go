package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// One returns the first row of a query: a struct by the names of its columns,
// or a plain value of a single column. No row is [ErrNotFound].
//
// Inside Write it sees the transaction. Outside it uses a read connection, so
// INSERT … RETURNING belongs into Write.
func One[T any](ctx context.Context, d *DB, query string, args ...any) (T, error) {
	var row T
	err := d.read(ctx, query, args, func(q sqlx.QueryerContext, query string, args []any) (int64, error) {
		if err := sqlx.GetContext(ctx, q, &row, query, args...); err != nil {
			return 0, err
		}
		return 1, nil
	})
	if err != nil {
		var none T
		return none, err
	}
	return row, nil
}

// All returns every row of a query, scanned as by [One]. No rows is an empty
// slice, never nil, so that it is [] in JSON.
func All[T any](ctx context.Context, d *DB, query string, args ...any) ([]T, error) {
	var rows []T
	err := d.read(ctx, query, args, func(q sqlx.QueryerContext, query string, args []any) (int64, error) {
		rows = []T{} // also when this is another try
		err := sqlx.SelectContext(ctx, q, &rows, query, args...)
		return int64(len(rows)), err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// read runs a query on the transaction in ctx or on a read connection.
func (d *DB) read(ctx context.Context, query string, args []any, scan func(q sqlx.QueryerContext, query string, args []any) (rows int64, err error)) error {
	s, err := d.scope(ctx)
	if err != nil {
		return err
	}
	bound, args, err := d.bind(query, args)
	if err != nil {
		return queryError(query, err)
	}
	counted(ctx, query)
	do := func(q sqlx.QueryerContext) error {
		log := d.begin(ctx, query, args, nil)
		rows, err := scan(q, bound, args)
		log.end(rows, err)
		return err
	}
	if s != nil {
		if err = do(s.tx); err != nil && !errors.Is(err, sql.ErrNoRows) {
			err = s.failed(ctx, err)
		}
	} else {
		err = d.readAlone(ctx, do)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return &NotFound{SQL: oneLine(query), Caller: caller()}
	}
	return queryError(query, explainScan(err))
}

// readAlone runs a query on a read connection. It is repeated when only the
// connection's memory of the schema was outdated, at most once for each of
// them and once more.
func (d *DB) readAlone(ctx context.Context, do func(q sqlx.QueryerContext) error) error {
	q, err := d.queryer()
	if err != nil {
		return err
	}
	for range d.readers() + 1 {
		if err = do(q); err == nil || !d.engine.Retry(err) {
			break
		}
	}
	return d.explain(ctx, err)
}

// queryer is what reads outside of a transaction.
func (d *DB) queryer() (sqlx.QueryerContext, error) {
	p := d.pools.Load()
	if p == nil {
		return nil, errNotStarted
	}
	if err := d.reads.check(d.readers()); err != nil {
		return nil, err
	}
	return p.reader, nil
}

// Exec executes a statement in the transaction of ctx, or in one of its own.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	var result sql.Result
	err := d.change(ctx, query, args, func(ctx context.Context, tx *sqlx.Tx, query string, args []any) (int64, error) {
		var err error
		if result, err = tx.ExecContext(ctx, query, args...); err != nil {
			return 0, err
		}
		return result.RowsAffected()
	})
	return result, err
}

// Insert executes an INSERT in the transaction of ctx, or in one of its own,
// and returns the id of the new row, of the last one if there are several. The
// id is 0 when nothing was inserted (ON CONFLICT DO NOTHING).
//
// The id is the table's primary key where that is a single column of whole
// numbers. Of other tables SQLite returns the rowid and PostgreSQL 0. A
// RETURNING clause of the statement's own names another column on PostgreSQL.
func (d *DB) Insert(ctx context.Context, query string, args ...any) (int64, error) {
	var id int64
	err := d.change(ctx, query, args, func(ctx context.Context, tx *sqlx.Tx, query string, args []any) (rows int64, err error) {
		id, err = d.engine.Insert(ctx, tx, Insertion{SQL: query, Args: args})
		return -1, err
	})
	return id, err
}

// change runs a writing statement in the transaction of ctx or in a new one.
func (d *DB) change(ctx context.Context, query string, args []any, do func(ctx context.Context, tx *sqlx.Tx, query string, args []any) (rows int64, err error)) error {
	s, err := d.scope(ctx)
	if err != nil {
		return err
	}
	if s == nil {
		return d.write(ctx, capture(0), func(ctx context.Context) error { return d.change(ctx, query, args, do) })
	}
	if !s.write {
		return &HeldError{Caller: caller(), Holder: s.begun.String(), text: writeInRead}
	}
	bound, args, err := d.bind(query, args)
	if err != nil {
		return queryError(query, err)
	}
	counted(ctx, query)
	log := d.begin(ctx, query, args, nil)
	rows, err := do(ctx, s.tx, bound, args)
	log.end(rows, err)
	if err != nil {
		return queryError(query, s.failed(ctx, err))
	}
	return nil
}

// queryError adds the statement and the app's line.
func queryError(query string, err error) error {
	return &QueryError{SQL: oneLine(query), Caller: caller(), Err: err}
}

// explainScan says what to do about sqlx's word for a column without a field.
func explainScan(err error) error {
	if strings.HasPrefix(err.Error(), "missing destination name ") {
		return fmt.Errorf("%w: the struct has no field for this column "+
			"(add one, or name the columns instead of SELECT *; production ignores it)", err)
	}
	return err
}

// oneLine folds a statement for messages and logs.
func oneLine(query string) string { return strings.Join(strings.Fields(query), " ") }
