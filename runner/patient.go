package runner

import (
	"context"
	"log/slog"
	"time"

	"github.com/dram-go/dram/runner/logqueue"
)

const (
	// logPatience is how long a serious line waits to be written.
	logPatience = 100 * time.Millisecond
	// logFarewell bounds the wait for the queue at the end of a process.
	logFarewell = time.Second
)

// patient makes a serious line wait for its writing, for a moment: an app may
// log why it ends and then call os.Exit.
type patient struct {
	slog.Handler
	queue *logqueue.Queue
}

func (p patient) Handle(ctx context.Context, r slog.Record) error {
	err := p.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelError && !p.queue.Stalled() {
		p.queue.Flush(logPatience)
	}
	return err
}

func (p patient) WithAttrs(attrs []slog.Attr) slog.Handler {
	return patient{p.Handler.WithAttrs(attrs), p.queue}
}

func (p patient) WithGroup(name string) slog.Handler {
	return patient{p.Handler.WithGroup(name), p.queue}
}
