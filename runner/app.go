package runner

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/logqueue"
)

// What an app may offer beside http.Handler. They are found by their methods
// alone, all of standard types, so that any handler can have them without
// knowing Dram; the package documentation says when each is called.
type (
	hasAssets          interface{ Assets() fs.FS }
	hasMigrate         interface{ Migrate(context.Context) error }
	hasMigrateAfter    interface{ MigrateAfter(context.Context) error }
	hasMigrationStatus interface {
		MigrationStatus(context.Context) ([][]string, error)
	}
	hasCheck     interface{ Check(context.Context) error }
	hasRoutes    interface{ Routes() [][]string }
	hasTemplates interface{ Templates() [][]string }
	hasMetrics   interface{ Metrics(io.Writer) error }
	hasStart     interface{ Start(context.Context) error }
	hasClose     interface{ Close(context.Context) error }
	hasCommands  interface {
		Commands() map[string]func(context.Context, []string) error
	}
	hasCommandNeeds interface{ CommandNeeds(string) ([]any, bool) }
)

// start opens what the app needs to serve, if it has anything to open.
func start(ctx context.Context, app http.Handler) error {
	if s, ok := app.(hasStart); ok {
		return s.Start(ctx)
	}
	return nil
}

// startFor opens what one of the app's own commands needs, and returns what
// closes it again: parts of the app that say so, or all of it.
func startFor(ctx context.Context, app http.Handler, command string, conf *config.Config, log *slog.Logger) (end func(), err error) {
	has, ok := app.(hasCommandNeeds)
	parts := []any{app}
	if ok {
		if needs, some := has.CommandNeeds(command); some {
			parts = needs
		}
	}
	var opened []any
	end = func() {
		for _, part := range slices.Backward(opened) {
			closePart(part, conf, log)
		}
	}
	for _, part := range parts {
		if s, ok := part.(hasStart); ok {
			if err := s.Start(ctx); err != nil {
				end()
				return nil, err
			}
		}
		opened = append(opened, part)
	}
	return end, nil
}

// closeApp closes it again, within the time that requests have to end.
func closeApp(app http.Handler, conf *config.Config, log *slog.Logger) { closePart(app, conf, log) }

func closePart(part any, conf *config.Config, log *slog.Logger) {
	c, ok := part.(hasClose)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), conf.Workers.GracefulTimeout)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		log.Error("close the app", "err", err)
	}
}

// newLogger writes logs as [log] in dram.toml says, to standard error, for a
// command that does its work and ends.
func newLogger(conf *config.Config) *slog.Logger {
	log := slog.New(logHandler(conf, os.Stderr))
	slog.SetDefault(log) // for the app and for net/http
	return log
}

// servingLogger is the logger of a process that serves: it never blocks.
// Attrs name the process, because those of a tree share standard error.
func (p *program) servingLogger(conf *config.Config, attrs ...any) *slog.Logger {
	direct := slog.New(logHandler(conf, os.Stderr)).With(attrs...)
	q := logqueue.New(os.Stderr, logqueue.PipePiece, func(lost logqueue.Loss) {
		direct.Warn("log lines were dropped, because standard error was not read", "dropped", lost.Dropped+lost.Failed)
	})
	log := slog.New(patient{logHandler(conf, q), q}).With(attrs...)
	p.logs.Store(q)
	slog.SetDefault(log)
	return log
}

func logHandler(conf *config.Config, w io.Writer) slog.Handler {
	var level slog.Level
	if level.UnmarshalText([]byte(conf.Log.Level)) != nil {
		level = slog.LevelInfo // Load refuses others
	}
	options := &slog.HandlerOptions{Level: level}
	if conf.Log.Format == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}
