package db

import (
	"context"
	"log/slog"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// timing is a statement that runs and will be logged; nil logs nothing.
type timing struct {
	db    *DB
	ctx   context.Context
	query string
	site  *stack
	start time.Time
}

// begin starts the clock for a statement if this process logs statements,
// which only development does. The site is the caller's unless given.
func (d *DB) begin(ctx context.Context, query string, site *stack) *timing {
	if d.conf.Env != config.Development || !d.logger().Enabled(ctx, slog.LevelDebug) {
		return nil
	}
	if site == nil {
		s := capture(0)
		site = &s
	}
	return &timing{db: d, ctx: ctx, query: query, site: site, start: time.Now()}
}

// end writes the line: statement, milliseconds, the app's line, the error.
func (t *timing) end(err error) {
	if t == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("sql", oneLine(t.query)),
		slog.Float64("ms", float64(time.Since(t.start).Microseconds())/1000),
		slog.String("caller", t.site.String()),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	t.db.logger().LogAttrs(t.ctx, slog.LevelDebug, "query", attrs...)
}
