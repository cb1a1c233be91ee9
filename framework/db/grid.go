package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
)

// grid is the result of a statement that nobody has a struct for.
type grid struct {
	columns []string
	rows    [][]any
}

// readGrid reads all rows of a query.
func readGrid(ctx context.Context, q sqlx.QueryerContext, query string, args []any) (*grid, error) {
	rows, err := q.QueryxContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	g := &grid{}
	if g.columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	for rows.Next() {
		row, err := rows.SliceScan()
		if err != nil {
			return nil, err
		}
		g.rows = append(g.rows, row)
	}
	return g, rows.Err()
}

func (g *grid) len() int64 {
	if g == nil {
		return 0
	}
	return int64(len(g.rows))
}

// writeTable writes columns that stand under each other, and the number of
// rows, or nothing but "ok" for a statement without columns.
func (g *grid) writeTable(w io.Writer) error {
	if len(g.columns) == 0 {
		_, err := fmt.Fprintln(w, "ok")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(g.columns, "\t"))
	for _, row := range g.rows {
		for i, value := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cell(value))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	noun := "rows"
	if len(g.rows) == 1 {
		noun = "row"
	}
	_, err := fmt.Fprintf(w, "(%d %s)\n", len(g.rows), noun)
	return err
}

// cell is a value on one line: what would move the terminal is quoted.
func cell(value any) string {
	switch v := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		if !utf8.Valid(v) {
			return fmt.Sprintf("x'%x'", v)
		}
		return line(string(v))
	case string:
		return line(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return line(fmt.Sprint(value))
}

// line quotes a text that holds control characters: rows stay rows, and what
// a visitor has stored cannot talk to the terminal.
func line(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 }) || !utf8.ValidString(text) {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// writeJSON writes an array with an object for each row, whose keys are in the
// order of the columns.
func (g *grid) writeJSON(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("[")
	for n, row := range g.rows {
		if n > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  {")
		for i, value := range row {
			if i > 0 {
				b.WriteString(", ")
			}
			if text, ok := value.([]byte); ok && utf8.Valid(text) {
				value = string(text) // others are base64, as everywhere in Go
			}
			pair, err := jsonPair(g.columns[i], value)
			if err != nil {
				return err
			}
			b.Write(pair)
		}
		b.WriteString("}")
	}
	if len(g.rows) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("]\n")
	_, err := w.Write(b.Bytes())
	return err
}

func jsonPair(key string, value any) ([]byte, error) {
	name, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", key, err)
	}
	return append(append(name, ": "...), text...), nil
}
