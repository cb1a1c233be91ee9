package webtest

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// closeTimeout bounds how long an app may take to close after its test.
const closeTimeout = 10 * time.Second

// Site is an app under test and its first visitor. H is what the program's New
// returns, so a test reaches the app's parts with their types: site.App.DB.
type Site[H http.Handler] struct {
	*Client
	App    H              // started, closed when the test ends
	Config *config.Config // that App was made with
	Clock  *Clock         // what App takes for the time: Config.Now
}

// What webtest looks for on an app.
type (
	migrator  interface{ Migrate(context.Context) error }
	starter   interface{ Start(context.Context) error }
	closer    interface{ Close(context.Context) error }
	logger    interface{ SetLog(*slog.Logger) }
	commander interface {
		Commands() map[string]func(context.Context, []string) error
	}
	linker interface {
		URL(route string, args ...any) (string, error)
	}
)

// New makes an app for one test: configures, makes, migrates and starts it, and
// closes it when the test ends. Whatever fails on the way fails the test.
//
// The database is migrated once per test binary and copied for each test, as
// long as it is SQLite; then Migrate is called again, which finds nothing left
// to do. What migrations depend on must therefore come from the configuration
// or be the same for all calls with this function.
func New[H http.Handler](t testing.TB, newApp func(*config.Config) (H, error), options ...Option) *Site[H] {
	t.Helper()
	set := settings(options)
	clock := &Clock{}
	conf, err := set.load(t.TempDir(), clock)
	if err != nil {
		t.Fatalf("webtest: the configuration of the test:\n%v", err)
	}
	if err := copyMigrated(t, newApp, set, conf); err != nil {
		t.Fatalf("webtest: %v", err)
	}
	app, err := newApp(conf)
	if err != nil {
		t.Fatalf("webtest: New of the app:\n%v", err)
	}
	if l, ok := any(app).(logger); ok {
		l.SetLog(logTo(t, conf.Log))
	}
	begin(t, app)
	return &Site[H]{Client: newClient(t, app, clock), App: app, Config: conf, Clock: clock}
}

// Command runs a verb of the app's binary, one of App.Command or of a component,
// as `qna seed 12` does for site.Command("seed", "12"), and returns its error.
func (s *Site[H]) Command(name string, args ...string) error {
	s.t.Helper()
	var names []string
	if app, ok := any(s.App).(commander); ok {
		for key, run := range app.Commands() { // a name, a space and its help
			verb, _, _ := strings.Cut(key, " ")
			if verb == name {
				return run(s.t.Context(), args)
			}
			names = append(names, verb)
		}
	}
	slices.Sort(names)
	s.t.Fatalf("the app has no command %q; it has %q", name, names)
	return nil
}

// logTo writes where the test's own output goes, which is shown if it fails.
func logTo(t testing.TB, conf config.Log) *slog.Logger {
	level := slog.LevelWarn
	if err := level.UnmarshalText([]byte(conf.Level)); err != nil {
		level = slog.LevelWarn // an app with settings of its own
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}

// begin migrates and starts the app, and sees to its end.
func begin(t testing.TB, app any) {
	t.Helper()
	// The app lives until its Close, a test's context ends before.
	ctx := context.WithoutCancel(t.Context())
	if m, ok := app.(migrator); ok {
		if err := m.Migrate(ctx); err != nil {
			t.Fatalf("webtest: Migrate: %v", err)
		}
	}
	if s, ok := app.(starter); ok {
		if err := s.Start(ctx); err != nil {
			t.Fatalf("webtest: Start: %v", err)
		}
	}
	c, ok := app.(closer)
	if !ok {
		return
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Errorf("webtest: Close: %v", err)
		}
	})
}
