package front

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// app is who answers requests: this app, another one by its gateway, or
// servers of another make.
type app struct {
	static  *files // its files; nil when it has none that the front knows
	serve   func(*turn)
	names   bool                                  // its workers may name files for the front to send
	table   *table                                // of its workers; nil for one of another make
	close   func()                                // ends what looks after it; nil for this app
	foreign *foreign                              // nil for one of Dram's
	look    func(mount string) []control.Upstream // how it is; nil for this app
}

// apps are those of the mounts that are in force, by what they are made of: a
// reload that leaves that alone leaves the app alone. They belong to run's
// goroutine.
type apps map[string]*app

// keyOf names all of a mount that its app is made of.
func keyOf(m *mount) string {
	if m.App != "" {
		return "app " + m.App
	}
	var b strings.Builder
	b.WriteString("upstreams " + m.name)
	for _, part := range []any{m.Host, m.Upstreams, m.MaxFails, m.SlowStart, m.Health, m.TLS, m.trust.text} {
		b.WriteString(" ")
		b.WriteString(slog.AnyValue(part).String())
	}
	return b.String()
}

// furnish makes s ready to come into force: its mounts get their settings and
// apps. It returns what ends the apps that s does not have any more.
func (f *front) furnish(s *settings) (retire func()) {
	now := make(apps)
	s.largest = s.body
	for _, m := range s.mounts {
		s.largest = max(s.largest, int64(m.MaxBody))
	}
	for _, m := range s.mounts {
		m.settings = m.own(s)
		if m.App == config.SelfApp {
			m.app = f.home
			continue
		}
		key := keyOf(m)
		if now[key] == nil {
			if now[key] = f.apps[key]; now[key] == nil {
				now[key] = f.newApp(m, s)
			}
		}
		m.app = now[key]
	}
	before := f.apps
	f.apps = now
	return func() {
		for key, a := range before {
			if now[key] != a {
				a.close()
			}
		}
	}
}

// own are the settings of a mount's requests.
func (m *mount) own(s *settings) *settings {
	own := *s
	own.idempotencyKeys, own.uncached, own.collects = m.IdempotencyKeys, !m.Cache, m.WholeBodies
	if m.MaxBody > 0 {
		own.body = int64(m.MaxBody)
	}
	if m.RequestTimeout > 0 {
		own.answer = m.RequestTimeout
	}
	return &own
}

// newApp begins to look after the app of a mount.
func (f *front) newApp(m *mount, s *settings) *app {
	if m.App != "" {
		return newNeighbour(m.App, f.options.Hello.Build, s, &f.live, f.log, f.news)
	}
	pool := newOrigins(m, s.dial, f.log, f.news)
	made := &foreign{origins: pool, proxy: newProxy(nil)}
	return &app{serve: made.serve, foreign: made, look: pool.look, close: pool.close}
}

// route finds the app for a turn. It reports false when it has answered.
func (f *front) route(t *turn) bool {
	t.app = f.home
	if len(t.settings.mounts) == 0 {
		return true
	}
	path, query := t.pathAndQuery()
	m, clear := t.settings.mounts.find(t.host, path)
	if !clear {
		t.answer(http.StatusBadRequest, "dots in the path lead to another mount")
		return false
	}
	if m != nil {
		t.app, t.settings, t.mount = m.app, m.settings, m.name
		if len(m.segments) > 0 && !m.KeepPrefix {
			t.prefix, t.shorter = t.outer+m.prefix, m.inside(path, query)
		}
	}
	if t.Length() < 0 && t.settings.body < t.settings.largest {
		t.bounded = newBoundedBody(t.exchange.Content(), t.settings.body)
	}
	return true
}

// closeApps ends what looks after the apps of mounts.
func (f *front) closeApps() {
	for _, key := range slices.Sorted(maps.Keys(f.apps)) {
		f.apps[key].close()
	}
	f.apps = nil
}
