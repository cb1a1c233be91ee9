package db

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx/reflectx"
)

// Part is the next rows of a list that is read from its beginning on.
type Part[T any] struct {
	Rows []T
	// Next is the cursor of the rows after these, "" if there are none.
	Next string
}

// PartOf reads the rows after a cursor, which is the Next of the part before or
// "" for the beginning. However far the list has been read, it costs the same,
// and rows that are added or removed meanwhile shift nothing; but there are no
// numbers to jump to, and nothing is counted.
//
// Order names columns that Select has and T has fields for, each perhaps with
// DESC, none of them NULL. A cursor that is not one is a [CursorError]; one with
// a number that the column cannot hold is a [ValueError].
func PartOf[T any](ctx context.Context, d *DB, list List, cursor string, size int) (Part[T], error) {
	var part Part[T]
	if err := checkSize(size); err != nil {
		return part, err
	}
	keys, err := keysOf[T](list.Order)
	if err != nil {
		return part, fmt.Errorf("%s: %w", caller(), err)
	}
	query, args := `SELECT * FROM (SELECT `+list.Select+` FROM `+list.From+`) AS listed`, list.Args[:len(list.Args):len(list.Args)]
	if cursor != "" {
		values, err := keys.decode(cursor)
		if err != nil {
			return part, err
		}
		where, more := keys.after(values)
		query, args = query+` WHERE `+where, append(args, more...)
	}
	rows, err := All[T](ctx, d, query+` ORDER BY `+keys.order()+` LIMIT ?`, append(args, size+1)...)
	if err != nil {
		return part, err
	}
	part.Rows = rows
	if len(rows) > size {
		part.Rows = rows[:size]
		part.Next, err = keys.encode(reflect.ValueOf(rows[size-1]))
	}
	return part, err
}

// CursorError says that a cursor does not come from the list that it is used
// for. Cursors travel through clients, so it has StatusCode 400.
type CursorError struct{ Err error }

func (e *CursorError) Error() string { return "this is no cursor of the list: " + e.Err.Error() }

// Unwrap returns why.
func (e *CursorError) Unwrap() error { return e.Err }

// StatusCode is 400.
func (e *CursorError) StatusCode() int { return http.StatusBadRequest }

// key is a column of the order.
type key struct {
	column string
	desc   bool
	field  *reflectx.FieldInfo
}

// keys are all columns of the order.
type keys []key

// fields finds the field of a column, by the names that All goes by.
var fields = reflectx.NewMapperFunc("db", snakeCase)

// keysOf reads an ORDER BY.
func keysOf[T any](order string) (keys, error) {
	t := reflectx.Deref(reflect.TypeFor[T]())
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is no struct, so there is no field to take a cursor from", t)
	}
	known := fields.TypeMap(t)
	var all keys
	lex := lexer{sql: order}
	for more := true; more; {
		var k key
		var err error
		if k, more, err = nextKey(&lex); err != nil {
			return nil, fmt.Errorf("%w in the order %q: write columns, each perhaps with ASC or DESC", err, order)
		}
		if k.field = known.GetByPath(k.column); k.field == nil {
			return nil, fmt.Errorf("%v has no field for the column %s of the order", t, k.column)
		}
		all = append(all, k)
	}
	return all, nil
}

// nextKey reads one column up to a comma or the end.
func nextKey(lex *lexer) (k key, more bool, err error) {
	named := false
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		switch {
		case t.is(",") && named:
			return k, true, nil
		case t.is("."):
			named = false
		case !named && (t.kind == word || t.kind == quoted):
			k.column, named = plainName(t), true
		case named && t.is("desc"):
			k.desc = true
		case named && t.is("asc"):
		default:
			return k, false, fmt.Errorf("unexpected %s", t.text)
		}
	}
	if !named {
		return k, false, errors.New("a column is missing")
	}
	return k, false, nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (k key) direction() string {
	if k.desc {
		return " DESC"
	}
	return ""
}

func (k key) beyond() string {
	if k.desc {
		return " < "
	}
	return " > "
}

func (ks keys) order() string {
	parts := make([]string, len(ks))
	for i, k := range ks {
		parts[i] = quoteName(k.column) + k.direction()
	}
	return strings.Join(parts, ", ")
}

// after is the condition for rows beyond these values. Where all columns have
// one direction it is a comparison of rows, which uses an index as a whole.
func (ks keys) after(values []any) (string, []any) {
	same := true
	names := make([]string, len(ks))
	for i, k := range ks {
		names[i] = quoteName(k.column)
		same = same && k.desc == ks[0].desc
	}
	if same {
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(ks)), ", ")
		return "(" + strings.Join(names, ", ") + ")" + ks[0].beyond() + "(" + marks + ")", values
	}
	var either []string
	var args []any
	for i, k := range ks {
		var all strings.Builder
		for j := range i {
			all.WriteString(names[j] + " = ? AND ")
		}
		either = append(either, all.String()+names[i]+k.beyond()+"?")
		args = append(args, values[:i+1]...)
	}
	return "(" + strings.Join(either, " OR ") + ")", args
}

// encode makes the cursor of a row.
func (ks keys) encode(row reflect.Value) (string, error) {
	values := make([]any, len(ks))
	for i, k := range ks {
		values[i] = reflectx.FieldByIndexesReadOnly(reflect.Indirect(row), k.field.Index).Interface()
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("write a cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// decode reads a cursor into values of the types of the fields.
func (ks keys) decode(cursor string) ([]any, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, &CursorError{Err: err}
	}
	if err := checkText(text); err != nil {
		return nil, &CursorError{Err: err}
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, &CursorError{Err: err}
	}
	if len(raw) != len(ks) {
		return nil, &CursorError{Err: fmt.Errorf("it has %d values, expected %d", len(raw), len(ks))}
	}
	values := make([]any, len(ks))
	for i, k := range ks {
		v := reflect.New(k.field.Field.Type)
		if err := json.Unmarshal(raw[i], v.Interface()); err != nil {
			return nil, &CursorError{Err: fmt.Errorf("value of %s: %w", k.column, err)}
		}
		values[i] = v.Elem().Interface()
	}
	return values, nil
}

// checkText refuses what no database takes as text: JSON has NUL as \u0000, and
// its reader mends bytes that are not UTF-8, so that other rows would be shown.
func checkText(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	tokens := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := tokens.Token()
		if err != nil {
			return nil // the end, or no JSON, which its reader says better
		}
		if word, ok := token.(string); ok && strings.ContainsRune(word, 0) {
			return errors.New("a text contains NUL")
		}
	}
}
