package db

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ErrNotFound is what [One] returns when there is no row, tested with
// errors.Is. A store may return it itself. It has StatusCode 404.
var ErrNotFound error = &NotFound{}

// NotFound is the [ErrNotFound] of one query. Its text is for the log.
type NotFound struct {
	SQL    string // the statement, on one line
	Caller string // FILE:LINE of the app
}

func (e *NotFound) Error() string {
	if e.SQL == "" {
		return "not found"
	}
	return fmt.Sprintf("%s: no row for %s", e.Caller, e.SQL)
}

// Is makes every NotFound match [ErrNotFound].
func (e *NotFound) Is(target error) bool { return target == ErrNotFound }

// Unwrap makes it match sql.ErrNoRows too.
func (e *NotFound) Unwrap() error { return sql.ErrNoRows }

// StatusCode is 404.
func (e *NotFound) StatusCode() int { return http.StatusNotFound }

// QueryError says which statement failed and where the app issued it.
type QueryError struct {
	SQL    string // the statement, on one line
	Caller string // FILE:LINE of the app
	Err    error
}

func (e *QueryError) Error() string { return fmt.Sprintf("%s: %v, in %s", e.Caller, e.Err, e.SQL) }

// Unwrap returns what the database said.
func (e *QueryError) Unwrap() error { return e.Err }

// UniqueError is a broken UNIQUE or PRIMARY KEY rule.
type UniqueError struct {
	// Columns are "table.column", or the one name of an index if that is all
	// the database says (an index on an expression).
	Columns []string
	Err     error // what the driver said
}

func (e *UniqueError) Error() string { return "this value is taken: " + e.Unique() }

// Unwrap returns the driver's error.
func (e *UniqueError) Unwrap() error { return e.Err }

// Unique returns "table.column"; several columns are joined by commas, in the
// order of the index.
func (e *UniqueError) Unique() string { return strings.Join(e.Columns, ",") }

// IsUnique reports whether err is a violation of the UNIQUE rule over exactly
// these columns ("question.subject"), in any order. Without columns it reports
// any violation.
func IsUnique(err error, columns ...string) bool {
	var unique *UniqueError
	if !errors.As(err, &unique) {
		return false
	}
	if len(columns) == 0 {
		return true
	}
	want, got := slices.Sorted(slices.Values(columns)), slices.Sorted(slices.Values(unique.Columns))
	return slices.Equal(want, got)
}

// BusyError says that the database could not be written to within
// database.busy_timeout, because others were writing all that time.
type BusyError struct {
	Waited time.Duration
	Holder string // who was writing, as far as known
	Err    error  // what the driver said, may be nil
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("could not write for %v because of %s; make transactions shorter or raise database.busy_timeout",
		e.Waited.Round(time.Millisecond), e.Holder)
}

// Unwrap returns the driver's error.
func (e *BusyError) Unwrap() error { return e.Err }

// StatusCode is 503: the same request may succeed a little later.
func (e *BusyError) StatusCode() int { return http.StatusServiceUnavailable }

// ReadOnlyError says that a statement that writes went to a connection that
// only reads, because [One] and [All] outside of [DB.Write] use those.
type ReadOnlyError struct {
	Err error // what the driver said
}

func (e *ReadOnlyError) Error() string {
	return "this statement writes, but One and All outside of Write read only: use Insert or Exec, or wrap it in Write"
}

// Unwrap returns the driver's error.
func (e *ReadOnlyError) Unwrap() error { return e.Err }

// ValueError says that an argument is none that the database can hold or
// compare with: a text with NUL or bytes that are not UTF-8, a number beyond the
// type of its column, a word that is no number, date or UUID. Such values come
// from visitors, so it has StatusCode 400 wherever it happens, also in a lookup
// by id: an id that cannot exist is a bad address, not a missing row.
//
// PostgreSQL alone is that strict. SQLite finds no row, which is [ErrNotFound],
// or stores what it is given.
type ValueError struct {
	Err error // what the driver said
}

func (e *ValueError) Error() string { return "the database cannot take a value: " + e.Err.Error() }

// Unwrap returns the driver's error.
func (e *ValueError) Unwrap() error { return e.Err }

// StatusCode is 400.
func (e *ValueError) StatusCode() int { return http.StatusBadRequest }

// HeldError says that a call would wait for a connection which its own caller
// holds, that is, forever, or that it uses the context of the wrong
// transaction.
type HeldError struct {
	Caller string // FILE:LINE of the call that failed
	Holder string // FILE:LINE of the Write or Read around it
	text   string // one of the texts below
}

// The texts of HeldError; %s is the holder.
const (
	heldByWrite = "this write would wait forever for the Write begun at %s, in which it happens: " +
		"it was given the context from outside, use the one that the closure receives"
	heldByRead = "this query would wait forever for a connection of the Read begun at %s, in which it happens: " +
		"it was given the context from outside, use the one that the closure receives"
	heldByInner = "this context belongs to an outer Write, but the Write begun at %s is open inside of it: " +
		"use the context that the inner closure receives"
	writeInRead = "nothing can be written inside the Read begun at %s: write after it, or make it a Write"
)

func (e *HeldError) Error() string { return e.Caller + ": " + fmt.Sprintf(e.text, e.Holder) }
