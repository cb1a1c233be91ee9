package front

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/dram-go/dram/runner/front/h1"
)

// logAccess writes one line about a finished turn. The query is left out: it
// may carry what belongs in no log.
func logAccess(log *slog.Logger, t *turn, took time.Duration) {
	if !log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("method", t.Method()),
		slog.String("path", t.logPath()),
		slog.Int("status", t.status),
		slog.Int64("bytes", t.bytes),
		slog.Float64("ms", math.Round(float64(took)/float64(time.Millisecond)*100)/100),
		slog.String("client", t.clientIP()),
	)
	if t.worker != 0 {
		attrs = append(attrs, slog.Int("worker", t.worker), slog.Int("tries", t.tries))
	}
	attrs = append(attrs, slog.String("id", t.id))
	if t.reason != "" {
		attrs = append(attrs, slog.String("reason", t.reason))
	}
	log.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
}

// logRefusal writes the line of a request that was none: what the client sent
// has no path that could be trusted.
func logRefusal(log *slog.Logger, remote string, why *h1.Refusal) {
	log.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.Int("status", why.Status),
		slog.String("client", hostOf(remote)),
		slog.String("reason", why.Reason),
	)
}
