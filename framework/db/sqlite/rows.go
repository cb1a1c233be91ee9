package sqlite

import (
	"database/sql/driver"
	"slices"
	"time"

	"github.com/mattn/go-sqlite3"
)

// timeRows reads times in columns that have no declared type. go-sqlite3
// recognises a time by the type of its column, which an expression such as
// max(created_at) does not have; here a text in exactly the form in which
// times are stored is one.
type timeRows struct {
	*sqlite3.SQLiteRows
	untyped []int // columns
}

// withTimes wraps rows that need it.
func withTimes(rows driver.Rows) driver.Rows {
	raw, ok := rows.(*sqlite3.SQLiteRows)
	if !ok {
		return rows
	}
	types := raw.DeclTypes()
	if !slices.Contains(types, "") {
		return rows
	}
	var untyped []int
	for i, name := range types {
		if name == "" {
			untyped = append(untyped, i)
		}
	}
	return &timeRows{SQLiteRows: raw, untyped: untyped}
}

func (r *timeRows) Next(dest []driver.Value) error {
	if err := r.SQLiteRows.Next(dest); err != nil {
		return err
	}
	for _, i := range r.untyped {
		if text, ok := dest[i].(string); ok && len(text) == len(timeFormat) {
			if at, err := time.Parse(timeFormat, text); err == nil {
				dest[i] = at.UTC()
			}
		}
	}
	return nil
}
