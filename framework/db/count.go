package db

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/dram-go/dram/framework/config"
)

// Count returns a context in which statements are counted, for [Statements].
// A test gives it to a request and demands a number afterwards:
//
//	ctx := db.Count(t.Context())
//	site.App.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
//	if n := db.Statements(ctx); n != 2 { … }
func Count(ctx context.Context) context.Context {
	return context.WithValue(ctx, tallyKey{}, &tally{outer: tallyOf(ctx)})
}

// Statements returns how many statements the app has executed since [Count],
// with this context or one derived from it. BEGIN, COMMIT and savepoints do not
// count. Without Count it returns 0.
func Statements(ctx context.Context) int {
	t := tallyOf(ctx)
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// repeats is how often a request may execute the same statement from the same
// line before it is taken for one query per row of another (N+1).
const repeats = 5

// Middleware returns [DB.Watch], or nil in production: app.Add(database) puts it
// around every route.
func (d *DB) Middleware() func(http.Handler) http.Handler {
	if d.conf.Env == config.Production {
		return nil
	}
	return d.Watch
}

// Watch is middleware for development and tests: when a request executes the same
// statement from the same line five times or more, usually a query per row of a
// list, it logs a warning with the line. In production it returns next itself.
// An app that has added the database has it already.
func (d *DB) Watch(next http.Handler) http.Handler {
	if d.conf.Env == config.Production {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if watched(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		t := &tally{outer: tallyOf(r.Context()), sites: map[site]int{}}
		defer d.warn(r, t)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tallyKey{}, t)))
	})
}

// watched reports whether a Watch around this one counts the statements of the
// request already: that of another database, or of an app around.
func watched(ctx context.Context) bool {
	for t := tallyOf(ctx); t != nil; t = t.outer {
		if t.sites != nil {
			return true
		}
	}
	return false
}

// warn logs what a request executed too often.
func (d *DB) warn(r *http.Request, t *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.order {
		if n := t.sites[s]; n >= repeats {
			d.logger().LogAttrs(r.Context(), slog.LevelWarn, "the same statement ran again and again in one request (N+1): read all rows at once",
				slog.String("caller", s.caller), slog.Int("times", n), slog.String("path", r.URL.Path), slog.String("sql", oneLine(s.query)))
		}
	}
}

// tally counts the statements of one context, and of those derived from it.
type tally struct {
	outer *tally

	mu    sync.Mutex
	count int
	sites map[site]int // nil unless they are watched
	order []site
}

// site is a statement and the app's line that executed it.
type site struct{ caller, query string }

type tallyKey struct{}

func tallyOf(ctx context.Context) *tally {
	t, _ := ctx.Value(tallyKey{}).(*tally)
	return t
}

// counted notes a statement in all tallies of its context.
func counted(ctx context.Context, query string) {
	for t := tallyOf(ctx); t != nil; t = t.outer {
		t.add(query)
	}
}

func (t *tally) add(query string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	if t.sites == nil {
		return
	}
	s := site{caller: caller(), query: query}
	if t.sites[s]++; !slices.Contains(t.order, s) {
		t.order = append(t.order, s)
	}
}
