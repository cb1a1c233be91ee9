package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dram-go/dram/framework/db"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes, from appendix A of PostgreSQL's manual.
const (
	numberOutOfRange     = "22003"
	notInCharacterSet    = "22021"
	invalidText          = "22P02"
	uniqueViolation      = "23505"
	readOnlyTransaction  = "25006"
	failedTransaction    = "25P02"
	noSuchDatabase       = "3D000"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	featureNotSupported  = "0A000"
)

// Retry reports conflicts between transactions, and plans of an older schema:
// pgx prepares each statement once per connection, and after another process
// has added a column, PostgreSQL refuses a prepared SELECT * once.
func (e *engine) Retry(err error) bool {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return false
	}
	switch said.Code {
	case serializationFailure, deadlockDetected:
		return true
	case featureNotSupported:
		return said.Routine == "RevalidateCachedQuery"
	}
	return false
}

// Explain turns PostgreSQL's errors into those of package db.
func (e *engine) Explain(ctx context.Context, err error) error {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		if errors.Is(err, pgx.ErrTxCommitRollback) {
			return fmt.Errorf("a statement of this transaction had failed, so all of it is undone: %w", errLost(err))
		}
		if err != nil && overflows(err) {
			return &db.ValueError{Err: err}
		}
		return err
	}
	switch said.Code {
	case numberOutOfRange, notInCharacterSet, invalidText:
		return &db.ValueError{Err: err}
	case uniqueViolation:
		return &db.UniqueError{Columns: uniqueColumns(said), Err: err}
	case readOnlyTransaction:
		return &db.ReadOnlyError{Err: err}
	case lockNotAvailable:
		return &db.BusyError{Waited: e.busy, Holder: "a transaction that locks the same rows", Err: err}
	case failedTransaction:
		return errLost(err)
	case queryCanceled:
		return e.explainCancel(ctx, said, err)
	}
	return err
}

// overflows reports an argument that pgx does not send, because it is beyond the
// type of its column. Other arguments that it cannot encode are mistakes of the
// program. The error has no type, so a test holds on to its words.
func overflows(err error) bool {
	text := err.Error()
	return strings.Contains(text, "failed to encode args[") &&
		(strings.Contains(text, "is greater than maximum value for") || strings.Contains(text, "is less than minimum value for"))
}

// errLost says what to do about PostgreSQL's rule for failed statements.
func errLost(err error) error {
	return fmt.Errorf("%w (an earlier statement failed, and PostgreSQL ends the transaction with it: "+
		"put what may fail into a Write of its own inside this one, or say ON CONFLICT)", err)
}

// explainCancel tells the end of the context, the limit of the server, and
// whoever else stopped the statement.
func (e *engine) explainCancel(ctx context.Context, said *pgconn.PgError, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !strings.Contains(said.Routine, "ProcessInterrupts") || !strings.Contains(said.Message, "statement timeout") {
		return err
	}
	return fmt.Errorf("%w: it took longer than workers.request_timeout (%v); "+
		"make it faster, or allow more with statement_timeout in database.url", err, e.request)
}

// uniqueColumns reads the names in "Key (user_id, question_id)=(1, 2) already
// exists.", whatever the language of the words. An index on an expression, and
// a server that keeps the values secret, leave the name of the index.
func uniqueColumns(said *pgconn.PgError) []string {
	_, rest, open := strings.Cut(said.Detail, "(")
	list, _, closed := strings.Cut(rest, ")=(")
	if !open || !closed || strings.Contains(list, "(") {
		return []string{said.ConstraintName}
	}
	var columns []string
	for name := range strings.SplitSeq(list, ", ") {
		columns = append(columns, said.TableName+"."+unquote(name))
	}
	return columns
}

// unquote takes the quotes off a name that needs them in SQL.
func unquote(name string) string {
	if len(name) < 2 || name[0] != '"' {
		return name
	}
	return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
}
