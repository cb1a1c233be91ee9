package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/trace"
)

// timing is a statement that runs and will be told of; nil tells nobody.
type timing struct {
	db    *DB
	ctx   context.Context
	query string
	args  []any
	site  *stack
	start time.Time
	logs  bool
	rec   *trace.Recorder // of the request, nil outside of one
}

// begin starts the clock for a statement if somebody wants to know of it: the
// log of a process in development, or the recorder of the request. The site is
// the caller's unless given.
func (d *DB) begin(ctx context.Context, query string, args []any, site *stack) *timing {
	t := &timing{db: d, ctx: ctx, query: query, args: args, site: site, rec: trace.FromContext(ctx)}
	t.logs = d.conf.Env == config.Development && d.logger().Enabled(ctx, slog.LevelDebug)
	if !t.logs && t.rec == nil {
		return nil
	}
	if site == nil {
		s := capture(0)
		t.site = &s
	}
	t.start = time.Now()
	return t
}

// end tells of the statement: its text, how long it took, the app's line, the
// rows that it read or changed (-1: unknown), the error.
func (t *timing) end(rows int64, err error) {
	if t == nil {
		return
	}
	took, caller := time.Since(t.start), t.site.String()
	if t.logs {
		t.log(took, caller, err)
	}
	if t.rec != nil {
		t.rec.Query(trace.Query{
			SQL: t.query, Args: shown(t.args), Duration: took, Rows: rows, Caller: caller, Error: errorText(err),
		})
	}
}

func (t *timing) log(took time.Duration, caller string, err error) {
	attrs := []slog.Attr{
		slog.String("sql", oneLine(t.query)),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("caller", caller),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	t.db.logger().LogAttrs(t.ctx, slog.LevelDebug, "query", attrs...)
}

// errorText is empty where there was merely no row.
func errorText(err error) string {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return ""
	}
	return err.Error()
}

// maxArg bounds what is shown of an argument, in bytes.
const maxArg = 200

// shown writes arguments for people.
func shown(args []any) []string {
	var all []string
	for _, arg := range args {
		text := ""
		switch v := arg.(type) {
		case []byte:
			text = fmt.Sprintf("%d bytes", len(v))
		case time.Time:
			text = v.UTC().Format(time.RFC3339Nano)
		default:
			text = fmt.Sprint(v)
		}
		if len(text) > maxArg {
			text = strings.ToValidUTF8(text[:maxArg], "") + "…"
		}
		all = append(all, text)
	}
	return all
}
