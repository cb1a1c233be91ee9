package postgres

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// formats asks for the types that database/sql knows in binary form. All
// others come as text, which is what their strings are.
var formats = pgx.QueryResultFormatsByOID{
	pgtype.BoolOID:        pgx.BinaryFormatCode,
	pgtype.ByteaOID:       pgx.BinaryFormatCode,
	pgtype.Int2OID:        pgx.BinaryFormatCode,
	pgtype.Int4OID:        pgx.BinaryFormatCode,
	pgtype.Int8OID:        pgx.BinaryFormatCode,
	pgtype.Float4OID:      pgx.BinaryFormatCode,
	pgtype.Float8OID:      pgx.BinaryFormatCode,
	pgtype.DateOID:        pgx.BinaryFormatCode,
	pgtype.TimestampOID:   pgx.BinaryFormatCode,
	pgtype.TimestamptzOID: pgx.BinaryFormatCode,
}

// rows is the result of a query.
type rows struct {
	conn  *conn
	ctx   context.Context
	raw   pgx.Rows
	ahead bool // the first row has been fetched already
	began bool
	read  []func(raw []byte) (driver.Value, error) // by column
}

func (r *rows) Columns() []string {
	fields := r.raw.FieldDescriptions()
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
	}
	return names
}

func (r *rows) Close() error {
	r.raw.Close()
	return r.raw.Err()
}

func (r *rows) Next(dest []driver.Value) error {
	more := r.ahead
	if r.began {
		more = r.raw.Next()
	}
	r.began = true
	if !more {
		return cmp.Or(r.conn.failed(r.ctx, r.raw.Err()), io.EOF)
	}
	if r.read == nil {
		r.plan(r.conn.raw.TypeMap())
	}
	for i, raw := range r.raw.RawValues() {
		dest[i] = nil
		if raw == nil {
			continue
		}
		value, err := r.read[i](raw)
		if err != nil {
			return fmt.Errorf("read column %s: %w", r.raw.FieldDescriptions()[i].Name, err)
		}
		dest[i] = value
	}
	return nil
}

// plan decides once for all rows how each column is read.
func (r *rows) plan(types *pgtype.Map) {
	fields := r.raw.FieldDescriptions()
	r.read = make([]func([]byte) (driver.Value, error), len(fields))
	for i, field := range fields {
		oid, format := field.DataTypeOID, field.Format
		switch oid {
		case pgtype.BoolOID:
			r.read[i] = reader(types, oid, format, func(v bool) driver.Value { return v })
		case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
			r.read[i] = reader(types, oid, format, func(v int64) driver.Value { return v })
		case pgtype.Float4OID, pgtype.Float8OID:
			r.read[i] = reader(types, oid, format, func(v float64) driver.Value { return v })
		case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
			r.read[i] = reader(types, oid, format, func(v time.Time) driver.Value { return v.UTC() })
		case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID:
			r.read[i] = reader(types, oid, format, func(v []byte) driver.Value { return v })
		default:
			r.read[i] = reader(types, oid, format, func(v string) driver.Value { return v })
		}
	}
}

// reader reads one column into T.
func reader[T any](types *pgtype.Map, oid uint32, format int16, value func(T) driver.Value) func([]byte) (driver.Value, error) {
	var v T
	plan := types.PlanScan(oid, format, &v)
	return func(raw []byte) (driver.Value, error) {
		v = *new(T) // bytes that were handed out are not written over
		err := plan.Scan(raw, &v)
		return value(v), err
	}
}
