package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dram-go/dram/framework/db"
	"github.com/mattn/go-sqlite3"
)

// Explain turns SQLite's errors into those of package db.
func (e *engine) Explain(_ context.Context, err error) error {
	var cause sqlite3.Error
	if !errors.As(err, &cause) {
		return err
	}
	switch cause.ExtendedCode {
	case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
		return &db.UniqueError{Columns: uniqueColumns(cause.Error()), Err: err}
	}
	switch cause.Code {
	case sqlite3.ErrReadonly:
		return &db.ReadOnlyError{Err: err}
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return &db.BusyError{Waited: e.busy, Holder: "another process", Err: err}
	case sqlite3.ErrNotADB:
		return fmt.Errorf("%s is no SQLite database: %w", e.path, err)
	}
	return err
}

// uniqueColumns reads the names in "UNIQUE constraint failed: vote.user_id,
// vote.question_id", or the one in "… failed: index 'user_email'".
func uniqueColumns(message string) []string {
	_, names, _ := strings.Cut(message, "constraint failed: ")
	if index, ok := strings.CutPrefix(names, "index '"); ok {
		return []string{strings.TrimSuffix(index, "'")}
	}
	return strings.Split(names, ", ")
}

// isBusy reports whether another connection holds a lock that err is about.
func isBusy(err error) bool {
	var cause sqlite3.Error
	return errors.As(err, &cause) && (cause.Code == sqlite3.ErrBusy || cause.Code == sqlite3.ErrLocked)
}
