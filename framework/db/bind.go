package db

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// bind fills lists and writes the placeholders as the database wants them.
func (d *DB) bind(query string, args []any) (string, []any, error) {
	if d.broken != nil {
		return query, args, d.broken
	}
	return bind(query, args, d.engine.Bind() == sqlx.DOLLAR)
}

// bind replaces the ? of query, those in strings, names and comments excepted:
// by $1, $2 … if so wanted, and by as many as the argument has elements if that
// is a list. ?? becomes ?.
func bind(query string, args []any, dollar bool) (string, []any, error) {
	lists := hasList(args)
	if !dollar && !lists && !strings.Contains(query, "??") {
		return query, args, nil
	}
	b := binder{args: args, dollar: dollar, strict: dollar || lists}
	b.sql.Grow(len(query) + 2*len(args))
	lex := lexer{sql: query}
	for t, ok := lex.next(); ok; t, ok = lex.next() {
		if err := b.add(t); err != nil {
			return query, args, err
		}
	}
	if b.strict && b.used != len(args) {
		return query, args, fmt.Errorf("%d arguments for %d placeholders", len(args), b.used)
	}
	return b.sql.String(), b.bound(), nil
}

// binder builds a statement and its arguments.
type binder struct {
	args   []any
	dollar bool
	strict bool // the number of arguments has to be right

	sql      strings.Builder
	used     int   // arguments
	out      []any // nil as long as it is the beginning of args
	expanded bool
}

func (b *binder) add(t token) error {
	switch t.kind {
	case question:
		b.sql.WriteByte('?')
	case placeholder:
		return b.placeholder()
	case numbered:
		if b.strict {
			return fmt.Errorf("the placeholder %s has a number: write ? for each value, in order", t.text)
		}
		b.sql.WriteString(t.text)
	default:
		b.sql.WriteString(t.text)
	}
	return nil
}

// placeholder writes the marks for the next argument.
func (b *binder) placeholder() error {
	at := b.used
	b.used++
	if at >= len(b.args) {
		if !b.strict {
			b.sql.WriteByte('?') // the driver counts
		}
		return nil
	}
	arg := b.args[at]
	if !isList(arg) {
		b.mark(arg)
		return nil
	}
	list := reflect.ValueOf(arg)
	if list.Len() == 0 {
		return errors.New("the list for an IN is empty, which SQL does not know: ask nothing then")
	}
	b.expanded = true
	for i := range list.Len() {
		if i > 0 {
			b.sql.WriteString(", ")
		}
		b.mark(list.Index(i).Interface())
	}
	return nil
}

// mark writes one placeholder.
func (b *binder) mark(arg any) {
	b.out = append(b.out, arg)
	if b.dollar {
		b.sql.WriteByte('$')
		b.sql.WriteString(strconv.Itoa(len(b.out)))
		return
	}
	b.sql.WriteByte('?')
}

func (b *binder) bound() []any {
	if b.expanded {
		return b.out
	}
	return b.args
}

func hasList(args []any) bool {
	for _, arg := range args {
		if isList(arg) {
			return true
		}
	}
	return false
}

// isList tells slices that stand for a list from values such as []byte.
func isList(arg any) bool {
	switch arg.(type) {
	case nil, string, int64, int, bool, []byte, driver.Valuer:
		return false
	}
	t := reflect.TypeOf(arg)
	return t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
}
