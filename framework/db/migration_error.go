package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/dram-go/dram/framework/config"
)

// MigrationError is a migration that failed. Its text is complete: place,
// cause, what became of the schema and what to do.
type MigrationError struct {
	File      string // migrations/0003_views.sql
	Line      int    // of the statement, 0 if unknown
	Statement string // "" if no statement failed
	Version   int64  // at which the schema stays
	Err       error

	advice string
}

func (e *MigrationError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	fmt.Fprintf(&b, ": %v\n", e.Err)
	for line := range strings.Lines(excerpt(e.Statement, 6)) {
		fmt.Fprintf(&b, "    %s\n", strings.TrimRight(line, "\r\n"))
	}
	b.WriteString(e.advice)
	return b.String()
}

// Unwrap returns what the database said.
func (e *MigrationError) Unwrap() error { return e.Err }

// migrationError adds place and advice to what goose returned for m.
func (d *DB) migrationError(ctx context.Context, pool *sql.DB, m migration, run *migrationRun, err error) error {
	e := &MigrationError{File: m.path(), Err: err}
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		e.Err = partial.Err
		if ctx.Err() != nil {
			e.Err = d.explain(ctx, partial.Err)
		}
		if done := run.statements.executed; len(done) > 0 && !isCheck(e.Err) {
			e.Statement = done[len(done)-1]
			e.Line = statementLine(run.files, m.name, done)
		}
	}
	// The version is asked also when ctx is what ended the migration.
	applied, versionErr := d.applied(context.WithoutCancel(ctx), pool)
	if versionErr != nil {
		e.advice = fmt.Sprintf("The version of the schema could not be read afterwards (%v); see %s migrate status.", versionErr, config.Program())
		return e
	}
	e.Version = makePlan(nil, applied, true).version
	e.advice = d.outcome(ctx, e, m, run)
	text := e.Err.Error()
	switch {
	case strings.Contains(text, "incomplete input"):
		e.advice += "\nA statement with semicolons inside, such as CREATE TRIGGER, stands between " +
			"-- +goose StatementBegin and -- +goose StatementEnd."
	case strings.Contains(text, "unexpected state 0"):
		e.advice += "\nA migration begins with the line -- +goose Up."
	}
	return e
}

// outcome says what became of the schema and what to do.
func (d *DB) outcome(ctx context.Context, e *MigrationError, m migration, run *migrationRun) string {
	again := fmt.Sprintf("run %s migrate up again", config.Program())
	switch {
	case ctx.Err() != nil:
		return fmt.Sprintf("It was interrupted: the schema stays at version %d. Nothing is wrong with the file; %s.", e.Version, again)
	case len(run.statements.executed) == 0:
		return fmt.Sprintf("Nothing of the file has run: the schema stays at version %d. Mend the file and %s.", e.Version, again)
	case e.Version == m.version:
		return fmt.Sprintf("The file runs without a transaction and is applied: the schema is at version %d. Mend the rows in a new migration.", e.Version)
	case !run.transactional(m):
		return fmt.Sprintf("The schema stays at version %d, but the file runs without a transaction: what stands before this statement "+
			"has happened. Undo that or take it out of the file, mend the rest and %s.", e.Version, again)
	}
	return fmt.Sprintf("The file was rolled back as a whole: the schema stays at version %d. Mend the file and %s.", e.Version, again)
}

// isCheck reports whether the error is about the state after all statements.
func isCheck(err error) bool {
	var check interface{ AfterStatements() bool }
	return errors.As(err, &check) && check.AfterStatements()
}

// statementLine finds the line on which the last of the executed statements
// begins. They occur in the file in the order of execution.
func statementLine(files fs.FS, name string, executed []string) int {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return 0
	}
	file, at := strings.ReplaceAll(string(text), "\r\n", "\n"), 0
	for i, statement := range executed {
		found := strings.Index(file[at:], statement)
		if found < 0 {
			return 0 // a file with variables is not executed as it is written
		}
		at += found
		if i < len(executed)-1 {
			at += len(statement)
		}
	}
	return 1 + strings.Count(file[:at], "\n")
}

// excerpt is the first lines of a statement.
func excerpt(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	if len(all) <= lines {
		return text
	}
	return strings.Join(all[:lines], "") + "…"
}
