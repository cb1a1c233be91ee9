package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dram-go/dram/framework/db"
	"github.com/jackc/pgx/v5"
)

// Insert has PostgreSQL return the id, because the protocol knows none.
func (e *engine) Insert(ctx context.Context, tx db.Execer, in db.Insertion) (int64, error) {
	query := in.SQL
	if !in.Returning() {
		column, err := e.key(ctx, tx, in.Table())
		if err != nil {
			return 0, err
		}
		if column == "" {
			_, err := tx.ExecContext(ctx, in.SQL, in.Args...)
			return 0, err
		}
		query = in.With("RETURNING " + pgx.Identifier{column}.Sanitize())
	}
	rows, err := tx.QueryContext(ctx, query, in.Args...)
	if err != nil {
		return 0, err
	}
	return lastID(rows)
}

// lastID reads the first column of the last row, 0 where there is none.
func lastID(rows *sql.Rows) (id int64, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	row := make([]any, len(names))
	row[0] = &id
	for i := range row[1:] {
		row[i+1] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(row...); err != nil {
			return 0, err
		}
	}
	return id, rows.Err()
}

// primaryKey finds the one column of whole numbers that is a table's primary
// key. (An index over other columns too has a longer indkey.)
const primaryKey = `
SELECT a.attname FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass($1) AND i.indisprimary AND i.indnkeyatts = 1
AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)`

// key returns the column of a table's id, "" if it has none. It is asked for
// once: a table that gets another primary key needs new processes.
func (e *engine) key(ctx context.Context, tx db.Execer, table string) (string, error) {
	if known, ok := e.keys.Load(table); ok {
		return known.(string), nil
	}
	rows, err := tx.QueryContext(ctx, primaryKey, table)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	column := ""
	if rows.Next() {
		if err := rows.Scan(&column); err != nil {
			return "", err
		}
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	e.keys.Store(table, column)
	return column, nil
}
